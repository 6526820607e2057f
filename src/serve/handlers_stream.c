/* /events, /upload: what comes piece by piece. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "serve/handlers.h"

#define EVENTS_MAX 100000
#define EVERY_MAX (60 * NSEC_PER_SEC)
#define POST_BUFFER 4096

/* --- /events --- */

/* Belongs to the answer. */
struct events {
    struct request *request;
    int64_t next, last; /* numbers of the events that are left */
    nsec_t every;
    char text[64]; /* of the event that goes out */
    size_t size, sent;
};

static void
free_events(void *cls)
{
    free(cls);
}

/* False: it comes later, or (`*over`) the server is closing. */
static bool
next_is_due(struct events *events, bool *over)
{
    struct delay *delay = &events->request->delay;
    *over = false;
    if (events->every == 0 || delay->over) {
        delay->over = false;
        return true;
    }
    *over = !delays_add(events->request->target->delays, delay,
                        events->request->connection,
                        nsec_add(clock_now(), events->every));
    return false;
}

static ssize_t
read_events(void *cls, uint64_t position, char *out, size_t max)
{
    struct events *events = cls;
    if (events->sent == events->size) {
        if (events->next > events->last)
            return MHD_CONTENT_READER_END_OF_STREAM;
        bool over;
        if (!next_is_due(events, &over))
            return over ? MHD_CONTENT_READER_END_OF_STREAM : 0;
        int size =
            snprintf(events->text, sizeof(events->text),
                     "id: %" PRId64 "\nevent: tick\ndata: %" PRId64 "\n\n",
                     events->next, events->next);
        events->size = (size_t)size;
        events->sent = 0;
        events->next++;
    }
    size_t left = events->size - events->sent;
    size_t size = left < max ? left : max;
    memcpy(out, events->text + events->sent, size);
    events->sent += size;
    return (ssize_t)size;
}

static bool
parse_count(struct request *request, const char *name, int64_t normal,
            int64_t *out, struct err *err)
{
    const char *text = handler_query(request, name);
    *out = normal;
    return text == NULL || units_parse_int(text, name, 1, EVENTS_MAX, out, err);
}

static bool
parse_every(struct request *request, nsec_t *out, struct err *err)
{
    const char *text = handler_query(request, "every");
    *out = 0;
    if (text == NULL)
        return true;
    if (!units_parse_duration(text, out, err))
        return false;
    return *out <= EVERY_MAX ||
           err_set(err, "every must be at most 60 seconds");
}

/* Events count from 1; who has seen some says which was the last. */
static int64_t
last_seen(struct request *request)
{
    const char *text = MHD_lookup_connection_value(
        request->connection, MHD_HEADER_KIND, "Last-Event-ID");
    int64_t number;
    return text != NULL &&
                   units_parse_int(text, "id", 0, EVENTS_MAX, &number, NULL)
               ? number
               : 0;
}

static struct MHD_Response *
stream_events(struct request *request, int64_t first, int64_t last,
              nsec_t every)
{
    struct events *events = xmalloc(sizeof(*events));
    *events = (struct events){
        .request = request,
        .next = first,
        .last = last,
        .every = every,
    };
    int size = snprintf(events->text, sizeof(events->text), "retry: 100\n\n");
    events->size = (size_t)size;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024,
                                             read_events, events, free_events);
}

enum MHD_Result
handle_events(struct request *request, const char *argument)
{
    struct err err;
    int64_t count, most;
    nsec_t every;
    if (!parse_count(request, "count", 10, &count, &err) ||
        !parse_count(request, "drop", EVENTS_MAX, &most, &err) ||
        !parse_every(request, &every, &err))
        return handler_refuse(request, &err);
    int64_t seen = last_seen(request);
    if (seen >= count)
        return request_reply(
            request, MHD_HTTP_NO_CONTENT,
            MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
    /* libmicrohttpd would end chunks that HEAD does not have. */
    struct MHD_Response *response =
        handler_is_method(request, MHD_HTTP_METHOD_HEAD)
            ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
            : stream_events(request, seen + 1,
                            count - seen > most ? seen + most : count, every);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    return request_reply(request, MHD_HTTP_OK, response);
}

/* --- /upload --- */

static void
set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, name, json_string(text));
}

static enum MHD_Result
on_part(void *cls, enum MHD_ValueKind kind, const char *key,
        const char *filename, const char *content_type, const char *encoding,
        const char *data, uint64_t offset, size_t size)
{
    json_t *parts = cls;
    if (offset == 0) {
        json_t *part = json_object();
        set_text(part, "name", key);
        set_text(part, "filename", filename);
        set_text(part, "content_type", content_type);
        json_array_append_new(parts, part);
    }
    json_t *part = json_array_get(parts, json_array_size(parts) - 1);
    json_object_set_new(part, "size",
                        json_integer((json_int_t)(offset + size)));
    return MHD_YES;
}

/* NULL: the body is no form. */
static json_t *
read_parts(struct request *request)
{
    json_t *parts = json_array();
    struct MHD_PostProcessor *processor = MHD_create_post_processor(
        request->connection, POST_BUFFER, on_part, parts);
    bool read =
        processor != NULL && MHD_post_process(processor, request->body.data,
                                              request->body.size) == MHD_YES;
    bool whole =
        processor != NULL && MHD_destroy_post_processor(processor) == MHD_YES;
    if (read && whole)
        return parts;
    json_decref(parts);
    return NULL;
}

enum MHD_Result
handle_upload(struct request *request, const char *argument)
{
    json_t *answer = json_pack("{sI}", "size", (json_int_t)request->body.size);
    json_t *parts = request->body.size > 0 ? read_parts(request) : NULL;
    if (parts != NULL)
        json_object_set_new(answer, "parts", parts);
    return request_reply_json(request, MHD_HTTP_OK, answer);
}
