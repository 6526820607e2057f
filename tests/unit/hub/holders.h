#ifndef MOLO_TESTS_HUB_HOLDERS_H
#define MOLO_TESTS_HUB_HOLDERS_H

#include <string.h>

#include "driver.h"

/* Operations on locks, semaphores and conditions, for a play. `type` is that of
 * the handle: a condition has the operations of a lock too. */

static inline struct answer *
object_op_of(struct play *play, int32_t worker, uint32_t task,
             enum hub_object_type object, const char *name, struct hub_op op)
{
    op.object = object;
    op.name = name;
    return submit(play, worker, task, op);
}

static inline struct answer *
acquire_in(struct play *play, int32_t worker, uint32_t task, const char *name)
{
    return object_op_of(play, worker, task, HUB_LOCK, name,
                        (struct hub_op){.type = HUB_OP_LOCK_ACQUIRE});
}

static inline struct answer *
release_in(struct play *play, int32_t worker, uint32_t task, const char *name)
{
    return object_op_of(play, worker, task, HUB_LOCK, name,
                        (struct hub_op){.type = HUB_OP_LOCK_RELEASE});
}

static inline struct answer *
acquire(struct play *play, int32_t worker, const char *name)
{
    return acquire_in(play, worker, 0, name);
}

static inline struct answer *
release(struct play *play, int32_t worker, const char *name)
{
    return release_in(play, worker, 0, name);
}

static inline struct answer *
try_acquire(struct play *play, int32_t worker, const char *name)
{
    return object_op_of(play, worker, 0, HUB_LOCK, name,
                        (struct hub_op){
                            .type = HUB_OP_LOCK_ACQUIRE,
                            .attempt = true,
                        });
}

static inline struct answer *
keep(struct play *play, int32_t worker, const char *name)
{
    return object_op_of(play, worker, 0, HUB_LOCK, name,
                        (struct hub_op){
                            .type = HUB_OP_LOCK_ACQUIRE,
                            .worker_scope = true,
                        });
}

static inline struct answer *
acquire_for(struct play *play, int32_t worker, const char *name, nsec_t timeout)
{
    return object_op_of(play, worker, 0, HUB_LOCK, name,
                        (struct hub_op){
                            .type = HUB_OP_LOCK_ACQUIRE,
                            .timeout = timeout,
                        });
}

static inline bool
locked(struct play *play, int32_t worker, const char *name)
{
    return object_op_of(play, worker, PLAY_TASKS - 1, HUB_LOCK, name,
                        (struct hub_op){.type = HUB_OP_LOCK_STATE})
               ->number != 0;
}

/* A task beside the root, and its end. */
static inline void
spawn(struct play *play, int32_t worker, uint32_t task)
{
    hub_submit(play->hub,
               &(struct hub_op){
                   .type = HUB_OP_TASK_BEGIN,
                   .id = {worker, task, 0},
               },
               play->now);
}

static inline void
end_task(struct play *play, int32_t worker, uint32_t task, bool failed)
{
    hub_submit(play->hub,
               &(struct hub_op){
                   .type = HUB_OP_TASK_END,
                   .id = {worker, task, 0},
                   .failed = failed,
               },
               play->now);
}

/* The task was taken down and never saw what `op`, its last one, was granted.
 */
static inline void
give_back_unseen(struct play *play, int32_t worker, uint32_t task,
                 struct hub_op op)
{
    struct answer *answer = &answer_of(play, worker)[task];
    answer->waiting = true;
    op.asked = op.type;
    op.type = HUB_OP_GIVE_BACK;
    op.id = (struct hub_id){worker, task, answer->seq};
    hub_submit(play->hub, &op, play->now);
}

static inline struct answer *
settle(struct play *play, int32_t worker)
{
    return submit(play, worker, 0, (struct hub_op){.type = HUB_OP_SETTLE});
}

#endif
