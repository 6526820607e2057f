/* /pad, /delay, /status, /echo, /bytes, /redirect, /flaky, /stats. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "serve/handlers.h"

#define DELAY_MAX (60 * NSEC_PER_SEC)
#define BYTES_MAX (100 * 1000 * 1000)
#define BYTES_BLOCK 65536
#define REDIRECTS_MAX 1000
#define SEED_MAX ((INT64_C(1) << 53) - 1)

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* So that /pad/a%62 is the page /pad/ab. */
static void
append_decoded(struct buf *out, const char *s)
{
    for (; *s != '\0'; s++) {
        int high = s[0] == '%' ? hex_digit(s[1]) : -1;
        int low = high >= 0 ? hex_digit(s[2]) : -1;
        char c = *s;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            s += 2;
        }
        buf_append(out, &c, 1);
    }
}

static enum MHD_Result
put_page(struct request *request, const struct buf *name)
{
    uint64_t version = pages_put(request->target->pages, name->data, name->size,
                                 &request->body);
    if (version == 0)
        return request_reply_text(request, MHD_HTTP_INSUFFICIENT_STORAGE,
                                  "no room for more pages\n");
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, version);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "X-Version", number);
    return request_reply(request, MHD_HTTP_OK, response);
}

enum MHD_Result
handle_pad(struct request *request, const char *argument)
{
    struct buf name = {0};
    append_decoded(&name, argument);
    enum MHD_Result result;
    if (handler_is_method(request, MHD_HTTP_METHOD_PUT))
        result = put_page(request, &name);
    else
        result = request_answered(request, pages_answer(request->target->pages,
                                                        name.data, name.size,
                                                        request->connection));
    buf_finish(&name);
    return result;
}

enum MHD_Result
handle_delay(struct request *request, const char *argument)
{
    struct err err;
    nsec_t length;
    if (!units_parse_duration(argument, &length, &err))
        return handler_refuse(request, &err);
    if (length > DELAY_MAX)
        return request_reply_text(request, MHD_HTTP_BAD_REQUEST,
                                  "a delay lasts at most 60 seconds\n");
    if (!request->delay.over &&
        delays_add(request->target->delays, &request->delay,
                   request->connection, nsec_add(clock_now(), length)))
        return MHD_YES;
    return request_reply_text(request, MHD_HTTP_OK, "waited\n");
}

enum MHD_Result
handle_status(struct request *request, const char *argument)
{
    struct err err;
    int64_t status;
    if (!units_parse_int(argument, "a final status", 200, 599, &status, &err))
        return handler_refuse(request, &err);
    if (status == MHD_HTTP_NO_CONTENT || status == MHD_HTTP_NOT_MODIFIED)
        return request_reply(
            request, (unsigned)status,
            MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
    return request_reply_text(request, (unsigned)status, "%d %s\n", (int)status,
                              MHD_get_reason_phrase_for((unsigned)status));
}

enum MHD_Result
handle_echo(struct request *request, const char *argument)
{
    return request_reply_json(request, MHD_HTTP_OK, echo_to_json(request));
}

/* Lines of the alphabet, so that a piece in the wrong place shows. */
static ssize_t
read_bytes(void *cls, uint64_t position, char *out, size_t max)
{
    static const char line[] = "abcdefghijklmnopqrstuvwxyz\n";
    const size_t period = sizeof(line) - 1;
    for (size_t i = 0; i < max; i++)
        out[i] = line[(position + i) % period];
    return (ssize_t)max;
}

enum MHD_Result
handle_bytes(struct request *request, const char *argument)
{
    struct err err;
    int64_t size;
    if (!units_parse_int(argument, "the number of bytes", 0, BYTES_MAX, &size,
                         &err))
        return handler_refuse(request, &err);
    struct MHD_Response *response = MHD_create_response_from_callback(
        (uint64_t)size, BYTES_BLOCK, read_bytes, NULL, NULL);
    MHD_add_response_header(response, "Content-Type",
                            "application/octet-stream");
    return request_reply(request, MHD_HTTP_OK, response);
}

enum MHD_Result
handle_redirect(struct request *request, const char *argument)
{
    struct err err;
    int64_t left;
    if (!units_parse_int(argument, "the number of redirects", 1, REDIRECTS_MAX,
                         &left, &err))
        return handler_refuse(request, &err);
    char location[32] = "/";
    if (left > 1)
        snprintf(location, sizeof(location), "/redirect/%d", (int)left - 1);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Location", location);
    return request_reply(request, MHD_HTTP_FOUND, response);
}

static bool
parse_probability(const char *text, double *out, struct err *err)
{
    char *end;
    double p = strtod(text, &end);
    if (end == text || *end != '\0' || !(p >= 0 && p <= 1))
        return err_set(err, "p must be between 0 and 1, not '%.40s'", text);
    *out = p;
    return true;
}

/* A seed fixes the answer to the request that carries it, whatever else is
 * asked at the same time. */
static bool
draw(struct request *request, const char *seed_text, double *out,
     struct err *err)
{
    struct target *target = request->target;
    if (seed_text == NULL) {
        pthread_mutex_lock(&target->rng_mutex);
        *out = rng_double(&target->rng);
        pthread_mutex_unlock(&target->rng_mutex);
        return true;
    }
    int64_t seed;
    if (!units_parse_int(seed_text, "seed", 0, SEED_MAX, &seed, err))
        return false;
    struct rng rng;
    rng_init(&rng, (uint64_t)seed, 0);
    *out = rng_double(&rng);
    return true;
}

enum MHD_Result
handle_flaky(struct request *request, const char *argument)
{
    struct err err;
    double p = 0.5, drawn;
    const char *p_text = handler_query(request, "p");
    const char *mode = handler_query(request, "mode");
    if ((p_text != NULL && !parse_probability(p_text, &p, &err)) ||
        !draw(request, handler_query(request, "seed"), &drawn, &err))
        return handler_refuse(request, &err);
    if (mode != NULL && strcmp(mode, "close") != 0 &&
        strcmp(mode, "status") != 0)
        return request_reply_text(request, MHD_HTTP_BAD_REQUEST,
                                  "mode must be status or close\n");
    if (drawn >= p)
        return request_reply_text(request, MHD_HTTP_OK, "ok\n");
    if (mode != NULL && strcmp(mode, "close") == 0)
        return request_drop(request);
    return request_reply_text(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                              "failed by chance\n");
}

enum MHD_Result
handle_stats(struct request *request, const char *argument)
{
    struct counts *counts = request->target->counts;
    if (handler_is_method(request, MHD_HTTP_METHOD_DELETE))
        counts_reset(counts);
    return request_reply_json(request, MHD_HTTP_OK, counts_to_json(counts));
}
