#include <stdio.h>

#include "http/curl_impl.h"
#include "http/redirect.h"
#include "http/wire_view.h"

/* Of an answer that is kept, unless the request says. */
enum { BODY_MAX = 1024 * 1024 * 1024 };

static long
status_so_far(const struct exchange *x)
{
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

bool
exchange_may_authenticate(const struct exchange *x)
{
    const struct http_settings *settings = x->transfer->request.settings;
    if (settings == NULL)
        return false;
    long status = status_so_far(x);
    return (status == 401 && settings->auth != AUTH_NONE) ||
           (status == 407 && settings->text[SETTING_PROXY] != NULL);
}

static void
tell_head(struct exchange *x)
{
    struct transfer *transfer = x->transfer;
    long status = status_so_far(x);
    if (x->seen.head_told || status < 200)
        return;
    x->seen.head_told = true;
    transfer->response.status = (int)status;
    transfer->response.http_version = exchange_http_version(x);
    x->seen.is_hop = redirect_is_hop(transfer);
    if (!x->seen.is_hop)
        transfer->on_data(transfer);
}

void
exchange_note_head(struct exchange *x)
{
    if (x->transfer->request.streams && !exchange_may_authenticate(x))
        tell_head(x);
}

size_t
exchange_body_limit(const struct exchange *x)
{
    const struct http_request *request = &x->transfer->request;
    if (request->max_body > 0)
        return request->max_body;
    return request->discard || request->streams ? SIZE_MAX : BODY_MAX;
}

size_t
exchange_on_body(char *data, size_t size, size_t count, void *user)
{
    struct exchange *x = user;
    size *= count;
    struct transfer *transfer = x->transfer;
    struct buf *body = &transfer->response.body;
    bool streams = transfer->request.streams;
    if (streams)
        tell_head(x);
    /* The same bytes come again when the transfer goes on. */
    if (streams && body->size > 0 && body->size + size > TRANSFER_BUFFER) {
        x->seen.paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (size > exchange_body_limit(x) - x->seen.body_bytes) {
        x->seen.too_large = true;
        return 0;
    }
    x->seen.body_bytes += size;
    wire_view_body_received(transfer, data, size);
    if (!transfer->request.discard && !x->seen.is_hop)
        buf_append(body, data, size);
    if (streams && !x->seen.is_hop)
        transfer->on_data(transfer);
    return size;
}

size_t
exchange_on_read(char *out, size_t size, size_t count, void *user)
{
    struct exchange *x = user;
    struct err err;
    ssize_t got = http_body_read(x->transfer->request.parts, x->seen.body_sent,
                                 out, size * count, &err);
    if (got < 0) {
        snprintf(x->body_error, sizeof(x->body_error), "%.250s", err.message);
        return CURL_READFUNC_ABORT;
    }
    x->seen.body_sent += (uint64_t)got;
    return (size_t)got;
}

int
exchange_on_seek(void *user, curl_off_t offset, int origin)
{
    struct exchange *x = user;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    exchange_note_rewind(x);
    x->seen.body_sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}
