#include "hub/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

#define MAX_LINES 20
#define MAX_NAMES 8

struct group {
    const struct wait *first;
    const struct wait *named[MAX_NAMES];
    size_t count;
};

static bool
are_alike(const struct wait *a, const struct wait *b)
{
    return a->ops == b->ops && a->member->cohort == b->member->cohort &&
           a->n == b->n &&
           member_current_step(a->member) == member_current_step(b->member) &&
           strcmp(a->name, b->name) == 0 && strcmp(a->where, b->where) == 0;
}

static void
tell_group(struct hub *hub, const struct group *group, struct buf *out)
{
    const struct wait *wait = group->first;
    const struct member *member = wait->member;
    char length[32];
    if (!member->cohort) {
        buf_append_str(out, "  a global fixture");
    } else {
        buf_append_str(out, group->count > 1 ? "  workers " : "  worker ");
        for (size_t i = 0; i < group->count && i < MAX_NAMES; i++)
            buf_printf(out, "%s%" PRId32, i > 0 ? ", " : "",
                       group->named[i]->id.worker);
        if (group->count > MAX_NAMES)
            buf_printf(out, " and %zu more", group->count - MAX_NAMES);
        buf_printf(out, " (%s, ", member->cohort->workload);
        step_describe(member_current_step(member), out);
        buf_append_str(out, ")");
    }
    units_format_duration(hub->now - wait->since, length, sizeof(length));
    buf_printf(out, ": %s of %s '%s' for %s", wait->ops->name,
               hub_object_type_name(wait->ops->object), wait->name, length);
    if (wait->where[0])
        buf_printf(out, " at %s", wait->where);
    buf_append_str(out, ": ");
    wait->ops->tell_what(wait, out);
    buf_append_str(out, "; ");
    wait->ops->tell_missing(hub, wait, out);
    buf_append_str(out, "\n");
}

void
report_waits(struct hub *hub, const struct wait *const *waits, size_t count,
             struct buf *out)
{
    struct group *groups = xcalloc(MAX_LINES, sizeof(*groups));
    size_t group_count = 0, untold = 0;
    for (size_t i = 0; i < count; i++) {
        size_t g = count > MAX_LINES ? 0 : group_count;
        while (g < group_count && !are_alike(groups[g].first, waits[i]))
            g++;
        if (g == MAX_LINES) {
            untold++;
            continue;
        }
        if (g == group_count)
            groups[group_count++].first = waits[i];
        if (groups[g].count < MAX_NAMES)
            groups[g].named[groups[g].count] = waits[i];
        groups[g].count++;
    }
    for (size_t g = 0; g < group_count; g++)
        tell_group(hub, &groups[g], out);
    if (untold > 0)
        buf_printf(out, "  and %zu more waits\n", untold);
    free(groups);
}
