#ifndef MOLO_SCRIPT_LUA_FEED_H
#define MOLO_SCRIPT_LUA_FEED_H

#include <lua.h>
#include <stdint.h>

#include "script/feed_file.h"
#include "script/feed_order.h"

/* Feeds as scripts use them: feed:next, feed:at, #feed. Which record is next is
 * counted in the hub, under a name that scripts do not use. */

/* A user value keeps the list of the names of columns, or nil. */
struct lua_feed {
    enum feed_kind kind;
    struct feed_file *file;
    struct feed_plan plan;
    char *path;   /* as the script gave it */
    char *cursor; /* the variable that counts */
};

/* Pushes one without a file, which whoever makes it opens. `number`: of the
 * feed in its scenario file. Copies the path. */
struct lua_feed *lua_feed_push(lua_State *L, const char *path, uint64_t number);
/* Makes the metatable. */
void lua_feed_open(lua_State *L);

#endif
