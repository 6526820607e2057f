/* Values that cross workers: Lua on one side, plain data on the other. */
#include <math.h>
#include <string.h>

#include "hub/op.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

#define MAX_DEPTH 100

struct encoder {
    lua_State *L;
    struct buf *out;
    const char *path[MAX_DEPTH + 1]; /* of the table keys above, for errors */
    char number[MAX_DEPTH + 1][24];
    int depth;
};

static void
put_tag(struct buf *out, enum value_tag tag)
{
    unsigned char byte = (unsigned char)tag;
    buf_append(out, &byte, 1);
}

static void
put_string(struct buf *out, const char *s, size_t size)
{
    uint64_t length = size;
    put_tag(out, VALUE_STRING);
    buf_append(out, &length, sizeof(length));
    buf_append(out, s, size);
}

static void
refuse(struct encoder *e, const char *why)
{
    struct buf path = {0};
    for (int i = 0; i < e->depth; i++)
        buf_printf(&path, "%s%s", i > 0 && e->path[i][0] != '[' ? "." : "",
                   e->path[i]);
    lua_State *L = e->L;
    if (path.size > 0)
        lua_pushfstring(L, "%s (at %s)", why, path.data);
    else
        lua_pushstring(L, why);
    buf_finish(&path);
    mlua_misuse(L, "%s", lua_tostring(L, -1));
}

static void encode(struct encoder *e, int index);

static void
encode_table(struct encoder *e, int index)
{
    lua_State *L = e->L;
    if (e->depth >= MAX_DEPTH)
        refuse(e, "a table that contains itself, or nests more than 100 deep, "
                  "cannot be shared");
    luaL_checkstack(L, 4, "value too deep");
    put_tag(e->out, VALUE_TABLE);
    size_t count_at = e->out->size;
    uint64_t count = 0;
    buf_append(e->out, &count, sizeof(count));
    lua_pushnil(L);
    while (lua_next(L, index)) {
        int depth = e->depth;
        if (lua_type(L, -2) == LUA_TSTRING) {
            e->path[depth] = lua_tostring(L, -2);
        } else {
            if (lua_isinteger(L, -2))
                snprintf(e->number[depth], sizeof(e->number[depth]), "[%lld]",
                         (long long)lua_tointeger(L, -2));
            else
                snprintf(e->number[depth], sizeof(e->number[depth]), "[%s]",
                         luaL_typename(L, -2));
            e->path[depth] = e->number[depth];
        }
        e->depth++;
        encode(e, lua_gettop(L) - 1);
        encode(e, lua_gettop(L));
        e->depth--;
        lua_pop(L, 1);
        count++;
    }
    memcpy(e->out->data + count_at, &count, sizeof(count));
}

static void
encode(struct encoder *e, int index)
{
    lua_State *L = e->L;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        put_tag(e->out, VALUE_NIL);
        return;
    case LUA_TBOOLEAN:
        put_tag(e->out, lua_toboolean(L, index) ? VALUE_TRUE : VALUE_FALSE);
        return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            int64_t n = lua_tointeger(L, index);
            put_tag(e->out, VALUE_INTEGER);
            buf_append(e->out, &n, sizeof(n));
        } else {
            double n = lua_tonumber(L, index);
            put_tag(e->out, VALUE_FLOAT);
            buf_append(e->out, &n, sizeof(n));
        }
        return;
    case LUA_TSTRING: {
        size_t size;
        const char *s = lua_tolstring(L, index, &size);
        put_string(e->out, s, size);
        return;
    }
    case LUA_TTABLE:
        encode_table(e, index);
        return;
    case LUA_TUSERDATA: {
        const struct lua_handle *handle = lua_handle_test(L, index);
        if (handle) {
            unsigned char type = (unsigned char)handle->type;
            put_tag(e->out, VALUE_HANDLE);
            buf_append(e->out, &type, 1);
            buf_append(e->out, &handle->room, sizeof(handle->room));
            put_string(e->out, handle->name, strlen(handle->name));
            return;
        }
        break;
    }
    default:
        break;
    }
    char why[96];
    snprintf(why, sizeof(why), "a %s cannot be shared between workers",
             luaL_typename(L, index));
    refuse(e, why);
}

struct value *
mlua_check_value(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index))
        return NULL;
    struct encoder e = {.L = L, .out = &script_of(L)->scratch};
    buf_clear(e.out);
    encode(&e, lua_absindex(L, index));
    return value_create(e.out->data, e.out->size);
}

static const unsigned char *
decode(lua_State *L, const unsigned char *at)
{
    enum value_tag tag = (enum value_tag) * at++;
    switch (tag) {
    case VALUE_NIL:
        lua_pushnil(L);
        return at;
    case VALUE_FALSE:
    case VALUE_TRUE:
        lua_pushboolean(L, tag == VALUE_TRUE);
        return at;
    case VALUE_INTEGER: {
        int64_t n;
        memcpy(&n, at, sizeof(n));
        lua_pushinteger(L, n);
        return at + sizeof(n);
    }
    case VALUE_FLOAT: {
        double n;
        memcpy(&n, at, sizeof(n));
        lua_pushnumber(L, n);
        return at + sizeof(n);
    }
    case VALUE_STRING: {
        uint64_t size;
        memcpy(&size, at, sizeof(size));
        at += sizeof(size);
        lua_pushlstring(L, (const char *)at, size);
        return at + size;
    }
    case VALUE_TABLE: {
        uint64_t count;
        memcpy(&count, at, sizeof(count));
        at += sizeof(count);
        luaL_checkstack(L, 6, "value too deep");
        lua_newtable(L);
        for (uint64_t i = 0; i < count; i++) {
            at = decode(L, at);
            at = decode(L, at);
            lua_rawset(L, -3);
        }
        return at;
    }
    case VALUE_HANDLE: {
        enum hub_object_type type = (enum hub_object_type) * at++;
        int32_t room;
        memcpy(&room, at, sizeof(room));
        at = decode(L, at + sizeof(room));
        lua_handle_push(L, type, room, lua_tostring(L, -1),
                        &(struct hub_options){0});
        lua_remove(L, -2);
        return at;
    }
    }
    return at;
}

void
mlua_push_value(lua_State *L, const struct value *value)
{
    if (!value)
        lua_pushnil(L);
    else
        decode(L, value->data);
}
