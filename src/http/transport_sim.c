#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <uthash.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/units.h"
#include "http/transfer.h"
#include "http/transport.h"
#include "http/url.h"
#include "http/wire_view.h"
#include "loop/timer.h"

/* A transport without sockets: every answer is made up here, after a time drawn
 * from the range in the configuration. It is meant for virtual time and works
 * in real time as well.
 *
 * It behaves like a server that remembers: PUT and POST keep the body under the
 * URL (query included), GET and HEAD answer with it, DELETE forgets it. What
 * was never stored is empty. Every status is 200. A request takes effect when
 * its answer arrives, so that whoever asks after that sees it, and one that
 * fails has none. */

/* Streams of random numbers apart from those of workers and scenarios. */
#define CLIENT_STREAM (UINT64_C(1) << 41)

struct page {
    char *url;
    struct buf body;
    struct buf type; /* "Content-Type: ..." of the request; empty: none */
    UT_hash_handle hh;
};

struct sim_transport {
    struct transport base;
    struct loop *loop;
    struct transport_config config;
    struct page *pages;
    uint64_t clients; /* ever made; they are made in the same order each time */
};

struct transport_client {
    struct sim_transport *transport;
    struct rng rng;
    struct list idle; /* sim_exchange.link */
};

struct sim_exchange {
    struct list link;
    struct transport_client *client;
    struct timer timer;
    struct transfer *transfer;
    void (*on_end)(struct transfer *transfer);
    enum transfer_fault fault;
};

static struct transport *
create(struct loop *loop, const struct transport_config *config,
       struct err *err)
{
    struct sim_transport *transport = xmalloc(sizeof(*transport));
    *transport = (struct sim_transport){
        .base.ops = &transport_sim,
        .loop = loop,
        .config = *config,
    };
    return &transport->base;
}

static void
forget(struct sim_transport *transport, struct page *page)
{
    HASH_DEL(transport->pages, page);
    buf_finish(&page->body);
    buf_finish(&page->type);
    free(page->url);
    free(page);
}

static void
destroy(struct transport *base)
{
    struct sim_transport *transport =
        container_of(base, struct sim_transport, base);
    struct page *page = NULL, *next = NULL;
    HASH_ITER (hh, transport->pages, page, next)
        forget(transport, page);
    free(transport);
}

static struct transport_client *
client_create(struct transport *base)
{
    struct sim_transport *transport =
        container_of(base, struct sim_transport, base);
    struct transport_client *client = xmalloc(sizeof(*client));
    *client = (struct transport_client){.transport = transport};
    rng_init(&client->rng, transport->config.seed,
             CLIENT_STREAM + transport->clients++);
    list_init(&client->idle);
    return client;
}

static void
client_destroy(struct transport_client *client)
{
    while (!list_empty(&client->idle)) {
        struct sim_exchange *x =
            container_of(client->idle.next, struct sim_exchange, link);
        list_remove(&x->link);
        free(x);
    }
    free(client);
}

/* --- what is remembered --- */

static struct page *
find_page(const struct sim_transport *transport,
          const struct http_request *request)
{
    struct page *page;
    HASH_FIND(hh, transport->pages, request->url.data, request->url.size, page);
    return page;
}

static void
copy_type(const struct http_request *request, struct buf *out)
{
    static const char name[] = "Content-Type:";
    buf_clear(out);
    const char *line = request->headers.data;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strncasecmp(line, name, strlen(name)) == 0)
            buf_append_str(out, line);
        line += strlen(line) + 1;
    }
}

/* False if a file cannot be read. */
static bool
copy_body(const struct http_request *request, struct buf *out, struct err *err)
{
    buf_clear(out);
    if (request->body.size > 0)
        buf_append(out, request->body.data, request->body.size);
    char piece[16 * 1024];
    ssize_t got = 0;
    while (request->parts != NULL &&
           (got = http_body_read(request->parts, out->size, piece,
                                 sizeof(piece), err)) > 0)
        buf_append(out, piece, (size_t)got);
    return got == 0;
}

/* False with the transfer's fault if the body cannot be read. */
static bool
store(struct sim_transport *transport, struct transfer *transfer)
{
    const struct http_request *request = &transfer->request;
    struct buf body = {0};
    struct err err;
    if (!copy_body(request, &body, &err)) {
        transfer_fail(transfer, FAULT_GENERATOR, "send", "%.250s", err.message);
        buf_finish(&body);
        return false;
    }
    struct page *page = find_page(transport, request);
    if (page == NULL) {
        page = xcalloc(1, sizeof(*page));
        page->url = xmemdup(request->url.data, request->url.size);
        HASH_ADD_KEYPTR(hh, transport->pages, page->url, request->url.size,
                        page);
    }
    buf_finish(&page->body);
    page->body = body;
    copy_type(request, &page->type);
    return true;
}

static bool
is_method(const struct http_request *request, const char *method)
{
    return strcmp(request->method, method) == 0;
}

static void
respond(struct transfer *transfer, const struct page *page)
{
    static const char status_line[] = "HTTP/1.1 200 OK\r\n";
    struct http_response *response = &transfer->response;
    response->status = 200;
    response->http_version = 11;
    size_t size = page != NULL ? page->body.size : 0;
    buf_printf(&response->headers, "Content-Length: %zu", size);
    if (page != NULL && page->type.size > 0)
        buf_printf(&response->headers, "\r\n%s", page->type.data);
    /* Two line ends close the head. */
    transfer->bytes_received = strlen(status_line) + response->headers.size + 4;
    if (size == 0 || is_method(&transfer->request, "HEAD"))
        return;
    size_t limit = transfer->request.max_body;
    if (limit > 0 && size > limit) {
        char text[32];
        units_format_bytes(limit, text, sizeof(text));
        transfer_fail(transfer, FAULT_TOO_LARGE, "receive",
                      "the body is larger than %s", text);
        transfer->bytes_received += limit;
        return;
    }
    if (!transfer->request.discard)
        buf_append(&response->body, page->body.data, size);
    transfer->bytes_received += size;
}

static void
answer(struct sim_transport *transport, struct transfer *transfer)
{
    const struct http_request *request = &transfer->request;
    struct page *page = NULL;
    if (is_method(request, "PUT") || is_method(request, "POST")) {
        if (!store(transport, transfer))
            return;
    } else {
        page = find_page(transport, request);
        if (page != NULL && is_method(request, "DELETE")) {
            forget(transport, page);
            page = NULL;
        }
    }
    bool reads = is_method(request, "GET") || is_method(request, "HEAD");
    respond(transfer, reads ? page : NULL);
}

/* --- exchanges --- */

/* As a request over HTTP/1.1 would be. */
static uint64_t
size_on_wire(const struct http_request *request)
{
    const struct buf *url = &request->url;
    size_t target = url->size - request->path;
    bool has_slash = target > 0 && url->data[request->path] == '/';
    size_t size = strlen(request->method) + strlen("  HTTP/1.1\r\n") + target +
                  (has_slash ? 0 : 1);
    struct url_parts parts;
    if (!http_request_has_header(request, "Host") &&
        url_split(url->data, url->size, &parts, NULL))
        size += strlen("Host: \r\n") +
                (size_t)(url->data + request->path - parts.host);
    uint64_t body_size = http_request_body_size(request);
    /* A header is kept with one byte at its end and sent with two. */
    size += request->headers.size + request->header_count;
    if (request->has_body)
        size += (size_t)snprintf(NULL, 0, "Content-Length: %" PRIu64 "\r\n",
                                 body_size) +
                body_size;
    return size + strlen("\r\n");
}

/* As libcurl would write it, so that both look alike. */
static void
show_request(struct transfer *transfer)
{
    const struct http_request *request = &transfer->request;
    const char *target = request->url.data + request->path;
    struct buf head = {0};
    buf_printf(&head, "%s %s%s HTTP/1.1\r\n", request->method,
               target[0] == '/' ? "" : "/", target);
    struct url_parts parts;
    if (!http_request_has_header(request, "Host") &&
        url_split(request->url.data, request->url.size, &parts, NULL))
        buf_printf(&head, "Host: %.*s\r\n", (int)(target - parts.host),
                   parts.host);
    const char *line = request->headers.data;
    for (size_t i = 0; i < request->header_count; i++) {
        buf_printf(&head, "%s\r\n", line);
        line += strlen(line) + 1;
    }
    if (request->has_body)
        buf_printf(&head, "Content-Length: %" PRIu64 "\r\n",
                   http_request_body_size(request));
    buf_append_str(&head, "\r\n");
    wire_view_head_sent(transfer, head.data, head.size);
    struct buf body = {0};
    copy_body(request, &body, NULL);
    wire_view_body_sent(transfer, body.data, body.size);
    buf_finish(&body);
    buf_finish(&head);
}

static void
show_answer(struct transfer *transfer)
{
    const struct http_response *response = &transfer->response;
    struct buf head = {0};
    buf_printf(&head, "HTTP/1.1 %d OK\r\n%s\r\n\r\n", response->status,
               response->headers.data);
    wire_view_head_received(transfer, head.data, head.size);
    wire_view_body_received(transfer, response->body.data, response->body.size);
    buf_finish(&head);
}

/* Nothing but the wait for the answer takes time; the connection is always
 * there. */
static void
fill_timings(struct transfer *transfer)
{
    transfer->ended_at = clock_now();
    nsec_t elapsed = transfer->ended_at - transfer->started_at;
    transfer->timings.send = 0;
    transfer->timings.wait = elapsed;
    transfer->timings.duration = elapsed;
    transfer->timings.elapsed = elapsed;
}

static void
fail(struct transfer *transfer, enum transfer_fault fault)
{
    if (fault == FAULT_TIMEOUT) {
        char limit[32];
        units_format_duration(transfer->request.timeout, limit, sizeof(limit));
        transfer->fault_code = ETIMEDOUT;
        transfer_fail(transfer, fault, "wait",
                      "no answer within %s, waiting for the first byte "
                      "(simulated)",
                      limit);
    } else {
        transfer->fault_code = ECONNRESET;
        transfer_fail(transfer, fault, "wait",
                      "connection closed without an answer (simulated)");
    }
}

static struct transfer *
take_transfer(struct sim_exchange *x)
{
    struct transfer *transfer = x->transfer;
    fill_timings(transfer);
    transfer->transport_data = NULL;
    x->transfer = NULL;
    list_append(&x->client->idle, &x->link);
    return transfer;
}

static void
on_timer(struct timer *timer)
{
    struct sim_exchange *x = container_of(timer, struct sim_exchange, timer);
    struct transfer *transfer = take_transfer(x);
    if (x->fault != FAULT_NONE) {
        fail(transfer, x->fault);
    } else {
        transfer->timings.receive = 0;
        answer(x->client->transport, transfer);
        if (transfer->view != NULL)
            show_answer(transfer);
    }
    x->on_end(transfer);
}

static struct sim_exchange *
take_exchange(struct transport_client *client)
{
    if (!list_empty(&client->idle)) {
        struct sim_exchange *x =
            container_of(client->idle.next, struct sim_exchange, link);
        list_remove(&x->link);
        return x;
    }
    struct sim_exchange *x = xmalloc(sizeof(*x));
    *x = (struct sim_exchange){.client = client};
    list_init(&x->link);
    timer_init(&x->timer, client->transport->loop, on_timer);
    return x;
}

static void
start(struct transport_client *client, struct transfer *transfer,
      void (*on_end)(struct transfer *transfer))
{
    const struct transport_config *config = &client->transport->config;
    /* Both are drawn every time, so that another failure rate leaves the
     * latencies as they were. */
    nsec_t latency =
        rng_int(&client->rng, config->latency_low, config->latency_high);
    bool reset = rng_double(&client->rng) < config->failure_rate;
    nsec_t timeout = transfer_time_left(transfer);

    struct sim_exchange *x = take_exchange(client);
    x->transfer = transfer;
    x->on_end = on_end;
    x->fault = latency > timeout ? FAULT_TIMEOUT
               : reset           ? FAULT_RESET
                                 : FAULT_NONE;
    transfer->transport_data = x;
    transfer->sends = 1;
    transfer->bytes_sent = size_on_wire(&transfer->request);
    if (transfer->view != NULL)
        show_request(transfer);
    timer_start(&x->timer, nsec_add(transfer->started_at,
                                    latency > timeout ? timeout : latency));
}

static void
cancel(struct transport_client *client, struct transfer *transfer)
{
    struct sim_exchange *x = transfer->transport_data;
    timer_stop(&x->timer);
    take_transfer(x);
}

const struct transport_ops transport_sim = {
    .name = "simulated",
    .create = create,
    .destroy = destroy,
    .client_create = client_create,
    .client_destroy = client_destroy,
    .start = start,
    .cancel = cancel,
};
