#ifndef MOLO_HUB_LIFE_H
#define MOLO_HUB_LIFE_H

#include "hub/op.h"

/* Lives of workers and tasks, as they tell of them. */
struct hub;
struct member;

void life_op(struct hub *hub, const struct hub_op *op);
/* The run may begin; grants the operation `id`. */
void life_begin_run(struct hub *hub, struct member *member, struct hub_id id,
                    int64_t step);

#endif
