#include "hub/join.h"

#include <inttypes.h>

#include "hub/deadlock.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

/* --- waiting for an end --- */

static void
tell_running(const struct wait *wait, struct buf *out)
{
    buf_printf(out, "task %" PRIu32 " has not %s", wait->other,
               wait->or_paused ? "paused or ended" : "ended");
}

static void
tell_other(struct hub *hub, const struct wait *wait, struct buf *out)
{
    const struct wait *its = wait_find(wait->member, wait->other);
    buf_printf(out, "missing: task %" PRIu32 " of the same worker",
               wait->other);
    if (its && its->where[0])
        buf_printf(out, ", which waits at %s", its->where);
}

static bool
owner(const struct wait *wait, struct hub_task *task)
{
    *task = (struct hub_task){wait->member, wait->other};
    return true;
}

static const struct wait_ops join_ops = {
    .name = "join",
    .object = HUB_TASK,
    .tell_what = tell_running,
    .tell_missing = tell_other,
    .owner = owner,
};

/* --- waiting for the leave to go on --- */

static void
tell_paused(const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "held at its pause");
}

static void
tell_holder(struct hub *hub, const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "missing: the task that holds it");
}

static const struct wait_ops pause_ops = {
    .name = "pause",
    .object = HUB_TASK,
    .tell_what = tell_paused,
    .tell_missing = tell_holder,
};

/* --- operations --- */

static struct wait *
find_pause(const struct member *member, uint32_t task)
{
    struct wait *wait = wait_find(member, task);
    return wait && wait->ops == &pause_ops ? wait : NULL;
}

/* Answers those who wait for the end of `task`, or only for its pause. */
static void
answer_joins(struct hub *hub, struct member *member, uint32_t task, bool paused)
{
    list_for_each (it, &member->waits) {
        struct wait *wait = container_of(it, struct wait, by_member);
        if (wait->ops == &join_ops && wait->other == task &&
            (!paused || wait->or_paused))
            wait_grant(hub, wait,
                       &(struct hub_reply){
                           .status = HUB_GRANTED,
                           .number = paused,
                       });
    }
}

static void
join(struct hub *hub, struct member *member, const struct hub_op *op)
{
    if (op->or_paused && find_pause(member, op->other)) {
        hub_reply_granted(hub, op->id,
                          &(struct hub_reply){
                              .number = 1,
                          });
        return;
    }
    struct wait *wait = wait_begin(hub, member, op, &join_ops, "");
    wait->other = op->other;
    wait->or_paused = op->or_paused;
    if (op->timeout == 0) {
        wait_time_out(hub, wait);
        return;
    }
    wait_arm(hub, wait, op, &hub->free_clock);
    deadlock_judge_cycle(hub, wait);
}

static void
pause_task(struct hub *hub, struct member *member, const struct hub_op *op)
{
    struct wait *wait = wait_begin(hub, member, op, &pause_ops, "");
    wait_arm(hub, wait, op, &hub->free_clock);
    answer_joins(hub, member, op->id.task, true);
}

void
join_op(struct hub *hub, const struct hub_op *op)
{
    struct member *member = hub_member(hub, op->id.worker);
    if (op->type == HUB_OP_TASK_RESUME) {
        struct wait *wait = find_pause(member, op->other);
        if (wait)
            wait_grant(hub, wait, &(struct hub_reply){.status = HUB_GRANTED});
        hub_reply_status(hub, op->id, HUB_GRANTED);
    } else if (op->type == HUB_OP_TASK_JOIN) {
        join(hub, member, op);
    } else {
        pause_task(hub, member, op);
    }
}

void
join_task_ended(struct hub *hub, struct member *member, uint32_t task)
{
    answer_joins(hub, member, task, false);
}
