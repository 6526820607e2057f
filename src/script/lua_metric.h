#ifndef MOLO_SCRIPT_LUA_METRIC_H
#define MOLO_SCRIPT_LUA_METRIC_H

#include <lua.h>

/* What scripts measure themselves: counters, gauges, rates, trends, and the
 * parts of a run that are timed. */

/* Pushes a table of functions. */
void lua_metric_open(lua_State *L);

#endif
