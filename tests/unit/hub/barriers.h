#ifndef MOLO_TESTS_HUB_BARRIERS_H
#define MOLO_TESTS_HUB_BARRIERS_H

#include "driver.h"

#include <string.h>

/* The operations of a barrier as lines of a play: of the one called "start",
 * with these options. */
static struct hub_options options;

static inline struct hub_op
barrier_op(enum hub_op_type type)
{
    return (struct hub_op){
        .type = type,
        .object = HUB_BARRIER,
        .name = "start",
        .options = options,
    };
}

static inline struct answer *
ask(struct play *play, int32_t worker, enum hub_op_type type)
{
    return submit(play, worker, 0, barrier_op(type));
}

static inline struct answer *
meet(struct play *play, int32_t worker)
{
    return ask(play, worker, HUB_OP_BARRIER_WAIT);
}

static inline struct answer *
meet_in(struct play *play, int32_t worker, int64_t round)
{
    struct hub_op op = barrier_op(HUB_OP_BARRIER_WAIT);
    op.round = round;
    return submit(play, worker, 0, op);
}

static inline struct answer *
meet_for(struct play *play, int32_t worker, nsec_t timeout)
{
    struct hub_op op = barrier_op(HUB_OP_BARRIER_WAIT);
    op.timeout = timeout;
    return submit(play, worker, 0, op);
}

static inline struct answer *
try_to_meet(struct play *play, int32_t worker)
{
    return play_try(play, worker, barrier_op(HUB_OP_BARRIER_WAIT));
}

static inline struct answer *
meet_and_act(struct play *play, int32_t worker)
{
    struct hub_op op = barrier_op(HUB_OP_BARRIER_WAIT);
    op.has_action = true;
    return submit(play, worker, 0, op);
}

/* `error`: NULL if the action has succeeded. */
static inline struct answer *
acted(struct play *play, int32_t worker, const char *error)
{
    struct hub_op op = barrier_op(HUB_OP_BARRIER_ACTED);
    op.failed = error != NULL;
    op.text = error;
    return submit(play, worker, 0, op);
}

static inline struct answer *
exchange(struct play *play, int32_t worker, const char *text)
{
    struct hub_op op = barrier_op(HUB_OP_BARRIER_WAIT);
    op.exchange = true;
    op.value = text_value(text);
    struct answer *answer = submit(play, worker, 0, op);
    value_unref(op.value);
    return answer;
}

static inline void
assert_met_as(struct play *play, int32_t worker, int64_t index, int64_t round)
{
    assert_granted(play, worker);
    assert_int_equal(answer_of(play, worker)->index, index);
    assert_int_equal(answer_of(play, worker)->round, round);
}

/* In a barrier of all, everybody's index is its own. */
static inline void
assert_met(struct play *play, int32_t worker, int64_t round)
{
    assert_met_as(play, worker, worker, round);
}

static inline void
assert_broken(struct play *play, int32_t worker, const char *text)
{
    assert_status(play, worker, HUB_BROKEN);
    assert_text(play, worker, text);
}

/* Started, in step 1, with a barrier of `parties`; 0: of all. */
static inline void
open_barrier(struct play *play, int32_t workers, int32_t parties, bool shrink)
{
    options = (struct hub_options){
        .given = parties > 0 || shrink,
        .parties = parties,
        .shrink = shrink,
    };
    play_open_running(play, workers);
}

/* The same, with deadlocks that are broken. */
static inline void
open_breaking(struct play *play, int32_t workers, int32_t parties)
{
    options = (struct hub_options){.given = parties > 0, .parties = parties};
    play_open_breaking(play, workers);
}

#endif
