/* Tasks at work: they do what the program says, as scripts would. */
#include "actor.h"

/* --- calls --- */

static int64_t
value_for(struct play *play, const struct call *call)
{
    enum hub_op_type op = call->op;
    if (op == HUB_OP_NOTIFIER_WRITTEN || op == HUB_OP_EVENT_SET ||
        op == HUB_OP_QUEUE_PUT || (op == HUB_OP_BARRIER_WAIT && call->exchange))
        return ++play->values;
    if (op == HUB_OP_VAR_ADD ||
        (call->has_value && (op == HUB_OP_VAR_SET || op == HUB_OP_VAR_WAIT)))
        return call->amount;
    return NO_VALUE;
}

static void
ask_for(struct play *play, struct sim_worker *worker, struct sim_task *task,
        const struct call *call, int64_t version, nsec_t remaining)
{
    struct hub_op op = actor_op_of(worker, task, call->op);
    op.timeout = call->timeout;
    op.amount = call->amount;
    op.round = call->round;
    op.attempt = call->attempt;
    op.exchange = call->exchange;
    op.has_action = call->has_action;
    op.has_value = call->has_value || call->op == HUB_OP_VAR_SET ||
                   call->op == HUB_OP_VAR_ADD;
    op.worker_scope = call->worker_scope;
    op.enclosed = call->fault == FAULT_SCOPE;
    op.version = version;
    op.remaining = remaining;
    task->call = call;
    actor_ask(play, task, &op, call->object, value_for(play, call));
    if (call->fault == FAULT_SCOPE)
        task->scope_at = play->now + call->fault_delay;
    else if (call->fault != FAULT_NONE)
        task->fault_left = call->fault_after;
}

static void
spawn(struct play *play, struct sim_worker *worker, struct sim_task *task,
      const struct call *call)
{
    for (int i = 1; i < MAX_TASKS; i++) {
        struct sim_task *child = &worker->tasks[i];
        if (child->alive)
            continue;
        actor_start_script(child, ++worker->numbers, task->number,
                           &play->program->scripts[call->script]);
        task->child = child->number;
        actor_tell(play, worker, child,
                   (struct hub_op){
                       .type = HUB_OP_TASK_BEGIN,
                       .other = task->number,
                   });
        return;
    }
}

static void
join(struct play *play, struct sim_worker *worker, struct sim_task *task,
     const struct call *call)
{
    for (int i = 1; i < MAX_TASKS; i++) {
        if (!worker->tasks[i].alive || worker->tasks[i].number != task->child ||
            task->child == 0)
            continue;
        struct hub_op op = actor_op_of(worker, task, HUB_OP_TASK_JOIN);
        op.other = task->child;
        op.timeout = call->timeout;
        op.enclosed = call->fault == FAULT_SCOPE;
        task->call = call;
        actor_ask(play, task, &op, -1, NO_VALUE);
        if (call->fault == FAULT_SCOPE)
            task->scope_at = play->now + call->fault_delay;
        else if (call->fault != FAULT_NONE)
            task->fault_left = call->fault_after;
        return;
    }
}

static void
do_call(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    const struct call *call = &task->script->calls[task->at++];
    switch (call->kind) {
    case CALL_OP:
        if (task->cancelled) {
            task->cancelled = false;
            if (!call->catches)
                actor_fail_task(play, worker, task);
            return;
        }
        ask_for(play, worker, task, call, -1, 0);
        return;
    case CALL_SLEEP:
        task->state = TASK_ASLEEP;
        task->wakes_at = play->now + call->time;
        return;
    case CALL_YIELD:
        return;
    case CALL_SPAWN:
        spawn(play, worker, task, call);
        return;
    case CALL_JOIN:
        join(play, worker, task, call);
        return;
    case CALL_RAISE:
        actor_fail_task(play, worker, task);
        return;
    case CALL_QUIT:
        worker->quits = true;
        return;
    }
}

/* --- what follows a grant --- */

static void
follow(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    const struct call *call = task->call;
    enum follow what = task->follow;
    if (task->follow_left-- > 0)
        return;
    task->follow = FOLLOW_NOTHING;
    if (call->abandons && what != FOLLOW_UNMADE) {
        play_note(play, "abandon %d.%u", worker->id, task->number);
        actor_fail_task(play, worker, task);
        return;
    }
    struct hub_op op = {.type = HUB_OP_VAR_MADE};
    int64_t value = NO_VALUE;
    switch (what) {
    case FOLLOW_NOTHING:
        return;
    case FOLLOW_MADE:
        op = actor_op_of(worker, task,
                         call->follow_fails ? HUB_OP_VAR_MAKE_FAILED
                                            : HUB_OP_VAR_MADE);
        op.given_up = call->gives_up;
        op.text = "script\nit failed";
        op.has_value = true;
        if (!call->follow_fails)
            value = call->amount;
        break;
    case FOLLOW_UNMADE:
        op = actor_op_of(worker, task, HUB_OP_VAR_MAKE_FAILED);
        op.given_up = true;
        break;
    case FOLLOW_UNLOCK:
        op = actor_op_of(worker, task, HUB_OP_VAR_UNLOCK);
        op.has_value = !call->follow_fails;
        if (op.has_value)
            value = task->follow_value;
        break;
    case FOLLOW_ACTED:
        op = actor_op_of(worker, task, HUB_OP_BARRIER_ACTED);
        op.failed = call->follow_fails;
        op.exchange = call->exchange;
        op.text = "it failed";
        break;
    }
    actor_ask(play, task, &op, call->object, value);
}

static void
plan_follow(struct sim_task *task, enum follow what)
{
    task->follow = what;
    task->follow_left = task->call->hold;
}

static void
granted(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    const struct answer *answer = &task->answer;
    if (task->asked == HUB_OP_VAR_LOCK) {
        int64_t old = answer->value == NO_VALUE ? 0 : answer->value;
        task->follow_value = old + 1;
        plan_follow(task, FOLLOW_UNLOCK);
    } else if (task->asked == HUB_OP_VAR_WAIT_CHANGE &&
               (answer->value == NO_VALUE ||
                answer->value < task->call->amount) &&
               task->call->timeout != 0) {
        /* A predicate that is not content yet. */
        ask_for(play, worker, task, task->call, answer->version,
                answer->remaining);
    } else if (task->asked == HUB_OP_SETTLE) {
        actor_root_over(play, worker, false);
    }
}

static void
refused(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    if (task->asked == HUB_OP_VAR_MADE) {
        plan_follow(task, FOLLOW_UNMADE);
        return;
    }
    if (task->call && task->call->catches)
        return;
    actor_fail_task(play, worker, task);
}

static void
read_answer(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    task->answered = false;
    task->state = TASK_READY;
    task->fault_left = NO_FAULT;
    task->scope_at = NSEC_NEVER;
    switch (task->answer.status) {
    case HUB_GRANTED:
        granted(play, worker, task);
        return;
    case HUB_MAKE:
        plan_follow(task, FOLLOW_MADE);
        return;
    case HUB_ACT:
        plan_follow(task, FOLLOW_ACTED);
        return;
    case HUB_WOULD_WAIT:
        return;
    case HUB_CLOSED:
        if (task->asked == HUB_OP_QUEUE_GET)
            return;
        break;
    case HUB_MISUSE:
    case HUB_TIMEOUT:
    case HUB_BROKEN:
    case HUB_EXHAUSTED:
    case HUB_DEADLOCK:
    case HUB_STOPPED:
    case HUB_CANCELLED:
    case HUB_FAILED:
    case HUB_LEAKED:
        break;
    }
    refused(play, worker, task);
}

bool
actor_is_ready(const struct play *play, const struct sim_worker *worker,
               const struct sim_task *task)
{
    if (!task->alive)
        return false;
    switch (task->state) {
    case TASK_READY:
        return true;
    case TASK_WAITING:
        return task->answered;
    case TASK_ASLEEP:
        return task->wakes_at <= play->now;
    }
    return false;
}

void
actor_resume(struct play *play, struct sim_worker *worker,
             struct sim_task *task)
{
    if (task->answered && task->asked == HUB_OP_RUN_BEGIN) {
        actor_begun(play, worker, task);
        return;
    }
    if (task->answered) {
        read_answer(play, worker, task);
        return;
    }
    task->state = TASK_READY;
    if (task->follow != FOLLOW_NOTHING)
        follow(play, worker, task);
    else if (task->at < task->script->count)
        do_call(play, worker, task);
    else
        actor_finish_task(play, worker, task);
}

/* --- accidents --- */

void
actor_strike_workers(struct play *play)
{
    for (int w = 0; w < play->program->worker_count; w++) {
        struct sim_worker *worker = &play->workers[w];
        if (worker->plan->kill_turn == play->turn &&
            worker->life != LIFE_PLANNED && worker->life != LIFE_ENDED)
            actor_kill_worker(play, worker);
    }
}

static void
cancel(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    if (task->answered)
        task->cancelled = true;
    actor_tell(play, worker, task, (struct hub_op){.type = HUB_OP_CANCEL});
}

static void
strike(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    task->fault_left = NO_FAULT;
    switch (task->call->fault) {
    case FAULT_NONE:
    case FAULT_SCOPE:
        return;
    case FAULT_CANCEL:
        cancel(play, worker, task);
        return;
    case FAULT_LATE: {
        struct hub_op op = actor_op_of(worker, task, HUB_OP_CANCEL);
        op.id.seq--;
        play_submit(play, &op, -1, NO_VALUE);
        return;
    }
    case FAULT_RESET:
        play_note(play, "reset %d.%u", worker->id, task->number);
        actor_fail_task(play, worker, task);
        return;
    case FAULT_KILL:
        actor_kill_worker(play, worker);
        return;
    }
}

void
actor_strike_faults(struct play *play)
{
    for (int w = 0; w < play->program->worker_count; w++)
        for (int i = 0; i < MAX_TASKS; i++) {
            struct sim_task *task = &play->workers[w].tasks[i];
            if (!task->alive || task->state != TASK_WAITING ||
                task->fault_left == NO_FAULT)
                continue;
            if (task->fault_left-- == 0)
                strike(play, &play->workers[w], task);
        }
}

void
actor_strike_scopes(struct play *play)
{
    for (int w = 0; w < play->program->worker_count; w++)
        for (int i = 0; i < MAX_TASKS; i++) {
            struct sim_task *task = &play->workers[w].tasks[i];
            if (!task->alive || task->state != TASK_WAITING ||
                task->scope_at > play->now)
                continue;
            task->scope_at = NSEC_NEVER;
            cancel(play, &play->workers[w], task);
        }
}
