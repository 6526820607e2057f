/* Connections that another protocol takes over: an easy handle that connects
 * and then stays in its multi, done, for as long as the connection is used. */
#include <sys/types.h>

#include "http/curl_impl.h"

static struct exchange *
of_stream(struct transport_stream *stream)
{
    return (struct exchange *)(void *)stream;
}

void
exchange_prepare_stream(struct exchange *x)
{
    curl_easy_setopt(x->easy, CURLOPT_CONNECT_ONLY, 1L);
    /* A kept connection may be dead, and nothing would be sent again. */
    curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, 1L);
    /* Through a proxy, not to it. */
    curl_easy_setopt(x->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
}

void
exchange_become_stream(struct exchange *x)
{
    struct transfer *transfer = x->transfer;
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(x->easy, CURLINFO_ACTIVESOCKET, &fd);
    exchange_fill_measurements(x, clock_now() - transfer->started_at);
    transfer->fault_phase = NULL;
    exchange_settle_attempts(x, fd);
    timer_stop(&x->gate_timer);
    resolve_leave(&x->ticket);
    x->stream_io = NULL;
    transfer->transport_data = NULL;
    transfer->stream = (struct transport_stream *)(void *)x;
    x->transfer = NULL;
    x->on_end(transfer);
}

ssize_t
curl_stream_send(struct transport_stream *stream, const void *data, size_t size)
{
    struct exchange *x = of_stream(stream);
    size_t sent = 0;
    CURLcode code = curl_easy_send(x->easy, data, size, &sent);
    if (code == CURLE_OK)
        return (ssize_t)sent;
    return code == CURLE_AGAIN ? STREAM_NOT_NOW : STREAM_BROKEN;
}

ssize_t
curl_stream_receive(struct transport_stream *stream, void *out, size_t size)
{
    struct exchange *x = of_stream(stream);
    size_t received = 0;
    CURLcode code = curl_easy_recv(x->easy, out, size, &received);
    if (code == CURLE_AGAIN)
        return STREAM_NOT_NOW;
    if (code != CURLE_OK)
        return STREAM_BROKEN;
    return received > 0 ? (ssize_t)received : STREAM_ENDED;
}

const char *
curl_stream_error(const struct transport_stream *stream)
{
    const struct exchange *x = (const struct exchange *)(const void *)stream;
    return x->error[0] != '\0' ? x->error : "the connection broke";
}

static void
on_io(void *data, int fd, int events)
{
    struct exchange *x = data;
    x->on_stream_ready(x->stream_data, events);
}

void
curl_stream_watch(struct transport_stream *stream, int events,
                  void (*on_ready)(void *data, int events), void *data)
{
    struct exchange *x = of_stream(stream);
    x->on_stream_ready = on_ready;
    x->stream_data = data;
    if (x->stream_io != NULL) {
        loop_io_update(x->stream_io, events);
        return;
    }
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(x->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (events != 0 && fd != CURL_SOCKET_BAD)
        x->stream_io =
            loop_io_create(x->client->transport->loop, fd, events, on_io, x);
}

void
curl_stream_close(struct transport_stream *stream)
{
    struct exchange *x = of_stream(stream);
    loop_io_destroy(x->stream_io);
    x->stream_io = NULL;
    exchange_leave_multi(x);
    x->client->active--;
    exchange_destroy(x);
}
