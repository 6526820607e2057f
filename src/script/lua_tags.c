#include "script/lua_tags.h"

#include <stdlib.h>
#include <string.h>

#include "http/request.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

#define MAX_TAGS 32

static void
check_text(lua_State *L, int index, const char *name)
{
    size_t size;
    const char *text = lua_tolstring(L, index, &size);
    if (strlen(text) != size)
        mlua_misuse(L, "tags: the tag '%s' has a NUL byte", name);
}

/* The value on top of the stack; a string is left there. */
static const char *
value_text(lua_State *L, const char *name)
{
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        return lua_toboolean(L, -1) ? "true" : "false";
    case LUA_TNUMBER:
    case LUA_TSTRING:
        check_text(L, -1, name);
        return lua_tostring(L, -1);
    default:
        break;
    }
    mlua_misuse(L,
                "tags: the tag '%s' is a string, a number or true or false, "
                "not a %s",
                name, luaL_typename(L, -1));
    return NULL;
}

static int
compare_tags(const void *a, const void *b)
{
    const struct tag *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* The tags of the table at `index`, packed and sorted by name; until they are
 * asked for again. */
static struct buf *
pack(lua_State *L, int index)
{
    struct buf *out = &script_of(L)->tags;
    index = lua_absindex(L, index);
    int top = lua_gettop(L);
    if (!lua_istable(L, index))
        mlua_misuse(L,
                    "tags: expected a table such as {page = \"cart\"}, got %s",
                    luaL_typename(L, index));
    luaL_checkstack(L, 2 * MAX_TAGS + 4, "too many tags");
    struct tag tags[MAX_TAGS];
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            mlua_misuse(L, "tags: names are strings, got a %s",
                        luaL_typename(L, -2));
        if (count == MAX_TAGS)
            mlua_misuse(L, "tags: more than %d tags", MAX_TAGS);
        struct err err;
        const char *name = lua_tostring(L, -2);
        check_text(L, -2, name);
        const char *value = value_text(L, name);
        if (!tag_check(name, value, &err))
            mlua_misuse(L, "tags: %s", err.message);
        tags[count++] = (struct tag){name, value};
        /* The value stays below the key: it may be a text made here. */
        lua_insert(L, -2);
    }
    /* The same tags give the same bytes, whatever the order of the table. */
    if (count > 1)
        qsort(tags, count, sizeof(tags[0]), compare_tags);
    buf_clear(out);
    for (size_t i = 0; i < count; i++) {
        buf_append(out, tags[i].name, strlen(tags[i].name) + 1);
        buf_append(out, tags[i].value, strlen(tags[i].value) + 1);
    }
    lua_settop(L, top);
    return out;
}

const struct recorder_context *
lua_tags_context(lua_State *L, int index)
{
    struct script *script = script_of(L);
    const struct recorder_context *context =
        script->current != NULL ? script->current->worker->context : NULL;
    if (lua_isnoneornil(L, index))
        return context;
    const struct buf *tags = pack(L, index);
    return recorder_context_with(script->env.recorder, context, tags->data,
                                 tags->size);
}

static bool
has_tag(const struct buf *packed, const char *name)
{
    const char *p = packed->data;
    struct tag tag;
    while (tags_next(&p, packed->data + packed->size, &tag)) {
        if (strcmp(tag.name, name) == 0)
            return true;
    }
    return false;
}

/* Those that the request has and that are not given again stay. */
void
lua_tags_option(lua_State *L, struct http_request *request, int index)
{
    struct buf *tags = pack(L, index);
    size_t given = tags->size;
    const char *p = request->tags.data;
    const char *end = given > 0 || p != NULL ? p + request->tags.size : p;
    struct tag tag;
    while (tags_next(&p, end, &tag)) {
        if (given > 0 && has_tag(tags, tag.name))
            continue;
        buf_append(tags, tag.name, strlen(tag.name) + 1);
        buf_append(tags, tag.value, strlen(tag.value) + 1);
    }
    buf_clear(&request->tags);
    if (tags->size > 0)
        buf_append(&request->tags, tags->data, tags->size);
}
