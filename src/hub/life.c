#include "hub/life.h"

#include <stdlib.h>

#include "base/mem.h"
#include "hub/barrier.h"
#include "hub/gate.h"
#include "hub/holding.h"
#include "hub/hub_internal.h"
#include "hub/join.h"
#include "hub/object.h"
#include "hub/var.h"
#include "hub/wait.h"

/* There should be nothing left; what is left would outlive its task. */
static void
let_go(struct hub *hub, struct member *member, bool all)
{
    wait_drop_all(hub, member);
    holdings_release(hub, member, all);
    member->tasks = 1;
}

static void
note_error(struct member *member, const struct hub_op *op)
{
    if (!op->failed)
        return;
    free(member->error);
    member->error = op->text ? xstrdup(op->text) : NULL;
    member->error_step = member_current_step(member);
}

static void
worker_start(struct hub *hub, struct member *member)
{
    member->tasks = 1;
    member->stopped = false;
    if (member->cohort)
        member_set_state(hub, member, MEMBER_STARTED, HUB_STEP_SETUP, false);
}

void
life_begin_run(struct hub *hub, struct member *member, struct hub_id id,
               int64_t step)
{
    member->failed = false;
    member->stopped = false;
    member_set_state(hub, member, MEMBER_RUNNING, step, false);
    hub_reply_status(hub, id, HUB_GRANTED);
}

static bool
may_begin(const struct hub *hub, const struct member *member, int64_t step)
{
    const struct cohort *cohort = member->cohort;
    /* A pool's workers ask for runs that were due before its end; those of
     * other threads may do so after it was told here. */
    if ((cohort->draining && !cohort->pool) || cohort->runs_left == 0)
        return false;
    return !hub->draining || (hub->serves_late && cohort->room == HUB_NO_ROOM &&
                              !gate_must_hold(member, step));
}

static void
run_begin(struct hub *hub, struct member *member, const struct hub_op *op)
{
    if (!may_begin(hub, member, op->step)) {
        hub_reply_status(hub, op->id, HUB_STOPPED);
        return;
    }
    member->cohort->runs_left--;
    if (member->state == MEMBER_IDLE && member->delayed)
        member_set_state(hub, member, MEMBER_IDLE, member->step, false);
    member_pass(hub, member, op->step - 1);
    if (member->cohort->room != HUB_NO_ROOM) {
        gate_meet(hub, member, op->id, op->step);
        return;
    }
    if (gate_must_hold(member, op->step)) {
        gate_hold(hub, member, op->id, op->step);
        return;
    }
    life_begin_run(hub, member, op->id, op->step);
    gate_update(hub, member->cohort);
}

static void
run_end(struct hub *hub, struct member *member, const struct hub_op *op)
{
    /* A setup, too, may be followed by a wait for the first run. */
    if (member->state != MEMBER_RUNNING && member->state != MEMBER_STARTED)
        return;
    note_error(member, op);
    let_go(hub, member, false);
    member->failed = op->failed;
    int64_t step = member->step;
    member_set_state(hub, member, MEMBER_IDLE, step, op->delayed);
    member_pass(hub, member, step);
}

/* It begins no more runs. */
static void
leave_runs(struct hub *hub, struct cohort *cohort)
{
    if (cohort->room != HUB_NO_ROOM)
        gate_close(hub, cohort);
    else
        gate_update(hub, cohort);
}

static void
runs_over(struct hub *hub, struct member *member, const struct hub_op *op)
{
    note_error(member, op);
    gate_forget(hub, member);
    let_go(hub, member, false);
    member->stopped = false;
    if (!member->cohort)
        return;
    member_set_state(hub, member, MEMBER_TEARDOWN, HUB_STEP_TEARDOWN, false);
    member_pass(hub, member, HUB_STEP_TEARDOWN - 1);
    leave_runs(hub, member->cohort);
}

static bool
is_empty_room(const struct cohort *cohort)
{
    return cohort->room != HUB_NO_ROOM &&
           cohort->counts[MEMBER_ENDED] == cohort->size;
}

static void
worker_end(struct hub *hub, struct member *member, const struct hub_op *op)
{
    note_error(member, op);
    gate_forget(hub, member);
    let_go(hub, member, true);
    if (!member->cohort)
        return;
    member->tasks = 0;
    member_set_state(hub, member, MEMBER_ENDED, HUB_STEP_TEARDOWN, false);
    member_pass(hub, member, HUB_STEP_TEARDOWN);
    barriers_member_ended(hub, member);
    leave_runs(hub, member->cohort);
    if (is_empty_room(member->cohort)) {
        objects_forget(hub, member->cohort->room);
        vars_forget(hub, member->cohort->room);
    }
}

static void
settle(struct hub *hub, struct member *member, const struct hub_op *op)
{
    struct buf text = {0};
    if (!holdings_tell_leaks(member, &text)) {
        hub_reply_status(hub, op->id, HUB_GRANTED);
        return;
    }
    holdings_release(hub, member, false);
    hub_reply_text(hub, op->id, HUB_LEAKED, text.data);
    buf_finish(&text);
}

static void
task_end(struct hub *hub, struct member *member, const struct hub_op *op)
{
    uint32_t task = op->id.task;
    struct wait *wait = wait_find(member, task);
    if (wait)
        wait_drop(hub, wait);
    if (op->failed)
        holdings_release_task(hub, member, task);
    else
        holdings_pass_on(hub, member, task, op->other);
    if (member->tasks > 1)
        member->tasks--;
    join_task_ended(hub, member, task);
    member_judge_stuck(member);
}

void
life_op(struct hub *hub, const struct hub_op *op)
{
    struct member *member = hub_member(hub, op->id.worker);
    if (op->type == HUB_OP_RUNS_OVER) {
        runs_over(hub, member, op);
    } else if (op->type == HUB_OP_WORKER_END) {
        worker_end(hub, member, op);
    } else if (op->type == HUB_OP_TASK_BEGIN) {
        member->tasks++;
        member_judge_stuck(member);
    } else if (op->type == HUB_OP_TASK_END) {
        task_end(hub, member, op);
    } else if (op->type == HUB_OP_SETTLE) {
        settle(hub, member, op);
    } else if (op->type == HUB_OP_WORKER_START) {
        worker_start(hub, member);
    } else if (!member->cohort) {
        return; /* global fixtures have no runs */
    } else if (op->type == HUB_OP_RUN_BEGIN) {
        run_begin(hub, member, op);
    } else {
        run_end(hub, member, op);
    }
}
