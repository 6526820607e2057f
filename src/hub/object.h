#ifndef MOLO_HUB_OBJECT_H
#define MOLO_HUB_OBJECT_H

#include <uthash.h>

#include "hub/op.h"

/* What has a name: the registry of all objects but variables. */
struct hub;
struct member;

struct object {
    char *name;
    enum hub_object_type type;
    struct hub_options options;
    UT_hash_handle hh;
};

/* The object of op->name, made if need be. NULL after a MISUSE was replied. An
 * operation without options refers to whatever is there; the first that has
 * some gives them to the object. */
struct object *object_refer(struct hub *hub, const struct hub_op *op);
void object_destroy(struct hub *hub, struct object *object);
void objects_finish(struct hub *hub);

/* HUB_OP_DECLARE and HUB_OP_FREE. */
void object_op(struct hub *hub, const struct hub_op *op);

#endif
