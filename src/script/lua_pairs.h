#ifndef MOLO_SCRIPT_LUA_PAIRS_H
#define MOLO_SCRIPT_LUA_PAIRS_H

/* Tables in an order of their own: Lua's differs from process to process. */

#include <stddef.h>

struct lua_State;

/* Pushes the list of the keys of the table at `index`: numbers, strings by
 * their bytes, false, true. Keys of other types come last, in Lua's order. */
void lua_pairs_push_keys(struct lua_State *L, int index);
/* Calls `put` for each parameter of the table at `index`, in order of the
 * names; a list is a parameter for each of its values. Raises, naming `what`,
 * for a name that is no string and a value that is not a string, number,
 * boolean or list of these. The strings are borrowed from Lua for the call,
 * which must leave the stack alone. */
typedef void lua_parameter_fn(void *data, const char *name, size_t name_size,
                              const char *value, size_t value_size);
void lua_pairs_each_parameter(struct lua_State *L, int index, const char *what,
                              lua_parameter_fn *put, void *data);
/* Gives scripts a pairs() that goes through tables in that order while
 * script.orders_pairs is set. */
void lua_pairs_open(struct lua_State *L);

#endif
