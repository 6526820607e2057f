#ifndef MOLO_SCRIPT_LUA_STREAM_H
#define MOLO_SCRIPT_LUA_STREAM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Answers that are read while they arrive: the option `sink` and
 * session:events. What scripts see of it is in lua/molo/stream.lua and
 * lua/molo/events.lua; here is the stream they are made of. It belongs to the
 * call (run, fixture) that opened it and is closed with it. */

struct worker;

/* Whether the options at `index` ask for a sink. */
bool lua_stream_is_wanted(lua_State *L, int index);
/* Makes the request with a sink. Stack: session, URL, options. */
int lua_stream_request(lua_State *L, const char *method, size_t method_size);
/* Ends all of a worker's. */
void lua_stream_end_all(struct worker *worker);

/* Pushes the table of functions. */
void lua_stream_open(lua_State *L);

#endif
