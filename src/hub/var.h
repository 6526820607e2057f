#ifndef MOLO_HUB_VAR_H
#define MOLO_HUB_VAR_H

#include <uthash.h>

#include "base/list.h"
#include "hub/holding.h"
#include "hub/op.h"

/* Shared variables: values that change, the worker that makes one, the worker
 * that updates one, and who waits for either or for a change. */
struct buf;
struct hub;
struct member;
struct variable;
struct wait;

struct variable {
    char *name;
    int32_t room;
    bool present; /* nil is a value too */
    struct value *value;
    int64_t version;
    struct holding maker;   /* runs the factory */
    struct holding updater; /* runs the function of update_var */
    struct list makers;     /* waits for the value, to make it in their turn */
    struct list updaters;   /* waits for the update to end, in order */
    struct list watchers;   /* waits for a change */
    int held;               /* in use by the hub: not to be freed just now */
    UT_hash_handle hh;
};

void var_op(struct hub *hub, const struct hub_op *op);
/* Nobody uses the names of that room any more. */
void vars_forget(struct hub *hub, int32_t room);
void vars_finish(struct hub *hub);

/* --- between the files of variables --- */

/* Found or made, and kept until var_put. */
struct variable *var_get(struct hub *hub, int32_t room, const char *name);
/* Frees it if nothing needs it. */
void var_put(struct hub *hub, struct variable *variable);
/* Stores (borrows) a value, or makes it absent, and serves who waited. */
void var_change(struct hub *hub, struct variable *variable, bool present,
                struct value *value);
void var_reply(struct hub *hub, struct hub_id id, enum hub_status status,
               const struct variable *variable);
void var_make_op(struct hub *hub, struct variable *variable,
                 struct member *member, const struct hub_op *op);
void var_serve_makers(struct hub *hub, struct variable *variable);
/* The maker has given up: the next one makes it. */
void var_make_next(struct hub *hub, struct variable *variable);
/* Ends the making: the reply to VAR_MADE. */
void var_made(struct hub *hub, struct variable *variable,
              const struct member *member, uint32_t task, struct value *value);

void var_update_op(struct hub *hub, struct variable *variable,
                   struct member *member, const struct hub_op *op);
void var_update_next(struct hub *hub, struct variable *variable);

/* Ends the making or the update, because the task is gone. */
extern const struct holding_ops var_maker_ops, var_updater_ops;

#endif
