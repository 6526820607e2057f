#include "serve/request.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/units.h"

/* A body that is too large is read so that the client can read the answer, but
 * not for ever. */
#define SWALLOW_MAX (10 * REQUEST_BODY_MAX)

enum MHD_Result
request_answered(struct request *request, unsigned status)
{
    request->answered = true;
    if (request->counted)
        counts_add_status(request->target->counts, request->epoch, status);
    return MHD_YES;
}

enum MHD_Result
request_reply(struct request *request, unsigned status,
              struct MHD_Response *response)
{
    enum MHD_Result queued =
        MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return queued == MHD_YES ? request_answered(request, status) : MHD_NO;
}

enum MHD_Result
request_reply_text(struct request *request, unsigned status, const char *fmt,
                   ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    size_t size = text.size;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        size, buf_take(&text), MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type",
                            "text/plain; charset=utf-8");
    return request_reply(request, status, response);
}

static int
append_json(const char *data, size_t size, void *out)
{
    buf_append(out, data, size);
    return 0;
}

enum MHD_Result
request_reply_json(struct request *request, unsigned status, json_t *json)
{
    struct buf text = {0};
    json_dump_callback(json, append_json, &text, JSON_INDENT(2));
    json_decref(json);
    buf_append_str(&text, "\n");
    size_t size = text.size;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        size, buf_take(&text), MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type", "application/json");
    return request_reply(request, status, response);
}

enum MHD_Result
request_drop(struct request *request)
{
    request->answered = true;
    if (request->counted)
        counts_add_unanswered(request->target->counts, request->epoch);
    return MHD_NO;
}

/* A client that takes it for a proxy sends the whole URL. */
static const char *
skip_origin(const char *uri)
{
    size_t scheme = strlen("http://");
    if (strncasecmp(uri, "http://", scheme) != 0)
        return uri;
    return uri + scheme + strcspn(uri + scheme, "/?");
}

void *
request_on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct request *request = xcalloc(1, sizeof(*request));
    uri = skip_origin(uri);
    size_t path_size = strcspn(uri, "?");
    *request = (struct request){
        .target = cls,
        .connection = connection,
        .path = path_size > 0 ? xstrndup(uri, path_size) : xstrdup("/"),
        .query = uri[path_size] == '?' ? xstrdup(uri + path_size + 1) : NULL,
    };
    return request;
}

static enum MHD_Result
refuse_size(struct request *request)
{
    return request_reply_text(request, MHD_HTTP_CONTENT_TOO_LARGE,
                              "a body may have at most %d bytes\n",
                              REQUEST_BODY_MAX);
}

static enum MHD_Result
begin(struct request *request)
{
    request->begun = true;
    if (!handlers_is_uncounted(request->path)) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
        request->counted = true;
        request->epoch = counts_add_request(
            request->target->counts, request->method, request->path,
            info != NULL ? info->header_size : 0);
    }
    /* A client that asks first need not send the body at all. */
    const char *expect = MHD_lookup_connection_value(request->connection,
                                                     MHD_HEADER_KIND, "Expect");
    const char *length = MHD_lookup_connection_value(
        request->connection, MHD_HEADER_KIND, "Content-Length");
    int64_t size;
    if (expect != NULL && length != NULL &&
        units_parse_int(length, "", 0, INT64_MAX, &size, NULL) &&
        size > REQUEST_BODY_MAX)
        return refuse_size(request);
    return MHD_YES;
}

static enum MHD_Result
read_body(struct request *request, const char *data, size_t size)
{
    request->body_size += size;
    if (request->counted)
        counts_add_body(request->target->counts, request->epoch, size);
    if (request->body_size > SWALLOW_MAX)
        return request_drop(request);
    if (request->body_size <= REQUEST_BODY_MAX)
        buf_append(&request->body, data, size);
    else
        buf_finish(&request->body);
    return MHD_YES;
}

enum MHD_Result
request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                  const char *method, const char *version, const char *upload,
                  size_t *upload_size, void **con_cls)
{
    struct request *request = *con_cls;
    request->method = method;
    if (!request->begun)
        return begin(request);
    if (*upload_size > 0) {
        size_t size = *upload_size;
        *upload_size = 0;
        return read_body(request, upload, size);
    }
    if (request->body_size > REQUEST_BODY_MAX)
        return refuse_size(request);
    return handlers_dispatch(request);
}

void
request_on_completed(void *cls, struct MHD_Connection *connection,
                     void **con_cls, enum MHD_RequestTerminationCode code)
{
    struct request *request = *con_cls;
    if (request == NULL)
        return;
    if (request->counted && !request->answered)
        counts_add_unanswered(request->target->counts, request->epoch);
    buf_finish(&request->body);
    free(request->path);
    free(request->query);
    free(request);
    *con_cls = NULL;
}
