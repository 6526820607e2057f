#ifndef MOLO_HUB_JOIN_H
#define MOLO_HUB_JOIN_H

#include "hub/op.h"

/* Tasks of one worker that wait for each other: for an end, or for a pause and
 * for the leave to go on after it. */
struct hub;
struct member;

void join_op(struct hub *hub, const struct hub_op *op);
/* `task` has ended: answers those who wait for that. */
void join_task_ended(struct hub *hub, struct member *member, uint32_t task);

#endif
