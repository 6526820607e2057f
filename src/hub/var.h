#ifndef MOLO_HUB_VAR_H
#define MOLO_HUB_VAR_H

#include <uthash.h>

#include "base/list.h"
#include "hub/op.h"

/* Shared variables: values that change, the worker that makes one, the worker
 * that updates one, and who waits for either or for a change. */
struct buf;
struct hub;
struct member;
struct variable;
struct wait;

/* What a task has of a variable and others wait for. */
struct holding {
    struct list by_member;
    struct variable *variable;
    struct member *member; /* NULL: nobody has it */
    uint32_t task;
};

struct variable {
    char *name;
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
/* What the task has, or the whole worker, goes to those who wait for it. */
void var_release_task(struct hub *hub, struct member *member, uint32_t task);
void var_release_worker(struct hub *hub, struct member *member);
void vars_finish(struct hub *hub);

/* --- between the files of variables --- */

struct variable *var_find(const struct hub *hub, const char *name);
/* Found or made, and kept until var_put. */
struct variable *var_get(struct hub *hub, const char *name);
/* Frees it if nothing needs it. */
void var_put(struct hub *hub, struct variable *variable);
/* Stores (borrows) a value, or makes it absent, and serves who waited. */
void var_change(struct hub *hub, struct variable *variable, bool present,
                struct value *value);
void var_reply(struct hub *hub, struct hub_id id, enum hub_status status,
               const struct variable *variable);
bool holding_is(const struct holding *holding, const struct member *member,
                uint32_t task);
void
holding_take(struct holding *holding, struct member *member, uint32_t task);
void holding_drop(struct holding *holding);
void
holding_tell(const struct holding *holding, const char *what, struct buf *out);
/* Puts a wait into `queue`, or times it out at once. True if it stays. */
bool var_enqueue(struct hub *hub, struct wait *wait, const struct hub_op *op,
                 struct list *queue);

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

#endif
