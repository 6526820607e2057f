#include "script/lua_data.h"

#include <string.h>

#include "script/lua_feed.h"
#include "script/lua_files.h"
#include "script/lua_scenario.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* Pushes the field; false: it is nil. */
static bool
push_option(lua_State *L, int index, const char *name)
{
    if (!lua_istable(L, index)) {
        lua_pushnil(L);
        return false;
    }
    return lua_getfield(L, index, name) != LUA_TNIL;
}

/* The number of a word that an option may be; `otherwise` if it is not given.
 */
static int
check_word(lua_State *L, const char *what, int index, const char *name,
           const char *const *words, int otherwise)
{
    if (!push_option(L, index, name)) {
        lua_pop(L, 1);
        return otherwise;
    }
    const char *word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                      : luaL_typename(L, -1);
    struct buf all = {0};
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0) {
            buf_finish(&all);
            lua_pop(L, 1);
            return i;
        }
        buf_printf(&all, "%s\"%s\"",
                   i == 0         ? ""
                   : words[i + 1] ? ", "
                                  : " or ",
                   words[i]);
    }
    lua_pushstring(L, all.data);
    buf_finish(&all);
    mlua_misuse(L, "%s: %s is %s, not '%s'", what, name, lua_tostring(L, -1),
                word);
    return otherwise;
}

static void
check_order(lua_State *L, const char *what, int index, struct feed_plan *plan)
{
    static const char *const orders[] = {
        [FEED_SEQUENTIAL] = "sequential", [FEED_SHUFFLED] = "shuffled",
        [FEED_RANDOM] = "random",         [FEED_UNIQUE] = "unique",
        [FEED_WORKER] = "worker",         [FEED_WORKER + 1] = NULL};
    static const char *const ends[] = {[FEED_LOOP] = "loop",
                                       [FEED_STOP] = "stop",
                                       [FEED_ERROR] = "error",
                                       [FEED_ERROR + 1] = NULL};
    plan->order = (enum feed_order)check_word(L, what, index, "order", orders,
                                              FEED_SEQUENTIAL);
    bool unique = plan->order == FEED_UNIQUE;
    plan->end = (enum feed_end)check_word(L, what, index, "on_end", ends,
                                          unique ? FEED_STOP : FEED_LOOP);
    if (unique && plan->end == FEED_LOOP)
        mlua_misuse(L,
                    "%s: order \"unique\" gives no record twice: on_end is "
                    "\"stop\" or \"error\"",
                    what);
    if (plan->order == FEED_RANDOM && plan->end != FEED_LOOP)
        mlua_misuse(L,
                    "%s: order \"random\" never comes to an end: leave on_end "
                    "out, or take \"shuffled\"",
                    what);
}

static char
check_delimiter(lua_State *L, const char *what, int index)
{
    if (!push_option(L, index, "delimiter"))
        return ',';
    size_t size = 0;
    const char *text = "";
    if (lua_type(L, -1) == LUA_TSTRING)
        text = lua_tolstring(L, -1, &size);
    if (size != 1 || strchr("\"\r\n", text[0]) != NULL)
        mlua_misuse(L,
                    "%s: delimiter is one byte, such as \";\" or \"\\t\", and "
                    "no quote or line break",
                    what);
    return text[0];
}

static bool
check_header(lua_State *L, const char *what, int index, bool otherwise)
{
    if (!push_option(L, index, "header"))
        return otherwise;
    if (!lua_isboolean(L, -1))
        mlua_misuse(L, "%s: header is true or false, got %s", what,
                    luaL_typename(L, -1));
    return lua_toboolean(L, -1);
}

/* Pushes a copy of `columns`, or nil. */
static size_t
push_columns(lua_State *L, const char *what, int index)
{
    if (!push_option(L, index, "columns"))
        return 0;
    size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    if (count == 0)
        mlua_misuse(L, "%s: columns is a list such as {\"name\", \"password\"}",
                    what);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 1; i <= count; i++) {
        if (lua_rawgeti(L, -2, (lua_Integer)i) != LUA_TSTRING)
            mlua_misuse(L, "%s: columns: name %d is a %s, not a string", what,
                        (int)i, luaL_typename(L, -1));
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    lua_remove(L, -2);
    return count;
}

/* Pushes the names that the file itself gives its columns. */
static void
push_header(lua_State *L, const struct csv_fields *header)
{
    lua_createtable(L, (int)header->count, 0);
    for (size_t i = 0; i < header->count; i++) {
        size_t size;
        const char *name = csv_field(header, i, &size);
        lua_pushlstring(L, name, size);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* The names at the top of the stack can be keys of a record. */
static void
check_names(lua_State *L, const char *what, const char *path)
{
    int names = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, names);
    lua_newtable(L);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, names, i);
        if (lua_rawlen(L, -1) == 0)
            mlua_misuse(L,
                        "%s: column %d of '%s' has no name: give names with "
                        "columns = {...}",
                        what, (int)i, path);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, names + 1) != LUA_TNIL)
            mlua_misuse(L,
                        "%s: two columns of '%s' have the name '%s': give "
                        "other names with columns = {...} and header = true",
                        what, path, lua_tostring(L, -2));
        lua_pop(L, 1);
        lua_pushboolean(L, true);
        lua_rawset(L, names + 1);
    }
    lua_settop(L, names);
}

/* Spreadsheets of some countries separate columns by semicolons: all would be
 * one, and what a script looks up in a record always nil. */
static void
check_separated(lua_State *L, const char *what, const char *path)
{
    lua_rawgeti(L, -1, 1);
    const char *name = lua_tostring(L, -1);
    const char *until = strpbrk(name, ";\t");
    if (lua_rawlen(L, -2) == 1 && until)
        mlua_misuse(L,
                    "%s: '%s' has one column, '%s': say delimiter = \"%s\", or "
                    "name it with columns = {...} and header = true",
                    what, path, name, *until == ';' ? ";" : "\\t");
    lua_pop(L, 1);
}

/* --- making a feed --- */

static bool
has_suffix(const char *text, const char *suffix)
{
    size_t size = strlen(text), end = strlen(suffix);
    return size >= end && strcmp(text + size - end, suffix) == 0;
}

static enum feed_kind
check_format(lua_State *L, const char *what, int index, const char *path)
{
    static const char *const formats[] = {"json", "ndjson", NULL};
    bool lines = has_suffix(path, ".ndjson") || has_suffix(path, ".jsonl");
    return check_word(L, what, index, "format", formats, lines) == 1
               ? FEED_NDJSON
               : FEED_JSON;
}

static const char *
check_path(lua_State *L, const char *what)
{
    size_t size;
    if (lua_type(L, 1) != LUA_TSTRING)
        mlua_misuse(L, "%s: expected the path of a file, got %s", what,
                    luaL_typename(L, 1));
    const char *path = lua_tolstring(L, 1, &size);
    if (size == 0 || strlen(path) != size)
        mlua_misuse(L, "%s: a path is not empty and has no NUL byte", what);
    return path;
}

/* Argument 1 is the path, 2 the options; `known`: what may be in these. */
static struct lua_feed *
begin_feed(lua_State *L, const char *what, const char *const *known,
           size_t count)
{
    struct script *script = lua_register_check_loading(L, what);
    const char *path = check_path(L, what);
    lua_settop(L, 2);
    mlua_check_options(L, 2, what, known, count);
    struct lua_feed *feed = lua_feed_push(L, path, ++script->feed_count);
    check_order(L, what, 2, &feed->plan);
    return feed;
}

/* Leaves the feed, which is at 3, at the top. */
static int
open_feed(lua_State *L, const char *what, struct lua_feed *feed,
          struct feed_file_config *config)
{
    struct err err;
    config->path = lua_files_push_path(L, feed->path);
    config->name = feed->path;
    config->keep_max = FEED_KEEP_MAX;
    feed->kind = config->kind;
    feed->file = feed_file_open(config, &err);
    if (!feed->file)
        mlua_misuse(L, "%s: %s%s", what, err.message,
                    strncmp(err.message, "cannot read", 11) == 0
                        ? " (paths are relative to the scenario file)"
                        : "");
    feed->plan.count = feed_file_count(feed->file);
    lua_settop(L, 3);
    return 1;
}

/* data.csv(path, options) -> feed */
static int
data_csv(lua_State *L)
{
    static const char what[] = "molo.data.csv";
    static const char *const known[] = {"columns", "delimiter", "header",
                                        "on_end", "order"};
    struct lua_feed *feed = begin_feed(L, what, known, ARRAY_LENGTH(known));
    struct feed_file_config config = {
        .kind = FEED_CSV,
        .delimiter = check_delimiter(L, what, 2),
    };
    lua_settop(L, 3);
    config.columns = push_columns(L, what, 2);
    config.header = check_header(L, what, 2, config.columns == 0);
    lua_settop(L, 4);
    if (config.columns > 0) {
        check_names(L, what, feed->path);
        lua_setiuservalue(L, 3, 1);
    }
    open_feed(L, what, feed, &config);
    if (config.columns == 0 && config.header) {
        push_header(L, feed_file_header(feed->file));
        if (config.delimiter == ',')
            check_separated(L, what, feed->path);
        check_names(L, what, feed->path);
        lua_setiuservalue(L, 3, 1);
    }
    return 1;
}

/* data.json(path, options) -> feed */
static int
data_json(lua_State *L)
{
    static const char what[] = "molo.data.json";
    static const char *const known[] = {"format", "on_end", "order"};
    struct lua_feed *feed = begin_feed(L, what, known, ARRAY_LENGTH(known));
    struct feed_file_config config = {
        .kind = check_format(L, what, 2, feed->path),
    };
    return open_feed(L, what, feed, &config);
}

/* data.lines(path, options) -> feed */
static int
data_lines(lua_State *L)
{
    static const char what[] = "molo.data.lines";
    static const char *const known[] = {"on_end", "order"};
    struct lua_feed *feed = begin_feed(L, what, known, ARRAY_LENGTH(known));
    struct feed_file_config config = {.kind = FEED_LINES};
    return open_feed(L, what, feed, &config);
}

static const luaL_Reg data_functions[] = {
    {"csv", data_csv},
    {"json", data_json},
    {"lines", data_lines},
    {NULL, NULL},
};

void
lua_data_open(lua_State *L)
{
    lua_feed_open(L);
    luaL_newlib(L, data_functions);
}
