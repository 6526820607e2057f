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
           a->n == b->n && a->room == b->room && a->other == b->other &&
           member_current_step(a->member) == member_current_step(b->member) &&
           strcmp(a->name, b->name) == 0 && strcmp(a->where, b->where) == 0;
}

/* "3", or "3 task 1" for one beside its root task. */
static void
tell_task(const struct wait *wait, const char *before, struct buf *out)
{
    buf_printf(out, "%s%" PRId32, before, wait->id.worker);
    if (wait->id.task > 0)
        buf_printf(out, " task %" PRIu32, wait->id.task);
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
            tell_task(group->named[i], i > 0 ? ", " : "", out);
        if (group->count > MAX_NAMES)
            buf_printf(out, " and %zu more", group->count - MAX_NAMES);
        buf_printf(out, " (%s, ", member->cohort->workload);
        step_describe(member_current_step(member), out);
        buf_append_str(out, ")");
    }
    units_format_duration(hub->now - wait->since, length, sizeof(length));
    buf_printf(out, ": %s", wait->ops->name);
    if (wait->ops->object != HUB_TASK)
        buf_printf(out, " of %s '%s'", hub_object_type_name(wait->ops->object),
                   wait->name);
    room_describe(wait->room, out);
    buf_printf(out, " for %s", length);
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
