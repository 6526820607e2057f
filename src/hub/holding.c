#include "hub/holding.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/str.h"
#include "hub/cohort.h"
#include "hub/deadlock.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

void
holding_init(struct holding *holding, const struct holding_ops *ops)
{
    *holding = (struct holding){.ops = ops};
    list_init(&holding->by_member);
}

bool
holding_is(const struct holding *holding, const struct member *member,
           uint32_t task)
{
    return holding->member == member && holding->task == task;
}

void
holding_take(struct hub *hub, struct holding *holding, const struct hub_id *id,
             const char *where)
{
    struct member *member = hub_member(hub, id->worker);
    holding->member = member;
    holding->task = id->task;
    holding->taken_by = *id;
    holding->since = hub->now;
    wait_copy_where(holding->where, sizeof(holding->where), where);
    list_append(&member->holdings, &holding->by_member);
}

bool
holding_was_taken_by(const struct holding *holding, const struct hub_id *id)
{
    return holding->member && hub_id_equal(&holding->taken_by, id);
}

void
holding_drop(struct holding *holding)
{
    holding->member = NULL;
    holding->worker_scope = false;
    list_remove(&holding->by_member);
}

bool
holding_owner(const struct holding *holding, struct hub_task *task)
{
    *task = (struct hub_task){holding->member, holding->task};
    return holding->member != NULL;
}

void
holding_tell(const struct holding *holding, const char *what, struct buf *out)
{
    buf_append_str(out, "missing: ");
    /* Who waits for it may be another task of the same worker. */
    if (holding->member && holding->task > 0)
        buf_printf(out, "task %" PRIu32 " of ", holding->task);
    if (holding->member)
        member_describe(holding->member, out);
    buf_printf(out, ", which %s", what);
}

static struct holding *
holding_of(struct list *it)
{
    return container_of(it, struct holding, by_member);
}

/* Serves the next, and so may drop or take any other of the list: whoever looks
 * through it begins anew. */
static struct list *
release(struct hub *hub, struct member *member, struct holding *holding)
{
    holding->ops->release(hub, holding);
    return member->holdings.next;
}

void
holdings_release_task(struct hub *hub, struct member *member, uint32_t task)
{
    struct list *it = member->holdings.next;
    while (it != &member->holdings) {
        struct holding *holding = holding_of(it);
        it = it->next;
        if (holding->task != task)
            continue;
        if (holding->worker_scope)
            holding->task = 0;
        else
            it = release(hub, member, holding);
    }
}

void
holdings_pass_on(struct hub *hub, struct member *member, uint32_t task,
                 uint32_t parent)
{
    bool any = false;
    struct list *it = member->holdings.next;
    while (it != &member->holdings) {
        struct holding *holding = holding_of(it);
        const struct wait *wait = wait_find(member, parent);
        it = it->next;
        if (holding->task != task)
            continue;
        if (!holding->ops->leaks ||
            (wait && holding->ops->is_awaited_by &&
             holding->ops->is_awaited_by(holding, wait))) {
            it = release(hub, member, holding);
        } else {
            holding->task = parent;
            any = true;
        }
    }
    /* The parent may wait, in the end, for one who waits for what it now has.
     */
    struct wait *wait = any ? wait_find(member, parent) : NULL;
    if (wait)
        deadlock_judge_cycle(hub, wait);
}

void
holdings_release(struct hub *hub, struct member *member, bool all)
{
    struct list *it = member->holdings.next;
    while (it != &member->holdings) {
        struct holding *holding = holding_of(it);
        it = it->next;
        if (all || !holding->worker_scope)
            it = release(hub, member, holding);
    }
}

bool
holdings_tell_leaks(const struct member *member, struct buf *out)
{
    bool any = false;
    list_for_each (it, &member->holdings) {
        struct holding *holding = holding_of(it);
        if (!holding->ops->leaks || holding->worker_scope)
            continue;
        buf_append_str(out, any ? ", " : "");
        holding->ops->tell(holding, out);
        if (holding->where[0])
            buf_printf(out, " (acquired at %s)", holding->where);
        any = true;
    }
    return any;
}
