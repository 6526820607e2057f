#ifndef MOLO_SCRIPT_LATE_H
#define MOLO_SCRIPT_LATE_H

#include <stdbool.h>

/* What the hub has granted to tasks that were taken down before they saw it,
 * and what would be lost with them: it is given back. Where the hub is on
 * another thread its answer may come after the task is gone. Shard thread. */
struct hub_reply;
struct script;
struct task;

/* The task is being taken down in a coordination wait that is answered or was
 * asked to end. */
void late_give_back(struct task *task);
/* True: the reply was for such a task, which may be gone by now. */
bool late_on_reply(struct script *script, const struct hub_reply *reply);
void late_finish(struct script *script);

#endif
