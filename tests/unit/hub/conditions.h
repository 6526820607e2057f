#ifndef MOLO_TESTS_HUB_CONDITIONS_H
#define MOLO_TESTS_HUB_CONDITIONS_H

#include "holders.h"

/* The operations of a condition as lines of a play: of the one called "full",
 * with a lock of its own. */

static inline struct answer *
condition_op(struct play *play, int32_t worker, struct hub_op op)
{
    return object_op_of(play, worker, 0, HUB_CONDITION, "full", op);
}

static inline void
enter(struct play *play, int32_t worker)
{
    condition_op(play, worker, (struct hub_op){.type = HUB_OP_LOCK_ACQUIRE});
}

static inline void
leave_it(struct play *play, int32_t worker)
{
    condition_op(play, worker, (struct hub_op){.type = HUB_OP_LOCK_RELEASE});
}

static inline void
await(struct play *play, int32_t worker)
{
    condition_op(play, worker, (struct hub_op){.type = HUB_OP_CONDITION_WAIT});
}

static inline void
await_for(struct play *play, int32_t worker, nsec_t timeout)
{
    condition_op(play, worker,
                 (struct hub_op){
                     .type = HUB_OP_CONDITION_WAIT,
                     .timeout = timeout,
                 });
}

/* 0: all */
static inline int64_t
notify(struct play *play, int32_t worker, int64_t amount)
{
    return condition_op(play, worker,
                        (struct hub_op){
                            .type = HUB_OP_CONDITION_NOTIFY,
                            .amount = amount,
                        })
        ->number;
}

static inline void
enter_and_await(struct play *play, int32_t worker)
{
    enter(play, worker);
    assert_granted(play, worker);
    await(play, worker);
    assert_waits(play, worker);
}

/* The task has the lock: it may release it, exactly once. */
static inline void
assert_has_lock_and_leaves(struct play *play, int32_t worker)
{
    leave_it(play, worker);
    assert_granted(play, worker);
}

#endif
