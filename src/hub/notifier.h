#ifndef MOLO_HUB_NOTIFIER_H
#define MOLO_HUB_NOTIFIER_H

#include "hub/op.h"

/* The operations of a notifier. */
struct hub;
struct notifier;
struct object;

struct object *notifier_create(const char *name, struct hub_options options);
void notifier_destroy(struct hub *hub, struct object *object);
void notifier_op(struct hub *hub, const struct hub_op *op);
/* Why it cannot be freed now, or NULL. */
const char *notifier_refuses_free(const struct notifier *notifier);

#endif
