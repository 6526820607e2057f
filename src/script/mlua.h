#ifndef MOLO_SCRIPT_MLUA_H
#define MOLO_SCRIPT_MLUA_H

#include <jansson.h>
#include <lauxlib.h>
#include <lua.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "hub/value.h"

/* Helpers of the bindings. Functions that take a lua_State may raise, unless
 * said otherwise. */

/* Raises misuse: a string that carries the position of the user's code, the
 * nearest caller that is not one of molo's own modules. */
int mlua_misuse(lua_State *L, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "pad.lua:9" of that caller, or "", in at least MLUA_WHERE_MIN bytes. Never
 * raises. */
#define MLUA_WHERE_MIN (LUA_IDSIZE + 12)
void mlua_where(lua_State *L, char *out, size_t size);

/* Pushes an error object. */
void mlua_push_error(lua_State *L, const char *kind, const char *message);
/* The same with the place where it happened. */
void mlua_push_error_at(lua_State *L, const char *where, const char *kind,
                        const char *message);
/* True if the value is one; `kind` is borrowed from it. Never raises. */
bool mlua_is_error(lua_State *L, int index, const char **kind);
/* Pushes the text of any value as tostring makes it; where that would be an
 * address, JSON or "(a function)": errors are counted by their text. Never
 * raises. */
const char *mlua_push_text(lua_State *L, int index);
/* Makes what was raised (any value) an error object in place, at the top of the
 * stack: strings become kind "script". Adds `where` and `traceback`. */
void mlua_complete_error(lua_State *L);
/* A message handler: makes what was raised a text that begins with the place.
 */
int mlua_tell_error(lua_State *L);
void mlua_open_error(lua_State *L);

/* Makes the metatable `name`, such as "molo.feed", of a kind of userdata.
 * Either table may be NULL; a method that is not in `methods` is misuse.
 * Scripts cannot get at it, so that none calls __gc or __close by itself. */
void mlua_new_class(lua_State *L, const char *name, const luaL_Reg *methods,
                    const luaL_Reg *meta);

/* Pushes the arguments from `first` on as tostring shows them, a space between.
 */
const char *mlua_push_concat(lua_State *L, int first);

/* A string argument, which may hold any bytes; numbers become strings, as in
 * Lua. `what` names it: "molo.hash: the text". */
const char *
mlua_check_text(lua_State *L, int index, const char *what, size_t *size);

/* A whole number from `lowest` to `highest`. `what` names it: "readers". */
lua_Integer mlua_check_count(lua_State *L, int index, const char *what,
                             lua_Integer lowest, lua_Integer highest);

/* A time argument: a number of seconds or "250ms". `what` names it. */
nsec_t mlua_check_time(lua_State *L, int index, const char *what);
/* The same without raising. */
bool mlua_to_time(lua_State *L, int index, nsec_t *out, struct err *err);
/* A time or {low, high}. */
bool mlua_to_range(lua_State *L, int index, nsec_t *low, nsec_t *high,
                   struct err *err);

/* Raises for a key of the table at `index` that is not in `known`: "unknown
 * option 'header': did you mean 'headers'?", "unknown option 'x' (there are:
 * path, data)". */
void mlua_check_keys(lua_State *L, int index, const char *const *known,
                     size_t count);
/* The same for options of `what`, which begins the message; raises for what is
 * no table, too. False: none are given. */
bool mlua_check_options(lua_State *L, int index, const char *what,
                        const char *const *known, size_t count);
/* The text of that complaint. */
void mlua_unknown_key(struct err *err, const char *what, const char *key,
                      const char *const *known, size_t count);

/* Raises "`what` 'stauts': did you mean 'status'?", or names what there is, for
 * the key at `key`, where the table at `names` has the keys there are. */
int mlua_no_such(lua_State *L, const char *what, int key, int names);
/* From now on looking up what the table on top of the stack has not raises so.
 */
void mlua_be_strict(lua_State *L, const char *what);

/* Values that cross workers. The result is a new reference, NULL for nil.
 * Raises naming the path of what cannot be shared. */
struct value *mlua_check_value(lua_State *L, int index);
void mlua_push_value(lua_State *L, const struct value *value);

/* Reads JSON that came from elsewhere. NULL with `err`: "it is empty", "... at
 * line 1, column 2". New reference. Does not raise. */
json_t *mlua_read_json(const char *text, size_t size, struct err *err);
/* A value as JSON, keys in order; to be freed. Raises on what JSON cannot
 * express. */
char *mlua_write_json(lua_State *L, int index);
void mlua_push_json(lua_State *L, const json_t *json);
/* The same, and frees it, even where Lua's memory does not suffice (raises). */
void mlua_take_json(lua_State *L, json_t *json);

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#endif
