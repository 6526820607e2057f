/* The life of workers: starts, runs, ends, and what their tasks leave. */
#include "actor.h"

void
actor_init(struct play *play, int worker)
{
    const struct worker_plan *plan = &play->program->workers[worker];
    play->workers[worker] = (struct sim_worker){
        .id = worker,
        .plan = plan,
        .at = play->now + plan->start,
    };
}

struct sim_task *
actor_root_of(struct sim_worker *worker)
{
    return &worker->tasks[0];
}

/* --- operations --- */

struct hub_op
actor_op_of(const struct sim_worker *worker, struct sim_task *task,
            enum hub_op_type type)
{
    return (struct hub_op){
        .type = type,
        .id = {worker->id, task->number, task->seq},
        .step = worker->step,
        .timeout = HUB_TIMEOUT_DEFAULT,
    };
}

/* One that is not answered. */
void
actor_tell(struct play *play, struct sim_worker *worker, struct sim_task *task,
           struct hub_op op)
{
    op.id = (struct hub_id){worker->id, task->number, task->seq};
    play_submit(play, &op, -1, NO_VALUE);
}

void
actor_ask(struct play *play, struct sim_task *task, struct hub_op *op,
          int object, int64_t value)
{
    op->id.seq = ++task->seq;
    task->state = TASK_WAITING;
    task->answered = false;
    task->asked = op->type;
    task->fault_left = NO_FAULT;
    task->scope_at = NSEC_NEVER;
    play_submit(play, op, object, value);
}

/* --- the life of workers --- */

void
actor_start_script(struct sim_task *task, uint32_t number, uint32_t parent,
                   const struct script *script)
{
    *task = (struct sim_task){
        .alive = true,
        .number = number,
        .parent = parent,
        .seq = task->seq,
        .script = script,
        .fault_left = NO_FAULT,
        .scope_at = NSEC_NEVER,
    };
}

static void
start_root(struct play *play, struct sim_worker *worker, int script)
{
    worker->child_failed = false;
    actor_start_script(actor_root_of(worker), 0, 0,
                       &play->program->scripts[script]);
}

static void
end_worker(struct play *play, struct sim_worker *worker)
{
    worker->life = LIFE_ENDED;
    for (int i = 0; i < MAX_TASKS; i++)
        worker->tasks[i].alive = false;
    actor_tell(play, worker, actor_root_of(worker),
               (struct hub_op){.type = HUB_OP_WORKER_END});
}

static void
go_home(struct play *play, struct sim_worker *worker, bool failed)
{
    worker->life = LIFE_TEARDOWN;
    actor_root_of(worker)->alive = false;
    actor_tell(play, worker, actor_root_of(worker),
               (struct hub_op){
                   .type = HUB_OP_RUNS_OVER,
                   .failed = failed,
                   .text = "setup failed",
               });
    if (worker->plan->teardown == NO_SCRIPT)
        end_worker(play, worker);
    else
        start_root(play, worker, worker->plan->teardown);
}

static bool
may_run(const struct play *play, const struct sim_worker *worker)
{
    return !play->draining && !worker->quits &&
           worker->run < worker->plan->run_count;
}

static void
ask_to_run(struct play *play, struct sim_worker *worker)
{
    if (!may_run(play, worker)) {
        go_home(play, worker, false);
        return;
    }
    worker->life = LIFE_BEGINNING;
    worker->step++;
    struct sim_task *root = actor_root_of(worker);
    start_root(play, worker, worker->plan->runs[worker->run]);
    struct hub_op op = actor_op_of(worker, root, HUB_OP_RUN_BEGIN);
    actor_ask(play, root, &op, -1, NO_VALUE);
}

void
actor_begun(struct play *play, struct sim_worker *worker, struct sim_task *root)
{
    bool granted = root->answer.status == HUB_GRANTED;
    root->answered = false;
    root->state = TASK_READY;
    if (granted && !play->draining) {
        worker->life = LIFE_RUN;
        worker->run++;
        return;
    }
    worker->step--;
    root->alive = false;
    if (granted)
        actor_tell(play, worker, root, (struct hub_op){.type = HUB_OP_RUN_END});
    go_home(play, worker, false);
}

void
actor_root_over(struct play *play, struct sim_worker *worker, bool failed)
{
    struct sim_task *root = actor_root_of(worker);
    root->alive = false;
    switch (worker->life) {
    case LIFE_SETUP:
        if (failed)
            go_home(play, worker, true);
        else
            ask_to_run(play, worker);
        return;
    case LIFE_RUN: {
        bool delayed = worker->plan->delay > 0 && may_run(play, worker);
        actor_tell(play, worker, root,
                   (struct hub_op){
                       .type = HUB_OP_RUN_END,
                       .failed = failed,
                       .delayed = delayed,
                       .text = "it failed",
                   });
        worker->at = play->now + worker->plan->delay;
        worker->life = LIFE_DELAY;
        if (!delayed)
            ask_to_run(play, worker);
        return;
    }
    case LIFE_TEARDOWN:
        end_worker(play, worker);
        return;
    case LIFE_PLANNED:
    case LIFE_DELAY:
    case LIFE_BEGINNING:
    case LIFE_ENDED:
        break;
    }
    play_fail(play, "the simulation is wrong about the life of a worker");
}

bool
actor_may_begin(const struct play *play, const struct sim_worker *worker)
{
    if (worker->life == LIFE_PLANNED)
        return !play->draining && worker->at <= play->now;
    return worker->life == LIFE_DELAY &&
           (play->draining || worker->at <= play->now);
}

void
actor_begin(struct play *play, struct sim_worker *worker)
{
    if (worker->life == LIFE_DELAY) {
        ask_to_run(play, worker);
        return;
    }
    worker->life = LIFE_SETUP;
    actor_tell(play, worker, actor_root_of(worker),
               (struct hub_op){.type = HUB_OP_WORKER_START});
    if (worker->plan->setup == NO_SCRIPT)
        ask_to_run(play, worker);
    else
        start_root(play, worker, worker->plan->setup);
}

/* --- ends of tasks --- */

static bool
uses_up(enum hub_op_type type)
{
    return type == HUB_OP_LOCK_ACQUIRE || type == HUB_OP_SEMAPHORE_ACQUIRE ||
           type == HUB_OP_CONDITION_WAIT || type == HUB_OP_QUEUE_GET;
}

/* A task that is taken down gives back what it was granted and has not seen:
 * the hub releases the rest with the task. */
static void
give_back(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    if (!task->answered || !uses_up(task->asked) ||
        task->answer.status != HUB_GRANTED)
        return;
    struct hub_op op = actor_op_of(worker, task, HUB_OP_GIVE_BACK);
    op.asked = task->asked;
    op.amount = task->call->amount;
    task->answered = false;
    play_submit(play, &op, task->call->object,
                task->asked == HUB_OP_QUEUE_GET ? task->answer.value
                                                : NO_VALUE);
}

static void
give_up(struct play *play, struct sim_worker *worker, struct sim_task *task)
{
    if (task->state == TASK_WAITING && !task->answered)
        actor_tell(play, worker, task,
                   (struct hub_op){.type = HUB_OP_CANCEL, .given_up = true});
}

/* Where the hub is on another thread, what is given back may come after the
 * end. */
static bool
is_late(const struct sim_task *task)
{
    return task->number % 2 == 0;
}

static void
end_child(struct play *play, struct sim_worker *worker, struct sim_task *task,
          bool failed)
{
    if (failed && !is_late(task)) {
        give_up(play, worker, task);
        give_back(play, worker, task);
    }
    worker->child_failed |= failed;
    actor_tell(play, worker, task,
               (struct hub_op){
                   .type = HUB_OP_TASK_END,
                   .other = task->parent,
                   .failed = failed,
               });
    if (failed && is_late(task))
        give_back(play, worker, task);
    task->alive = false;
}

static void
end_children(struct play *play, struct sim_worker *worker)
{
    for (int i = 1; i < MAX_TASKS; i++)
        if (worker->tasks[i].alive)
            end_child(play, worker, &worker->tasks[i], true);
}

void
actor_fail_task(struct play *play, struct sim_worker *worker,
                struct sim_task *task)
{
    if (task != actor_root_of(worker)) {
        end_child(play, worker, task, true);
        return;
    }
    end_children(play, worker);
    give_back(play, worker, task);
    actor_root_over(play, worker, true);
}

void
actor_kill_worker(struct play *play, struct sim_worker *worker)
{
    play_note(play, "kill %d", worker->id);
    for (int i = 0; i < MAX_TASKS; i++)
        if (worker->tasks[i].alive)
            give_back(play, worker, &worker->tasks[i]);
    end_worker(play, worker);
}

/* A run ends after its tasks, and answers for what it has left. */
void
actor_finish_task(struct play *play, struct sim_worker *worker,
                  struct sim_task *task)
{
    if (task != actor_root_of(worker)) {
        end_child(play, worker, task, false);
        return;
    }
    for (int i = 1; i < MAX_TASKS; i++)
        if (worker->tasks[i].alive) {
            struct hub_op op = actor_op_of(worker, task, HUB_OP_TASK_JOIN);
            op.other = worker->tasks[i].number;
            op.timeout = HUB_TIMEOUT_NONE;
            task->call = NULL;
            actor_ask(play, task, &op, -1, NO_VALUE);
            return;
        }
    if (worker->child_failed) {
        actor_root_over(play, worker, true);
        return;
    }
    struct hub_op op = actor_op_of(worker, task, HUB_OP_SETTLE);
    task->call = NULL;
    actor_ask(play, task, &op, -1, NO_VALUE);
}
