#ifndef MOLO_SCRIPT_LUA_WS_OPTIONS_H
#define MOLO_SCRIPT_LUA_WS_OPTIONS_H

#include <lua.h>
#include <stddef.h>

#include "base/clock.h"

/* The arguments of session:websocket. */

struct lua_ws_options {
    char protocols[512]; /* "a, b"; "": none */
    size_t max_message, max_messages;
    nsec_t close_timeout;
    nsec_t ping_interval; /* 0: none */
};

/* Reads the options that only a WebSocket has out of the table at index 3, and
 * leaves at 2 and 3 what an ordinary request to the same place would have: an
 * http URL, and a table of the others, of which a WebSocket takes not all.
 * Raises. */
void lua_ws_read_arguments(lua_State *L, struct lua_ws_options *options);

/* {timeout = } of `method` at `index`; absent: `otherwise`, false: NSEC_NEVER.
 * `more` is another key that the table may have; NULL: none. Raises. */
nsec_t lua_ws_timeout(lua_State *L, int index, const char *method,
                      nsec_t otherwise, const char *more);

#endif
