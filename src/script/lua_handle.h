#ifndef MOLO_SCRIPT_LUA_HANDLE_H
#define MOLO_SCRIPT_LUA_HANDLE_H

#include <lauxlib.h>
#include <lua.h>

#include "hub/op.h"

/* Handles on shared objects: what a script has in its hands. One metatable for
 * all; what may be done with one depends on its type. */

struct lua_handle {
    enum hub_object_type type;
    int32_t room;
    struct hub_options options;
    char name[]; /* NUL-terminated */
};

/* What the types differ in, each in a lua_<type>.c of its own. */
struct lua_handle_type {
    enum hub_object_type type;
    /* Reads the table at `index`; strings in the result may be borrowed from
     * it. Raises misuse. */
    struct hub_options (*check_options)(lua_State *L, int index);
    const luaL_Reg *methods;
};
extern const struct lua_handle_type lua_notifier_type;
extern const struct lua_handle_type lua_barrier_type;
extern const struct lua_handle_type lua_event_type;
extern const struct lua_handle_type lua_lock_type;
extern const struct lua_handle_type lua_semaphore_type;
extern const struct lua_handle_type lua_condition_type;
extern const struct lua_handle_type lua_queue_type;
extern const struct lua_handle_type lua_limiter_type;

/* NULL if the value is no handle. Never raises. */
const struct lua_handle *lua_handle_test(lua_State *L, int index);
/* Copies name and options. */
void lua_handle_push(lua_State *L, enum hub_object_type type, int32_t room,
                     const char *name, const struct hub_options *options);
/* molo.notifier(name, {readers = 3}) and alike: argument 1 is the name, 2 the
 * options. `return` its result. With options it may yield, except at load
 * time. */
int lua_handle_make(lua_State *L, enum hub_object_type type, int32_t room);
/* handle:free(), a method of every type. */
int lua_handle_free(lua_State *L);

struct script;
/* Tells the hub what handles were given options at load time. */
void lua_handle_declare(struct script *script);

/* Makes the metatable; adds a constructor for every type to the table on top of
 * the stack. */
void lua_handle_open(lua_State *L);

#endif
