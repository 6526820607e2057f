#ifndef MOLO_TESTS_SIM_ACTOR_H
#define MOLO_TESTS_SIM_ACTOR_H

#include "play.h"

/* Between actor.c and actor_life.c. */
struct sim_task *actor_root_of(struct sim_worker *worker);
struct hub_op actor_op_of(const struct sim_worker *worker,
                          struct sim_task *task, enum hub_op_type type);
/* An operation that is not answered. */
void actor_tell(struct play *play, struct sim_worker *worker,
                struct sim_task *task, struct hub_op op);
/* One that is: the task waits. */
void actor_ask(struct play *play, struct sim_task *task, struct hub_op *op,
               int object, int64_t value);
void actor_start_script(struct sim_task *task, uint32_t number, uint32_t parent,
                        const struct script *script);

/* The answer to RUN_BEGIN is there. */
void actor_begun(struct play *play, struct sim_worker *worker,
                 struct sim_task *root);
/* The script of the root task and all that follows is over. */
void actor_root_over(struct play *play, struct sim_worker *worker, bool failed);
void actor_finish_task(struct play *play, struct sim_worker *worker,
                       struct sim_task *task);
/* It ends because of an error, or is taken down. */
void actor_fail_task(struct play *play, struct sim_worker *worker,
                     struct sim_task *task);
void actor_kill_worker(struct play *play, struct sim_worker *worker);

#endif
