#include "script/lua_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/multipart.h"
#include "http/session.h"
#include "script/lua_options.h"
#include "script/lua_pairs.h"
#include "script/lua_request.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* The request owns the body from its beginning, so that whatever is raised
 * while it is put together leaves nothing behind. */
static struct http_body *
begin_body(struct lua_request *r)
{
    struct http_body *body = http_body_create();
    http_request_set_parts(&r->transfer->request, body);
    return body;
}

const char *
lua_files_push_path(lua_State *L, const char *path)
{
    const char *script = script_of(L)->path;
    const char *slash = script ? strrchr(script, '/') : NULL;
    if (path[0] == '/' || !slash)
        return lua_pushstring(L, path);
    lua_pushlstring(L, script, (size_t)(slash + 1 - script));
    lua_pushstring(L, path);
    lua_concat(L, 2);
    return lua_tostring(L, -1);
}

static void
add_file(lua_State *L, struct http_body *body, const char *path,
         const char *what)
{
    struct err err;
    int code = 0;
    if (http_body_add_file(body, lua_files_push_path(L, path), &code, &err)) {
        lua_pop(L, 1);
        return;
    }
    if (code == EMFILE || code == ENFILE) {
        mlua_push_error(L, "generator", err.message);
        lua_error(L);
    }
    mlua_misuse(L, "%s: %s (paths are relative to the scenario file)", what,
                err.message);
}

/* Pushes the field of the table at `index`, a string without NUL bytes; NULL:
 * there is none, and nil is pushed. */
static const char *
push_field(lua_State *L, int index, const char *field, const char *what)
{
    lua_pushstring(L, field);
    if (lua_rawget(L, index) == LUA_TNIL)
        return NULL;
    if (lua_type(L, -1) != LUA_TSTRING)
        mlua_misuse(L, "%s: %s: expected a string, got %s", what, field,
                    luaL_typename(L, -1));
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    if (size != strlen(text))
        mlua_misuse(L, "%s: %s: there is a NUL byte in it", what, field);
    return text;
}

void
lua_files_set_body(lua_State *L, struct lua_request *r, int index)
{
    static const char *const known[] = {"path"};
    const char *path = push_field(L, index, "path", "body");
    if (!path)
        mlua_misuse(L, "body: expected a string or {path = ...}; for tables "
                       "use json or form");
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    add_file(L, begin_body(r), path, "body");
}

/* --- multipart --- */

struct form_data {
    struct multipart multipart;
    struct buf headers; /* of the part; freed by whoever catches */
    lua_State *L;
};

static void
put_field(void *data, const char *name, size_t name_size, const char *value,
          size_t value_size)
{
    struct form_data *form = data;
    if (strlen(name) != name_size)
        mlua_misuse(form->L, "form: there is a NUL byte in the name '%s'",
                    name);
    multipart_add(&form->multipart, &(struct multipart_part){.name = name});
    http_body_add(form->multipart.body, value, value_size);
}

/* Headers of a part, which must not be those that are written anyway. */
static void
put_header(void *data, const char *name, size_t name_size, const char *value,
           size_t value_size)
{
    static const char *const own[] = {"Content-Disposition", "Content-Type"};
    struct form_data *form = data;
    struct err err;
    if (!http_check_header(name, name_size, value, value_size, &err))
        mlua_misuse(form->L, "files: headers: %s", err.message);
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++)
        if (strcasecmp(name, own[i]) == 0)
            mlua_misuse(form->L,
                        "files: headers: '%s' cannot be set there: it follows "
                        "from name, filename and content_type",
                        own[i]);
    buf_append(&form->headers, name, name_size);
    buf_append_str(&form->headers, ": ");
    buf_append(&form->headers, value, value_size);
    buf_append_str(&form->headers, "\r\n");
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void
check_type(lua_State *L, const char *type, const char *what)
{
    struct err err;
    static const char header[] = "Content-Type";
    if (!http_check_header(header, strlen(header), type, strlen(type), &err))
        mlua_misuse(L, "%s: content_type: %s", what, err.message);
}

/* Adds the file at the top of the stack; `name`: of the field, NULL if the
 * table has to say. */
static void
add_part(lua_State *L, struct form_data *form, const char *name)
{
    static const char *const known[] = {"content_type", "data", "filename",
                                        "headers",      "name", "path"};
    int index = lua_gettop(L);
    char what[128] = "files";
    if (name)
        snprintf(what, sizeof(what), "files: '%.100s'", name);
    if (!lua_istable(L, index))
        mlua_misuse(L, "%s: expected a table with path or data, got %s", what,
                    luaL_typename(L, index));
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    const char *own_name = push_field(L, index, "name", what);
    if (name && own_name)
        mlua_misuse(L, "%s: it has two names, '%.100s' is the other", what,
                    own_name);
    if (!name && !own_name)
        mlua_misuse(L, "files: a file of a list needs a name");
    if (!name)
        snprintf(what, sizeof(what), "files: '%.100s'", own_name);
    const char *path = push_field(L, index, "path", what);
    lua_pushliteral(L, "data");
    bool has_data = lua_rawget(L, index) != LUA_TNIL;
    if (has_data == (path != NULL))
        mlua_misuse(L, "%s: give %s path or data", what,
                    has_data ? "only one of" : "either");
    size_t size = 0;
    const char *data = NULL;
    if (has_data && lua_type(L, -1) != LUA_TSTRING)
        mlua_misuse(L, "%s: data: expected a string, got %s", what,
                    luaL_typename(L, -1));
    if (has_data)
        data = lua_tolstring(L, -1, &size);
    const char *filename = push_field(L, index, "filename", what);
    if (!filename && path)
        filename = base_name(path);
    const char *type = push_field(L, index, "content_type", what);
    if (type)
        check_type(L, type, what);
    else if (filename)
        type = multipart_guess_type(filename);
    buf_clear(&form->headers);
    lua_pushliteral(L, "headers");
    if (lua_rawget(L, index) != LUA_TNIL)
        lua_pairs_each_parameter(L, lua_gettop(L), "files: headers", put_header,
                                 form);
    multipart_add(&form->multipart, &(struct multipart_part){
                                        .name = name ? name : own_name,
                                        .filename = filename,
                                        .content_type = type,
                                        .headers = form->headers.data,
                                    });
    if (path)
        add_file(L, form->multipart.body, path, what);
    else
        http_body_add(form->multipart.body, data, size);
    lua_settop(L, index);
}

/* One file, or a list of them, under a name. */
static void
add_named(lua_State *L, struct form_data *form, const char *name)
{
    int index = lua_gettop(L);
    lua_Integer count =
        lua_istable(L, index) ? (lua_Integer)lua_rawlen(L, index) : 0;
    if (count == 0) {
        add_part(L, form, name);
        return;
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        add_part(L, form, name);
        lua_pop(L, 1);
    }
}

/* Arguments: a light userdata (struct form_data), `files`, `form` or nil. */
static int
add_parts(lua_State *L)
{
    struct form_data *form = lua_touserdata(L, 1);
    form->L = L;
    if (!lua_isnil(L, 3))
        lua_pairs_each_parameter(L, 3, "form", put_field, form);
    lua_pairs_push_keys(L, 2);
    for (lua_Integer i = 1; lua_rawgeti(L, 4, i) != LUA_TNIL; i++) {
        int type = lua_type(L, 5);
        size_t size = 0;
        const char *name =
            type == LUA_TSTRING ? lua_tolstring(L, 5, &size) : NULL;
        if (name && strlen(name) != size)
            mlua_misuse(L, "files: there is a NUL byte in the name '%s'", name);
        if (!name && !lua_isinteger(L, 5))
            mlua_misuse(L, "files: names are strings, got a %s",
                        luaL_typename(L, 5));
        lua_pushvalue(L, 5);
        lua_rawget(L, 2);
        if (name)
            add_named(L, form, name);
        else
            add_part(L, form, NULL);
        lua_settop(L, 4);
    }
    return 0;
}

static void
set_type(struct http_request *request, const char *boundary)
{
    char type[96];
    int size = snprintf(type, sizeof(type), "multipart/form-data; boundary=%s",
                        boundary);
    static const char header[] = "Content-Type";
    http_request_set_header(request, header, strlen(header), type, (size_t)size,
                            NULL);
}

void
lua_files_set_parts(lua_State *L, struct lua_request *r, int index)
{
    lua_options_check_table(L, index, "files");
    struct form_data form = {0};
    multipart_begin(&form.multipart, begin_body(r), &r->worker->rng);
    lua_pushcfunction(L, add_parts);
    lua_pushlightuserdata(L, &form);
    lua_pushvalue(L, index);
    lua_pushliteral(L, "form");
    lua_rawget(L, 2);
    int status = lua_pcall(L, 3, 0, 0);
    buf_finish(&form.headers);
    if (status != LUA_OK)
        lua_error(L);
    multipart_end(&form.multipart);
    /* The boundary must be the one that is used. */
    set_type(&r->transfer->request, form.multipart.boundary);
}
