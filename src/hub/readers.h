#ifndef MOLO_HUB_READERS_H
#define MOLO_HUB_READERS_H

#include "hub/op.h"

/* wait_for_readers: who is behind, kept as a bitmap per wait, so that an event
 * of one member costs the same for five members as for thousands. */
struct hub;
struct member;
struct notifier;
struct round;

void readers_wait(struct hub *hub, struct notifier *notifier,
                  struct member *member, const struct hub_op *op);
/* After a change of how many are enough. */
void readers_serve(struct hub *hub, struct notifier *notifier);
/* `member` has read, written or passed something of this notifier ... */
void readers_update(struct hub *hub, struct notifier *notifier,
                    const struct member *member);
/* ... or has passed steps, in all notifiers of its cohort. */
void readers_update_all(struct hub *hub, const struct member *member);
void readers_round_written(struct hub *hub, struct notifier *notifier,
                           struct round *round);
/* The round is about to be freed. */
void readers_forget_round(struct notifier *notifier, const struct round *round);

#endif
