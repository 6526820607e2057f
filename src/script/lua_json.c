/* JSON: Lua on one side, jansson on the other. */
#include "script/lua_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "script/mlua.h"

#define MAX_DEPTH 100
#define SHOWN_DEPTH 12

/* Its address is the registry key of the metatable that marks a table as an
 * array, so that an empty one can be told from an object. */
static const char array_mark;

struct writer {
    lua_State *L;
    const char *path[MAX_DEPTH + 1]; /* of the keys above, for errors */
    char number[MAX_DEPTH + 1][24];
    int depth;
    struct err err; /* why there is no result */
};

static json_t *to_json(struct writer *w, int index);

static json_t *
refuse(struct writer *w, const char *why)
{
    struct buf path = {0};
    for (int i = 0; i < w->depth && i < SHOWN_DEPTH; i++)
        buf_printf(&path, "%s%s", i > 0 && w->path[i][0] != '[' ? "." : "",
                   w->path[i]);
    if (w->depth > SHOWN_DEPTH)
        buf_append_str(&path, " ...");
    if (path.size > 0)
        err_set(&w->err, "cannot be written as JSON: %s (at %s)", why,
                path.data);
    else
        err_set(&w->err, "cannot be written as JSON: %s", why);
    buf_finish(&path);
    return NULL;
}

static bool
is_marked(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark);
    bool marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return marked;
}

static size_t
count_keys(lua_State *L, int index)
{
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        count++;
    }
    return count;
}

static json_t *
array_to_json(struct writer *w, int index, size_t length)
{
    lua_State *L = w->L;
    int depth = w->depth++;
    json_t *array = json_array();
    for (size_t i = 1; i <= length; i++) {
        snprintf(w->number[depth], sizeof(w->number[depth]), "[%zu]", i);
        w->path[depth] = w->number[depth];
        lua_rawgeti(L, index, (lua_Integer)i);
        json_t *item = to_json(w, lua_gettop(L));
        lua_pop(L, 1);
        if (!item || json_array_append_new(array, item) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    w->depth = depth;
    return array;
}

/* The value at the top of the stack, its key below it. */
static json_t *
member_to_json(struct writer *w)
{
    lua_State *L = w->L;
    if (lua_type(L, -2) != LUA_TSTRING)
        return refuse(w, "the keys of a table must be all strings, or exactly "
                         "1 to n");
    size_t size;
    const char *key = lua_tolstring(L, -2, &size);
    w->path[w->depth++] = key;
    /* jansson's keys end at a NUL byte. */
    if (strlen(key) != size)
        return refuse(w, "a key has a NUL byte");
    json_t *item = to_json(w, lua_gettop(L));
    if (item)
        w->depth--;
    return item;
}

static json_t *
table_to_json(struct writer *w, int index)
{
    lua_State *L = w->L;
    if (w->depth >= MAX_DEPTH || !lua_checkstack(L, 6))
        return refuse(w, "a table contains itself, or nests more than 100 "
                         "deep");
    size_t length = lua_rawlen(L, index);
    bool marked = is_marked(L, index);
    if ((marked || length > 0) && count_keys(L, index) == length)
        return array_to_json(w, index, length);
    if (marked)
        return refuse(w, "the keys of an array must be exactly 1 to n");
    json_t *object = json_object();
    lua_pushnil(L);
    while (lua_next(L, index)) {
        json_t *item = member_to_json(w);
        if (!item ||
            json_object_set_new(object, lua_tostring(L, -2), item) != 0) {
            lua_pop(L, 2);
            json_decref(object);
            if (item)
                return refuse(w, "a key is not UTF-8");
            return NULL;
        }
        lua_pop(L, 1);
    }
    return object;
}

/* NULL, with w->err, for what JSON has no form for. Does not raise, as JSON is
 * owned meanwhile. */
static json_t *
to_json(struct writer *w, int index)
{
    lua_State *L = w->L;
    json_t *json = NULL;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return json_null();
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(L, index));
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            return json_integer(lua_tointeger(L, index));
        json = json_real(lua_tonumber(L, index));
        return json ? json : refuse(w, "a number is not finite");
    case LUA_TSTRING: {
        size_t size;
        const char *s = lua_tolstring(L, index, &size);
        json = json_stringn(s, size);
        return json ? json : refuse(w, "a string is not UTF-8");
    }
    case LUA_TTABLE:
        return table_to_json(w, index);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, index))
            return json_null(); /* molo.json.null */
        break;
    }
    char why[64];
    snprintf(why, sizeof(why), "a %s has no form there",
             luaL_typename(L, index));
    return refuse(w, why);
}

char *
mlua_write_json(lua_State *L, int index)
{
    struct writer writer = {.L = L};
    json_t *json = to_json(&writer, lua_absindex(L, index));
    if (!json)
        mlua_misuse(L, "%s", writer.err.message);
    char *text =
        json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    json_decref(json);
    return text;
}

json_t *
mlua_read_json(const char *text, size_t size, struct err *err)
{
    json_error_t error;
    json_t *json =
        json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!json && size == 0)
        err_set(err, "it is empty");
    else if (!json)
        err_set(err, "%s at line %d, column %d", error.text, error.line,
                error.column);
    return json;
}

static void
mark_array(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark);
    lua_setmetatable(L, -2);
}

static void
push_json(lua_State *L, const json_t *json, bool nulls)
{
    luaL_checkstack(L, 4, "JSON too deep");
    switch (json_typeof(json)) {
    case JSON_OBJECT: {
        lua_createtable(L, 0, (int)json_object_size(json));
        const char *key;
        json_t *item;
        void *iter = json_object_iter((json_t *)(uintptr_t)json);
        while (iter) {
            key = json_object_iter_key(iter);
            item = json_object_iter_value(iter);
            push_json(L, item, nulls);
            lua_setfield(L, -2, key);
            iter = json_object_iter_next((json_t *)(uintptr_t)json, iter);
        }
        return;
    }
    case JSON_ARRAY: {
        size_t count = json_array_size(json);
        lua_createtable(L, (int)count, 0);
        for (size_t i = 0; i < count; i++) {
            push_json(L, json_array_get(json, i), nulls);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        mark_array(L);
        return;
    }
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(json), json_string_length(json));
        return;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(json));
        return;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(json));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(json));
        return;
    case JSON_NULL:
        if (nulls)
            lua_pushlightuserdata(L, NULL);
        else
            lua_pushnil(L);
        return;
    }
}

void
mlua_push_json(lua_State *L, const json_t *json)
{
    push_json(L, json, false);
}

/* What is pushed in a protected call: whatever is raised, it is freed. */
struct taken {
    json_t *json;
    bool nulls;
    char *text; /* instead of `json` */
};

static int
push_taken(lua_State *L)
{
    const struct taken *taken = lua_touserdata(L, 1);
    if (taken->json)
        push_json(L, taken->json, taken->nulls);
    else
        lua_pushstring(L, taken->text);
    return 1;
}

static void
take(lua_State *L, struct taken taken)
{
    lua_pushcfunction(L, push_taken);
    lua_pushlightuserdata(L, &taken);
    int status = lua_pcall(L, 1, 1, 0);
    json_decref(taken.json);
    free(taken.text);
    if (status != LUA_OK)
        lua_error(L);
}

void
mlua_take_json(lua_State *L, json_t *json)
{
    take(L, (struct taken){.json = json});
}

int
lua_json_encode(lua_State *L)
{
    if (lua_isnone(L, 1))
        return mlua_misuse(L, "molo.json.encode: there is no value");
    take(L, (struct taken){.text = mlua_write_json(L, 1)});
    return 1;
}

static bool
check_nulls(lua_State *L, int index)
{
    static const char *const known[] = {"nulls"};
    if (!mlua_check_options(L, index, "molo.json.decode", known,
                            ARRAY_LENGTH(known)))
        return false;
    lua_pushstring(L, known[0]);
    int type = lua_rawget(L, index);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        mlua_misuse(L, "molo.json.decode: nulls must be true or false, got %s",
                    luaL_typename(L, -1));
    return lua_toboolean(L, -1);
}

/* json.decode(text, {nulls}) -> value */
static int
json_decode(lua_State *L)
{
    size_t size;
    const char *text =
        mlua_check_text(L, 1, "molo.json.decode: the argument", &size);
    bool nulls = check_nulls(L, 2);
    struct err err;
    json_t *json = mlua_read_json(text, size, &err);
    if (!json)
        return mlua_misuse(L, "molo.json.decode: %s", err.message);
    take(L, (struct taken){.json = json, .nulls = nulls});
    return 1;
}

/* json.array(list) -> list */
static int
json_mark_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    if (!lua_istable(L, 1))
        return mlua_misuse(L, "molo.json.array: expected a table, got %s",
                           luaL_typename(L, 1));
    lua_settop(L, 1);
    if (!is_marked(L, 1) && lua_getmetatable(L, 1))
        return mlua_misuse(L, "molo.json.array: the table has a metatable of "
                              "its own");
    mark_array(L);
    return 1;
}

static const luaL_Reg json_functions[] = {
    {"array", json_mark_array},
    {"decode", json_decode},
    {"encode", lua_json_encode},
    {NULL, NULL},
};

void
lua_json_open(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_mark);
    luaL_newlib(L, json_functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
