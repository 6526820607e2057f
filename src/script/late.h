#ifndef MOLO_SCRIPT_LATE_H
#define MOLO_SCRIPT_LATE_H

#include <stdbool.h>

/* Answers of the hub to tasks that have been taken down. Where the hub is on
 * another thread it may have granted an item of a queue before it heard that
 * nobody waits for it any more: such an item is given back when the answer
 * comes. Shard thread. */
struct hub_reply;
struct script;
struct task;

/* The task is about to be taken down in a coordination wait that is not
 * answered, and wait_ops has `drop`. */
void late_expect(struct task *task);
/* True: the reply was for such a task, which may be gone by now. */
bool late_on_reply(struct script *script, const struct hub_reply *reply);
void late_finish(struct script *script);

#endif
