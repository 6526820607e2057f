#include <string.h>

#include "serve/handlers.h"

enum {
    METHOD_GET = 1, /* and HEAD */
    METHOD_PUT = 2,
    METHOD_DELETE = 4,
    METHOD_POST = 8,
    METHOD_ANY = 16,
};

enum MHD_Result
handler_refuse(struct request *request, const struct err *err)
{
    return request_reply_text(request, MHD_HTTP_BAD_REQUEST, "%s\n",
                              err->message);
}

bool
handler_is_method(const struct request *request, const char *method)
{
    return strcmp(request->method, method) == 0;
}

const char *
handler_query(struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection,
                                       MHD_GET_ARGUMENT_KIND, name);
}

static unsigned
method_of(const struct request *request)
{
    if (handler_is_method(request, MHD_HTTP_METHOD_GET) ||
        handler_is_method(request, MHD_HTTP_METHOD_HEAD))
        return METHOD_GET;
    if (handler_is_method(request, MHD_HTTP_METHOD_PUT))
        return METHOD_PUT;
    if (handler_is_method(request, MHD_HTTP_METHOD_POST))
        return METHOD_POST;
    return handler_is_method(request, MHD_HTTP_METHOD_DELETE) ? METHOD_DELETE
                                                              : 0;
}

static const char stats_path[] = "/stats";

static enum MHD_Result
handle_root(struct request *request, const char *argument);

struct route {
    const char *path;     /* one that ends in '/' has an argument behind it */
    const char *argument; /* what people are told of it */
    unsigned methods;
    enum MHD_Result (*handle)(struct request *request, const char *argument);
    const char *help;
};

static const struct route routes[] = {
    {"/", "", METHOD_GET, handle_root, "this"},
    {"/pad/", "NAME", METHOD_GET | METHOD_PUT, handle_pad,
     "a shared page; its version is X-Version"},
    {"/delay/", "S", METHOD_ANY, handle_delay,
     "answers after S seconds, at most 60"},
    {"/status/", "N", METHOD_ANY, handle_status, "answers with status N"},
    {"/echo", "", METHOD_ANY, handle_echo, "the request as JSON"},
    {"/bytes/", "N", METHOD_ANY, handle_bytes, "N bytes"},
    {"/redirect/", "N", METHOD_ANY, handle_redirect,
     "N redirects, the last of them to /"},
    {"/flaky", "?p=0.5", METHOD_ANY, handle_flaky,
     "503 with probability p; &mode=close: no answer; &seed=N"},
    {"/stock/", "NAME", METHOD_GET | METHOD_PUT | METHOD_POST, handle_stock,
     "a number; POST takes one, 409: sold out"},
    {"/seat/", "NAME", METHOD_GET | METHOD_PUT | METHOD_DELETE, handle_seat,
     "?who=NAME takes it, 409: somebody else has it"},
    {"/auction/", "NAME", METHOD_GET | METHOD_POST | METHOD_DELETE,
     handle_auction, "bids {amount, who}, 409: not the highest"},
    {"/chat/", "ROOM", METHOD_GET | METHOD_POST, handle_chat,
     "messages; ?after=N: those after number N"},
    {"/limited/", "NAME", METHOD_ANY, handle_limited,
     "429 beyond ?rate=10 per second and &burst=10 at once"},
    {"/events", "", METHOD_GET, handle_events,
     "server-sent events; ?count=10, &every=0.1, &drop=N: the connection ends "
     "after N"},
    {"/upload", "", METHOD_PUT | METHOD_POST, handle_upload,
     "the parts of a form as JSON"},
    {"/ws", "", METHOD_GET, handle_websocket,
     "a WebSocket that sends each message back"},
    {"/ws/room/", "NAME", METHOD_GET, handle_websocket,
     "a WebSocket that sends each message to all in the room"},
    {stats_path, "", METHOD_GET | METHOD_DELETE, handle_stats,
     "what was asked here, counted exactly; DELETE begins again"},
};
enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

static void
append_methods(struct buf *out, unsigned methods)
{
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {
        {METHOD_ANY, "any method"}, {METHOD_GET, "GET, HEAD"},
        {METHOD_PUT, "PUT"},        {METHOD_POST, "POST"},
        {METHOD_DELETE, "DELETE"},
    };
    bool first = true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(methods & names[i].method))
            continue;
        buf_printf(out, "%s%s", first ? "" : ", ", names[i].name);
        first = false;
    }
}

static enum MHD_Result
handle_root(struct request *request, const char *argument)
{
    struct buf text = {0}, methods = {0};
    for (size_t i = 0; i < ROUTES; i++) {
        const struct route *route = &routes[i];
        buf_clear(&methods);
        append_methods(&methods, route->methods);
        buf_printf(&text, "%-23s %s%-*s %s\n", methods.data, route->path,
                   (int)(14 - strlen(route->path)), route->argument,
                   route->help);
    }
    enum MHD_Result result = request_reply_text(
        request, MHD_HTTP_OK, "molo serve: a target to practise on\n\n%s",
        text.data);
    buf_finish(&methods);
    buf_finish(&text);
    return result;
}

static enum MHD_Result
refuse_method(struct request *request, unsigned methods)
{
    struct buf allow = {0};
    append_methods(&allow, methods);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Allow", allow.data);
    buf_finish(&allow);
    return request_reply(request, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}

static enum MHD_Result
refuse_path(struct request *request)
{
    struct buf paths = {0};
    for (size_t i = 0; i < ROUTES; i++)
        buf_printf(&paths, "  %s%s", routes[i].path, routes[i].argument);
    enum MHD_Result result =
        request_reply_text(request, MHD_HTTP_NOT_FOUND,
                           "nothing here; there are:%s\n", paths.data);
    buf_finish(&paths);
    return result;
}

/* The argument, "" without one; NULL: the route is another. */
static const char *
match(const struct route *route, const char *path)
{
    size_t size = strlen(route->path);
    if (strcmp(route->path, path) == 0 && (size == 1 || path[size - 1] != '/'))
        return "";
    bool has_argument = size > 1 && route->path[size - 1] == '/';
    if (has_argument && strncmp(route->path, path, size) == 0 &&
        path[size] != '\0')
        return path + size;
    return NULL;
}

bool
handlers_is_uncounted(const char *path)
{
    return strcmp(path, stats_path) == 0;
}

enum MHD_Result
handlers_dispatch(struct request *request)
{
    for (size_t i = 0; i < ROUTES; i++) {
        const struct route *route = &routes[i];
        const char *argument = match(route, request->path);
        if (argument == NULL)
            continue;
        if (!(route->methods & (METHOD_ANY | method_of(request))))
            return refuse_method(request, route->methods);
        return route->handle(request, argument);
    }
    return refuse_path(request);
}
