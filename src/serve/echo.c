#include <string.h>

#include "base/base64.h"
#include "serve/request.h"

/* JSON strings are Unicode; other bytes are described as {"base64": "..."}. */
static json_t *
json_bytes(const char *data, size_t size)
{
    if (data == NULL)
        return json_null();
    json_t *text = json_stringn(data, size);
    if (text != NULL)
        return text;
    struct buf base64 = {0};
    base64_encode(data, size, &base64);
    json_t *described = json_object();
    json_object_set_new(described, "base64",
                        json_stringn(base64.data, base64.size));
    buf_finish(&base64);
    return described;
}

static json_t *
get(const json_t *object, const char *key, size_t size)
{
    return json_object_getn(object, key, size);
}

/* A name that comes again makes a list of its values. */
static void
add_value(json_t *object, const char *key, size_t size, json_t *value)
{
    json_t *before = get(object, key, size);
    if (json_is_array(before)) {
        json_array_append_new(before, value);
        return;
    }
    if (before != NULL) {
        json_t *list = json_array();
        json_array_append(list, before);
        json_array_append_new(list, value);
        value = list;
    }
    json_object_setn_new(object, key, size, value);
}

static enum MHD_Result
on_value(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
         const char *value, size_t value_size)
{
    json_t *object = cls;
    json_t *bytes = json_bytes(value, value_size);
    json_t *as_text = json_stringn(key, key_size);
    if (as_text != NULL) {
        add_value(object, key, key_size, bytes);
        json_decref(as_text);
        return MHD_YES;
    }
    struct buf escaped = {0};
    for (size_t i = 0; i < key_size; i++) {
        unsigned char c = (unsigned char)key[i];
        if (c < 0x80)
            buf_append(&escaped, key + i, 1);
        else
            buf_printf(&escaped, "%%%02X", c);
    }
    add_value(object, escaped.data, escaped.size, bytes);
    buf_finish(&escaped);
    return MHD_YES;
}

static json_t *
values_to_json(const struct request *request, enum MHD_ValueKind kind)
{
    json_t *object = json_object();
    MHD_get_connection_values_n(request->connection, kind, on_value, object);
    return object;
}

json_t *
echo_to_json(const struct request *request)
{
    json_t *json = json_object();
    const char *body = request->body.size > 0 ? request->body.data : "";
    json_object_set_new(json, "method",
                        json_bytes(request->method, strlen(request->method)));
    json_object_set_new(json, "path",
                        json_bytes(request->path, strlen(request->path)));
    json_object_set_new(json, "query_string",
                        json_bytes(request->query, request->query != NULL
                                                       ? strlen(request->query)
                                                       : 0));
    json_object_set_new(json, "query",
                        values_to_json(request, MHD_GET_ARGUMENT_KIND));
    json_object_set_new(json, "headers",
                        values_to_json(request, MHD_HEADER_KIND));
    json_object_set_new(json, "body", json_bytes(body, request->body.size));
    json_object_set_new(json, "body_size",
                        json_integer((json_int_t)request->body.size));
    return json;
}
