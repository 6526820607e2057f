#ifndef MOLO_SCRIPT_LUA_SESSION_H
#define MOLO_SCRIPT_LUA_SESSION_H

#include <lua.h>

#include "script/worker.h"

struct lua_identity;
struct script;

/* The objects `session`, `run` and `worker` that scenarios and fixtures get:
 * views of a struct worker. */

/* Pushes the view that fits the phase. */
void
lua_session_push(lua_State *L, struct worker *worker, enum worker_phase phase);
/* The worker behind the session at `index`; raises when there is none, or it is
 * not the one that runs now. */
struct worker *lua_session_check(lua_State *L, int index);
/* The HTTP client of the session at `index`, which was checked. */
struct session *lua_session_http(lua_State *L, int index);
/* Pushes a view of its own for a second identity. */
void lua_session_push_identity(lua_State *L, struct worker *worker,
                               struct lua_identity *identity);
/* What it shows is gone: the view, if a script kept it, raises from now on. */
void lua_session_detach(lua_State *L, int ref);

/* The options in force before setup: command line, then
 * molo.options{session = ...}. Does not raise. */
void lua_session_apply_defaults(struct script *script, struct session *http);
/* Applies the option table at `index`. Raises. */
void lua_session_set_options(lua_State *L, struct session *http, int index);
/* Raises unless the table at `index` has session options only. */
void lua_session_check_options(lua_State *L, int index);

/* session:configure, session:reset */
int lua_session_configure(lua_State *L);
int lua_session_reset(lua_State *L);

void lua_session_open(lua_State *L);

#endif
