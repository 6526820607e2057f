#ifndef MOLO_HUB_HISTORY_H
#define MOLO_HUB_HISTORY_H

#include "hub/hub.h"

/* What is told of operations and their answers, for a history: `call` and
 * `wait` as they come in, then the answer. Nothing without
 * hub_config.on_history. */
struct wait;

void history_of_call(struct hub *hub, const struct hub_op *op);
/* `op` was not answered at once, if it is one that is answered. */
void history_of_wait(struct hub *hub, const struct hub_op *op);
/* `op` was answered at once. */
void history_of_answer(struct hub *hub, const struct hub_op *op,
                       const struct hub_reply *reply);
/* A wait has ended. */
void history_of_end(struct hub *hub, const struct wait *wait,
                    const struct hub_reply *reply);

struct object;
/* Nobody's doing in particular: the worker is HUB_GLOBAL. */
void history_of_round(struct hub *hub, const struct object *object,
                      int64_t step, int64_t round);

#endif
