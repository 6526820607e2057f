/* The scheduler: whose turn it is, when time passes, and what ends the test. */
#include "play.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define MAX_TURNS 20000
#define START (100 * NSEC_PER_SEC)

/* --- history --- */

void
play_note(struct play *play, const char *fmt, ...)
{
    size_t before = play->history.size;
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&play->history, fmt, args);
    va_end(args);
    buf_append_str(&play->history, "\n");
    for (size_t i = before; i < play->history.size; i++)
        play->hash = (play->hash ^ (unsigned char)play->history.data[i]) *
                     UINT64_C(0x100000001b3);
    if (!play->keeps_history)
        buf_clear(&play->history);
}

static void
note_answer(struct play *play, const struct answer *answer)
{
    struct buf line = {0};
    buf_printf(&line, "    %d.%u#%u %s", answer->id.worker, answer->id.task,
               answer->id.seq, hub_status_name(answer->status));
    if (answer->value != NO_VALUE)
        buf_printf(&line, " value=%" PRId64, answer->value);
    for (int i = 0; i < answer->table_count; i++)
        buf_printf(&line, " [%d]=%" PRId64, i + 1, answer->table[i]);
    if (answer->round)
        buf_printf(&line, " round=%" PRId64, answer->round);
    if (answer->index)
        buf_printf(&line, " index=%" PRId64, answer->index);
    if (answer->number)
        buf_printf(&line, " number=%" PRId64, answer->number);
    if (answer->waited)
        buf_printf(&line, " waited=%" PRId64 "us",
                   answer->waited / NSEC_PER_USEC);
    if (answer->text[0])
        buf_printf(&line, " (%s)", answer->text);
    play_note(play, "%s", line.data);
    buf_finish(&line);
}

void
play_fail(struct play *play, const char *text)
{
    world_fail(&play->world, "%s", text);
}

/* --- what the hub says --- */

static int64_t
integer_at(const unsigned char *data)
{
    int64_t n;
    memcpy(&n, data, sizeof(n));
    return n;
}

/* An integer, or a list of integers with holes and `n`. */
static void
decode(const struct value *value, struct answer *answer)
{
    answer->value = NO_VALUE;
    if (!value)
        return;
    if (value->data[0] == VALUE_INTEGER) {
        answer->value = integer_at(value->data + 1);
        return;
    }
    if (value->data[0] != VALUE_TABLE)
        return;
    for (int i = 0; i < MAX_WORKERS; i++)
        answer->table[i] = NO_VALUE;
    int64_t pairs = integer_at(value->data + 1);
    const unsigned char *at = value->data + 9;
    for (int64_t i = 0; i < pairs; i++) {
        if (*at == VALUE_STRING) {
            answer->table_count = (int)integer_at(at + 9 + 1 + 1);
            at += 9 + 1 + 9;
        } else {
            int64_t key = integer_at(at + 1);
            if (key >= 1 && key <= MAX_WORKERS && at[9] == VALUE_INTEGER)
                answer->table[key - 1] = integer_at(at + 10);
            at += at[9] == VALUE_INTEGER ? 18 : 10;
        }
    }
}

static void
on_reply(void *data, const struct hub_reply *reply)
{
    struct play *play = data;
    if (play->inbox_count == 2 * MAX_WAITS) {
        play_fail(play, "more answers than there are tasks");
        return;
    }
    struct answer *answer = &play->inbox[play->inbox_count++];
    *answer = (struct answer){
        .id = reply->id,
        .status = reply->status,
        .round = reply->round,
        .version = reply->version,
        .index = reply->index,
        .number = reply->number,
        .broken = reply->broken,
        .waited = reply->waited,
        .remaining = reply->remaining,
    };
    if (reply->text)
        snprintf(answer->text, sizeof(answer->text), "%s", reply->text);
    decode(reply->value, answer);
}

static void
on_deadlock(void *data, const char *report, bool stop)
{
    struct play *play = data;
    if (play->deadlocks == MAX_VERDICTS) {
        play_fail(play, "too many deadlocks at once");
        return;
    }
    play->deadlock_stops[play->deadlocks++] = stop;
    play->drain_asked |= stop;
    if (!strstr(report, "deadlock"))
        play_fail(play, "a report that does not say what it is");
}

static void
deliver(struct play *play, const struct answer *answer)
{
    struct sim_worker *worker = &play->workers[answer->id.worker];
    for (int i = 0; i < MAX_TASKS; i++) {
        struct sim_task *task = &worker->tasks[i];
        if (!task->alive || task->number != answer->id.task)
            continue;
        if (task->state != TASK_WAITING || task->answered ||
            task->seq != answer->id.seq)
            break;
        task->answered = true;
        task->answer = *answer;
        return;
    }
    play_fail(play, "an answer that nobody waits for");
}

/* After every call of the hub: the models compare, the tasks are told. */
static void
look(struct play *play, struct event *event)
{
    event->now = play->now;
    event->answers = play->inbox;
    event->count = play->inbox_count;
    event->deadlocks = play->deadlocks;
    memcpy(event->deadlock_stops, play->deadlock_stops,
           sizeof(event->deadlock_stops));
    for (int i = 0; i < play->deadlocks; i++)
        play_note(play, "    deadlock%s",
                  play->deadlock_stops[i] ? ", stop" : "");
    for (int i = 0; i < play->inbox_count; i++)
        note_answer(play, &play->inbox[i]);
    world_check(&play->world, event);
    for (int i = 0; i < play->inbox_count; i++)
        if (!world_is_gone(event, &play->inbox[i].id))
            deliver(play, &play->inbox[i]);
    play->inbox_count = 0;
    play->deadlocks = 0;
}

static void
note_call(struct play *play, const struct hub_op *op, int64_t value)
{
    char what[64] = "";
    if (value != NO_VALUE)
        snprintf(what, sizeof(what), " value=%" PRId64, value);
    play_note(play, "%" PRId64 "us %d.%u#%u %s:%s%s%s%s",
              (play->now - START) / NSEC_PER_USEC, op->id.worker, op->id.task,
              op->id.seq, op->name ? op->name : "", hub_op_name(op->type), what,
              op->failed ? " failed" : "", op->delayed ? " delayed" : "");
}

void
play_submit(struct play *play, struct hub_op *op, int object, int64_t value)
{
    if (object >= 0) {
        const struct object_plan *plan = &play->program->objects[object];
        op->object = plan->type;
        op->name = plan->name;
        op->options = plan->options;
        if (plan->per_room)
            op->room = play->workers[op->id.worker].plan->room + 1;
    }
    /* Who waits for a condition is put into the line for its lock when the time
     * is up; which comes first of two that end together is not told. */
    if (op->type == HUB_OP_CONDITION_WAIT)
        play->now += rng_int(&play->rng, 1, 999);
    op->where = "sim:1";
    op->value = value == NO_VALUE ? NULL : value_from_integer(value);
    play->operations++;
    note_call(play, op, value);
    hub_submit(play->hub, op, play->now);
    value_unref(op->value);
    op->value = NULL;
    look(play, &(struct event){
                   .cause = CAUSE_OP,
                   .op = op,
                   .value = value,
                   .object = object,
               });
}

/* --- time and the end --- */

static void
tick(struct play *play)
{
    play_note(play, "%" PRId64 "us tick", (play->now - START) / NSEC_PER_USEC);
    hub_tick(play->hub, play->now);
    look(play, &(struct event){.cause = CAUSE_TICK, .object = -1});
}

static void
drain(struct play *play)
{
    if (play->draining)
        return;
    play->draining = true;
    play_note(play, "drain");
    hub_drain(play->hub, play->now);
    look(play, &(struct event){.cause = CAUSE_DRAIN, .object = -1});
}

static void
stop_waits(struct play *play)
{
    play_note(play, "stop waits");
    hub_stop_waits(play->hub, play->now);
    look(play, &(struct event){.cause = CAUSE_STOP, .object = -1});
}

static bool
ask_quiescent(struct play *play)
{
    play_note(play, "quiescent");
    bool did = hub_quiescent(play->hub, play->now);
    if (did && play->inbox_count == 0 && play->deadlocks == 0)
        play_fail(play, "hub_quiescent says it did something and did not");
    bool any = play->inbox_count > 0 || play->deadlocks > 0;
    look(play, &(struct event){
                   .cause = CAUSE_QUIESCENT,
                   .object = -1,
               });
    return did || any;
}

/* When something happens that does not need the hub: a task wakes, a worker
 * starts. */
static nsec_t
next_wake(const struct play *play)
{
    nsec_t next = NSEC_NEVER;
    for (int w = 0; w < play->program->worker_count; w++) {
        const struct sim_worker *worker = &play->workers[w];
        if ((worker->life == LIFE_PLANNED || worker->life == LIFE_DELAY) &&
            !play->draining && worker->at < next)
            next = worker->at;
        for (int i = 0; i < MAX_TASKS; i++) {
            const struct sim_task *task = &worker->tasks[i];
            if (task->alive && task->state == TASK_ASLEEP &&
                task->wakes_at < next)
                next = task->wakes_at;
        }
    }
    return next;
}

static nsec_t
next_scope(const struct play *play)
{
    nsec_t next = NSEC_NEVER;
    for (int w = 0; w < play->program->worker_count; w++)
        for (int i = 0; i < MAX_TASKS; i++) {
            const struct sim_task *task = &play->workers[w].tasks[i];
            if (task->alive && task->state == TASK_WAITING &&
                task->scope_at < next)
                next = task->scope_at;
        }
    return next;
}

static bool
all_ended(const struct play *play)
{
    for (int w = 0; w < play->program->worker_count; w++) {
        enum life life = play->workers[w].life;
        if (life != LIFE_ENDED && !(life == LIFE_PLANNED && play->draining))
            return false;
    }
    return true;
}

/* Nothing can be done now. */
static void
idle(struct play *play)
{
    nsec_t wake = next_wake(play);
    if (all_ended(play)) {
        play->over = true;
        return;
    }
    if (wake == NSEC_NEVER && ask_quiescent(play))
        return;
    if (play->drain_asked && !play->draining)
        return;
    nsec_t deadline = hub_next_deadline(play->hub);
    nsec_t next = wake;
    if (deadline < next)
        next = deadline;
    if (next_scope(play) < next)
        next = next_scope(play);
    if (!play->draining && play->program->drain_at != NSEC_NEVER &&
        START + play->program->drain_at < next)
        next = START + play->program->drain_at;
    if (next == NSEC_NEVER) {
        play_fail(play, "a hang: tasks wait and nothing will ever happen");
        return;
    }
    if (next > play->now)
        play->now = next;
    if (deadline <= play->now)
        tick(play);
}

/* Time passes while others are ready, too, and timers come late. */
static void
pass_time(struct play *play)
{
    if (rng_int(&play->rng, 0, 5) == 0)
        play->now += rng_int(&play->rng, 1, 8000) * NSEC_PER_USEC;
    if (hub_next_deadline(play->hub) <= play->now &&
        rng_int(&play->rng, 0, 2) > 0)
        tick(play);
}

/* --- turns --- */

static int
count_ready(const struct play *play)
{
    int count = 0;
    for (int w = 0; w < play->program->worker_count; w++) {
        const struct sim_worker *worker = &play->workers[w];
        count += actor_may_begin(play, worker);
        for (int i = 0; i < MAX_TASKS; i++)
            count += actor_is_ready(play, worker, &worker->tasks[i]);
    }
    return count;
}

static void
run_ready(struct play *play, int64_t pick)
{
    for (int w = 0; w < play->program->worker_count; w++) {
        struct sim_worker *worker = &play->workers[w];
        if (actor_may_begin(play, worker) && pick-- == 0) {
            actor_begin(play, worker);
            return;
        }
        for (int i = 0; i < MAX_TASKS; i++)
            if (actor_is_ready(play, worker, &worker->tasks[i]) &&
                pick-- == 0) {
                actor_resume(play, worker, &worker->tasks[i]);
                return;
            }
    }
}

static void
take_turn(struct play *play)
{
    const struct program *program = play->program;
    if (play->drain_asked || play->turn == program->drain_turn ||
        (program->drain_at != NSEC_NEVER &&
         play->now >= START + program->drain_at))
        drain(play);
    if (play->turn == program->stop_turn && play->draining)
        stop_waits(play);
    actor_strike_scopes(play);
    actor_strike_workers(play);
    int ready = count_ready(play);
    if (ready == 0) {
        idle(play);
        return;
    }
    actor_strike_faults(play);
    pass_time(play);
    ready = count_ready(play);
    if (ready > 0)
        run_ready(play, rng_int(&play->rng, 0, ready - 1));
}

/* --- the whole --- */

static void
open_hub(struct play *play)
{
    const struct program *program = play->program;
    struct hub_config config = {
        .on_reply = on_reply,
        .on_deadlock = on_deadlock,
        .data = play,
        .on_deadlock_do =
            program->break_deadlocks ? HUB_DEADLOCK_BREAK : HUB_DEADLOCK_STOP,
        .wait_timeout = program->wait_timeout,
    };
    play->hub = hub_create(&config);
    if (!program->rooms)
        hub_add_cohort(play->hub, "sim", 0, program->worker_count, true);
    int first = 0;
    for (int room = 0; room < program->rooms; room++) {
        int size = program_room_size(program, room);
        if (size > 0)
            hub_add_room(play->hub, "sim", room + 1, first, size);
        first += size;
    }
    hub_tick(play->hub, play->now);
}

char *
play_program(const struct program *program, struct buf *out, uint64_t *hash,
             int *operations)
{
    struct play *play = xmalloc(sizeof(*play));
    *play = (struct play){
        .program = program,
        .now = START,
        .keeps_history = out != NULL,
        .hash = UINT64_C(0xcbf29ce484222325),
    };
    rng_init(&play->rng, program->seed, 2);
    world_init(&play->world, program);
    play->world.now = START;
    open_hub(play);
    for (int w = 0; w < program->worker_count; w++)
        actor_init(play, w);
    while (!play->over && !play->world.violation[0]) {
        if (++play->turn > MAX_TURNS)
            play_fail(play, "no end in sight");
        else
            take_turn(play);
    }
    if (!play->world.violation[0]) {
        world_check_end(&play->world);
        if (hub_waiting(play->hub, NSEC_NEVER) > 0)
            play_fail(play, "at the end the hub still has waits");
    }
    char *violation =
        play->world.violation[0] ? xstrdup(play->world.violation) : NULL;
    if (violation)
        play_note(play, "%s", violation);
    if (out)
        buf_append(out, play->history.data, play->history.size);
    if (hash)
        *hash = play->hash;
    if (operations)
        *operations = play->operations;
    hub_destroy(play->hub);
    world_finish(&play->world);
    buf_finish(&play->history);
    free(play);
    return violation;
}
