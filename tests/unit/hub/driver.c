#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct answer *
answer_at(struct play *play, int32_t worker, uint32_t task)
{
    assert_true(task < PLAY_TASKS && worker < play->workers);
    return &play->answers[(worker + 1) * PLAY_TASKS + (int32_t)task];
}

static void
forget(struct answer *answer)
{
    value_unref(answer->value);
    free(answer->text);
    answer->value = NULL;
    answer->text = NULL;
}

static void
on_reply(void *data, const struct hub_reply *reply)
{
    struct play *play = data;
    struct answer *answer = answer_at(play, reply->id.worker, reply->id.task);
    play->replies++;
    if (!answer->waiting || answer->seq != reply->id.seq)
        fail_msg("worker %d got a reply that it does not await",
                 (int)reply->id.worker);
    *answer = (struct answer){
        .seq = reply->id.seq,
        .status = reply->status,
        .round = reply->round,
        .version = reply->version,
        .index = reply->index,
        .number = reply->number,
        .broken = reply->broken,
        .waited = reply->waited,
        .remaining = reply->remaining,
        .happened_at = reply->happened_at,
        .culprit = reply->culprit,
        .value = value_ref(reply->value),
        .text = reply->text ? xstrdup(reply->text) : NULL,
    };
}

static void
on_deadlock(void *data, const char *report, bool stop)
{
    struct play *play = data;
    play->deadlocks++;
    play->deadlock_stops = stop;
    free(play->report);
    play->report = xstrdup(report);
}

static void
on_round_end(void *data, enum hub_object_type type, const char *name,
             int64_t step, int64_t round)
{
    struct play *play = data;
    play->rounds_over++;
}

static void
play_init(struct play *play, int32_t workers, const struct hub_config *given)
{
    *play = (struct play){
        .workers = workers,
        .now = 100 * NSEC_PER_SEC,
        .recorder = recorder_create(),
        .steps = xcalloc((size_t)workers + 1, sizeof(int64_t)),
        .answers =
            xcalloc(((size_t)workers + 1) * PLAY_TASKS, sizeof(struct answer)),
        .name = "pad",
        .where = "pad.lua:9",
    };
    struct hub_config config =
        given ? *given : (struct hub_config){.wait_timeout = 60 * NSEC_PER_SEC};
    config.on_reply = on_reply;
    config.on_deadlock = on_deadlock;
    config.on_round_end = on_round_end;
    config.data = play;
    config.recorder = play->recorder;
    play->hub = hub_create(&config);
}

void
play_open(struct play *play, int32_t workers, const struct hub_config *config)
{
    play_init(play, workers, config);
    if (workers > 0)
        hub_add_cohort(play->hub, "pad", 0, workers, true);
}

void
play_open_rooms(struct play *play, int32_t rooms, int32_t size,
                const struct hub_config *config)
{
    play_init(play, rooms * size, config);
    for (int32_t room = 0; room < rooms; room++)
        hub_add_room(play->hub, "chat", room + 1, room * size, size);
}

void
play_open_two(struct play *play, int32_t pad, int32_t other)
{
    play_init(play, pad + other, NULL);
    hub_add_cohort(play->hub, "pad", 0, pad, true);
    hub_add_cohort(play->hub, "other", pad, other, true);
    start_all(play);
    begin_all(play);
}

void
play_open_pool(struct play *play, int32_t workers)
{
    play_init(play, workers, NULL);
    hub_add_pool(play->hub, "rate", 0, workers);
}

void
play_close(struct play *play)
{
    hub_destroy(play->hub);
    recorder_destroy(play->recorder);
    for (int32_t i = 0; i < (play->workers + 1) * PLAY_TASKS; i++)
        forget(&play->answers[i]);
    free(play->answers);
    free(play->steps);
    free(play->report);
}

void
play_open_running(struct play *play, int32_t workers)
{
    play_open(play, workers, NULL);
    start_all(play);
    begin_all(play);
}

void
play_open_breaking(struct play *play, int32_t workers)
{
    play_open(play, workers,
              &(struct hub_config){
                  .on_deadlock_do = HUB_DEADLOCK_BREAK,
                  .wait_timeout = 60 * NSEC_PER_SEC,
              });
    start_all(play);
    begin_all(play);
}

/* --- operations --- */

static struct answer *
submit_as_is(struct play *play, int32_t worker, uint32_t task, struct hub_op op,
             bool replies)
{
    struct answer *answer = answer_at(play, worker, task);
    op.id = (struct hub_id){worker, task, answer->seq};
    if (replies) {
        if (answer->waiting)
            fail_msg("worker %d waits already", (int)worker);
        forget(answer);
        *answer = (struct answer){.seq = answer->seq + 1, .waiting = true};
        op.id.seq = answer->seq;
    }
    if (!op.where)
        op.where = play->where;
    if (op.name && op.room == HUB_NO_ROOM)
        op.room = play->room;
    hub_submit(play->hub, &op, play->now);
    return answer;
}

struct answer *
submit(struct play *play, int32_t worker, uint32_t task, struct hub_op op)
{
    if (op.timeout == 0)
        op.timeout = HUB_TIMEOUT_DEFAULT;
    return submit_as_is(play, worker, task, op, true);
}

struct answer *
play_try(struct play *play, int32_t worker, struct hub_op op)
{
    op.timeout = 0;
    return submit_as_is(play, worker, 0, op, true);
}

void
tell(struct play *play, int32_t worker, enum hub_op_type type)
{
    submit_as_is(play, worker, 0, (struct hub_op){.type = type}, false);
}

void
start(struct play *play, int32_t worker)
{
    tell(play, worker, HUB_OP_WORKER_START);
}

void
start_all(struct play *play)
{
    for (int32_t i = 0; i < play->workers; i++)
        start(play, i);
}

void
begin(struct play *play, int32_t worker)
{
    submit_as_is(play, worker, 0,
                 (struct hub_op){
                     .type = HUB_OP_RUN_BEGIN,
                     .step = ++play->steps[worker],
                 },
                 true);
}

void
begin_all(struct play *play)
{
    for (int32_t i = 0; i < play->workers; i++)
        begin(play, i);
}

void
end(struct play *play, int32_t worker)
{
    tell(play, worker, HUB_OP_RUN_END);
}

void
go_on(struct play *play, int32_t worker)
{
    end(play, worker);
    begin(play, worker);
}

void
end_delayed(struct play *play, int32_t worker)
{
    submit_as_is(play, worker, 0,
                 (struct hub_op){.type = HUB_OP_RUN_END, .delayed = true},
                 false);
}

void
fail_run(struct play *play, int32_t worker, const char *text)
{
    submit_as_is(
        play, worker, 0,
        (struct hub_op){.type = HUB_OP_RUN_END, .failed = true, .text = text},
        false);
}

void
end_all(struct play *play)
{
    for (int32_t i = 0; i < play->workers; i++)
        end(play, i);
}

/* Its wait, if it has one, ends without an answer. */
static void
abandon_waits(struct play *play, int32_t worker)
{
    for (uint32_t task = 0; task < PLAY_TASKS; task++)
        answer_at(play, worker, task)->waiting = false;
}

void
runs_over(struct play *play, int32_t worker)
{
    abandon_waits(play, worker);
    tell(play, worker, HUB_OP_RUNS_OVER);
}

void
leave(struct play *play, int32_t worker)
{
    abandon_waits(play, worker);
    tell(play, worker, HUB_OP_WORKER_END);
}

static struct answer *
notifier(struct play *play, int32_t worker, struct hub_op op)
{
    op.object = HUB_NOTIFIER;
    op.name = play->name;
    return submit(play, worker, 0, op);
}

struct answer *
written(struct play *play, int32_t worker, const char *text)
{
    struct value *value = text_value(text);
    struct answer *answer = notifier(play, worker,
                                     (struct hub_op){
                                         .type = HUB_OP_NOTIFIER_WRITTEN,
                                         .value = value,
                                     });
    value_unref(value);
    return answer;
}

struct answer *
wait_writer(struct play *play, int32_t worker)
{
    return wait_writer_for(play, worker, HUB_TIMEOUT_DEFAULT);
}

struct answer *
wait_writer_for(struct play *play, int32_t worker, nsec_t timeout)
{
    return notifier(play, worker,
                    (struct hub_op){
                        .type = HUB_OP_NOTIFIER_WAIT_WRITER,
                        .timeout = timeout,
                    });
}

struct answer *
one_read(struct play *play, int32_t worker)
{
    return notifier(play, worker,
                    (struct hub_op){.type = HUB_OP_NOTIFIER_ONE_READ});
}

struct answer *
wait_readers(struct play *play, int32_t worker)
{
    return wait_readers_for(play, worker, HUB_TIMEOUT_DEFAULT);
}

struct answer *
wait_readers_for(struct play *play, int32_t worker, nsec_t timeout)
{
    return notifier(play, worker,
                    (struct hub_op){
                        .type = HUB_OP_NOTIFIER_WAIT_READERS,
                        .timeout = timeout,
                    });
}

void
cancel(struct play *play, int32_t worker)
{
    tell(play, worker, HUB_OP_CANCEL);
}

struct answer *
var(struct play *play, int32_t worker, enum hub_op_type type, const char *name,
    struct value *value)
{
    struct answer *answer = submit(play, worker, 0,
                                   (struct hub_op){
                                       .type = type,
                                       .object = HUB_VARIABLE,
                                       .name = name,
                                       .value = value,
                                       .has_value = value != NULL,
                                   });
    value_unref(value);
    return answer;
}

struct answer *
make_var(struct play *play, int32_t worker, const char *name)
{
    return var(play, worker, HUB_OP_VAR_GET_OR_MAKE, name, NULL);
}

struct answer *
answer_of(struct play *play, int32_t worker)
{
    return answer_at(play, worker, 0);
}

void
advance(struct play *play, nsec_t length)
{
    play->now += length;
    hub_tick(play->hub, play->now);
}

bool
quiescent(struct play *play)
{
    return hub_quiescent(play->hub, play->now);
}

/* --- values and numbers --- */

struct value *
text_value(const char *text)
{
    return text ? value_from_string(text, strlen(text)) : NULL;
}

void
assert_value(const struct value *value, const char *text)
{
    struct value *expected = text_value(text);
    if (!value_equal(value, expected))
        fail_msg("the value is not \"%s\"", text ? text : "nil");
    value_unref(expected);
}

const struct coord_stats *
coord(struct play *play, const char *label)
{
    const struct snapshot *s = recorder_snapshot(play->recorder);
    for (const struct coord_stats *row = s->coords; row; row = row->hh.next)
        if (strcmp(row->label, label) == 0)
            return row;
    fail_msg("nothing was recorded about '%s'", label);
    return NULL;
}
