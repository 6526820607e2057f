#include "http/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/redirect.h"
#include "http/wire_view.h"

/* A released transfer keeps at most this much of each buffer. */
enum { KEEP_BYTES = 64 * 1024 };

struct session {
    struct transport *transport;
    struct transport_client *client;
    struct buf base_url;
    struct http_request defaults; /* headers, timeout, max_redirects */
    struct list active, idle;     /* transfer.link */
    nsec_t last_done_at;
    size_t streams;             /* that are open */
    struct wire_viewer *viewer; /* NULL: nobody looks */
};

/* What a transfer is to its session. */
struct session_transfer {
    struct transfer transfer;
    bool performing;
    void (*on_connected)(struct transfer *transfer);
};

static void on_end(struct transfer *transfer);

static struct session_transfer *
of_transfer(struct transfer *transfer)
{
    return container_of(transfer, struct session_transfer, transfer);
}

struct session *
session_create(struct transport *transport)
{
    struct session *session = xcalloc(1, sizeof(*session));
    session->transport = transport;
    session->client = transport->ops->client_create(transport);
    http_request_reset(&session->defaults);
    session->defaults.timeout = 60 * NSEC_PER_SEC;
    session->defaults.max_redirects = 10;
    list_init(&session->active);
    list_init(&session->idle);
    return session;
}

void
session_destroy(struct session *session)
{
    if (session == NULL)
        return;
    assert(list_empty(&session->active) && session->streams == 0);
    session->transport->ops->client_destroy(session->client);
    list_for_each (it, &session->idle) {
        struct transfer *transfer = container_of(it, struct transfer, link);
        http_request_finish(&transfer->request);
        http_response_finish(&transfer->response);
        buf_finish(&transfer->history);
        free(of_transfer(transfer));
    }
    http_request_finish(&session->defaults);
    buf_finish(&session->base_url);
    free(session);
}

void
session_configure(struct session *session,
                  const struct session_defaults *defaults)
{
    /* The new base_url may be what session_base_url returned. */
    struct buf base_url = {0};
    if (defaults->base_url != NULL)
        buf_append_str(&base_url, defaults->base_url);
    buf_finish(&session->base_url);
    session->base_url = base_url;
    session->defaults.timeout = defaults->timeout;
    session->defaults.max_redirects = defaults->max_redirects;
}

const char *
session_base_url(const struct session *session)
{
    return session->base_url.size > 0 ? session->base_url.data : NULL;
}

struct session_defaults
session_get_defaults(const struct session *session)
{
    return (struct session_defaults){
        .base_url = session_base_url(session),
        .timeout = session->defaults.timeout,
        .max_redirects = session->defaults.max_redirects,
    };
}

bool
session_set_header(struct session *session, const char *name, size_t name_size,
                   const char *value, size_t value_size, struct err *err)
{
    return http_request_set_header(&session->defaults, name, name_size, value,
                                   value_size, err);
}

bool
session_set_header_line(struct session *session, const char *line,
                        struct err *err)
{
    const char *colon = strchr(line, ':');
    if (colon == NULL)
        return err_set(err, "header '%.80s' has no ':'", line);
    const char *value = colon + 1 + strspn(colon + 1, " ");
    return session_set_header(session, line, (size_t)(colon - line), value,
                              strlen(value), err);
}

struct http_request *
session_default_request(struct session *session)
{
    return &session->defaults;
}

bool
session_reset(struct session *session, struct err *err)
{
    if (!list_empty(&session->active))
        return err_set(err, "a request of this session is still under way");
    if (session->streams > 0)
        return err_set(err, "a WebSocket of this session is still open");
    const struct transport_ops *ops = session->transport->ops;
    ops->client_destroy(session->client);
    session->client = ops->client_create(session->transport);
    return true;
}

void
session_set_viewer(struct session *session, struct wire_viewer *viewer)
{
    session->viewer = viewer;
}

void
session_each_cookie(struct session *session, http_cookie_fn *visit, void *data)
{
    const struct transport_ops *ops = session->transport->ops;
    if (ops->each_cookie != NULL)
        ops->each_cookie(session->client, visit, data);
}

void
session_set_cookie(struct session *session, const struct http_cookie *cookie)
{
    const struct transport_ops *ops = session->transport->ops;
    if (ops->set_cookie != NULL)
        ops->set_cookie(session->client, cookie);
}

struct transfer *
session_begin(struct session *session)
{
    struct transfer *transfer;
    if (list_empty(&session->idle)) {
        struct session_transfer *fresh = xcalloc(1, sizeof(*fresh));
        transfer = &fresh->transfer;
        transfer->session = session;
        list_init(&transfer->link);
    } else {
        transfer = container_of(session->idle.next, struct transfer, link);
        list_remove(&transfer->link);
    }
    http_request_reset(&transfer->request);
    http_request_inherit(&transfer->request, &session->defaults);
    transfer->on_exchange = NULL;
    transfer->on_done = NULL;
    transfer->on_data = NULL;
    transfer->data = NULL;
    list_append(&session->active, &transfer->link);
    return transfer;
}

static void
clear_outcome(struct transfer *transfer)
{
    http_response_reset(&transfer->response);
    transfer->fault = FAULT_NONE;
    transfer->fault_message[0] = '\0';
    transfer->fault_phase = NULL;
    transfer->fault_code = 0;
    transfer->timings = (struct transfer_timings){
        .dns = -1,
        .connect = -1,
        .tls = -1,
        .send = -1,
        .wait = -1,
        .receive = -1,
        .duration = -1,
    };
    transfer->truncated = false;
    transfer->sends = 0;
    transfer->challenges = 0;
    transfer->bytes_sent = 0;
    transfer->bytes_received = 0;
    transfer->ended_at = 0;
}

static void
start_hop(struct transfer *transfer, nsec_t now)
{
    struct session *session = transfer->session;
    clear_outcome(transfer);
    transfer->started_at = now;
    of_transfer(transfer)->performing = true;
    wire_view_begin(transfer, session->viewer);
    session->transport->ops->start(session->client, transfer, on_end);
}

void
session_send(struct transfer *transfer)
{
    struct session_transfer *own = of_transfer(transfer);
    assert(!own->performing);
    assert(transfer->on_exchange != NULL && transfer->on_done != NULL);
    assert(transfer->on_data != NULL || !transfer->request.streams);
    transfer->redirects_left = transfer->request.max_redirects;
    transfer->redirects_followed = 0;
    buf_clear(&transfer->history);
    nsec_t now = clock_now();
    transfer->deadline = nsec_add(now, transfer->request.timeout);
    start_hop(transfer, now);
}

/* True if the answer leads elsewhere and we may go; where we want to go and
 * cannot, the fault is set. */
static bool
may_follow(struct transfer *transfer)
{
    if (transfer->fault != FAULT_NONE || !redirect_is_hop(transfer))
        return false;
    struct err err;
    if (!redirect_check(transfer, &err))
        transfer_fail(transfer, FAULT_REDIRECT, "receive", "%.200s",
                      err.message);
    else if (clock_now() >= transfer->deadline)
        transfer_fail(transfer, FAULT_TIMEOUT, "receive",
                      "no time was left to follow a redirect");
    else
        return true;
    return false;
}

static void
on_end(struct transfer *transfer)
{
    struct session_transfer *own = of_transfer(transfer);
    own->performing = false;
    if (transfer->fault == FAULT_NONE)
        transfer->session->last_done_at = transfer->ended_at;

    bool follow = may_follow(transfer);
    wire_view_end(transfer, transfer->session->viewer, false);
    transfer->on_exchange(transfer);
    if (!follow) {
        transfer->on_done(transfer);
        return;
    }
    redirect_follow(transfer);
    start_hop(transfer, clock_now());
}

static void
on_connect_end(struct transfer *transfer)
{
    struct session_transfer *own = of_transfer(transfer);
    own->performing = false;
    own->on_connected(transfer);
}

void
session_connect(struct transfer *transfer,
                void (*on_connected)(struct transfer *transfer))
{
    struct session_transfer *own = of_transfer(transfer);
    struct session *session = transfer->session;
    const struct transport_ops *ops = session->transport->ops;
    assert(!own->performing && transfer->on_exchange != NULL);
    transfer->redirects_left = 0;
    transfer->redirects_followed = 0;
    buf_clear(&transfer->history);
    own->on_connected = on_connected;
    clear_outcome(transfer);
    transfer->stream = NULL;
    transfer->started_at = clock_now();
    transfer->deadline =
        nsec_add(transfer->started_at, transfer->request.timeout);
    wire_view_begin(transfer, session->viewer);
    if (ops->connect == NULL) {
        transfer_fail(
            transfer, FAULT_CONNECT, "connect",
            "a simulated run has no WebSockets: run it without --sim");
        transfer->ended_at = transfer->started_at;
        on_connected(transfer);
        return;
    }
    own->performing = true;
    ops->connect(session->client, transfer, on_connect_end);
}

void
session_finish(struct transfer *transfer)
{
    bool aborted =
        transfer->fault == FAULT_NONE && transfer->response.status == 0;
    if (transfer->fault == FAULT_NONE && !aborted)
        transfer->session->last_done_at = transfer->ended_at;
    wire_view_end(transfer, transfer->session->viewer, aborted);
    transfer->on_exchange(transfer);
}

const struct transport_ops *
session_transport(const struct session *session)
{
    return session->transport->ops;
}

void
session_hold_stream(struct session *session)
{
    session->streams++;
}

void
session_drop_stream(struct session *session)
{
    assert(session->streams > 0);
    session->streams--;
}

void
session_cancel(struct transfer *transfer)
{
    struct session_transfer *own = of_transfer(transfer);
    if (!own->performing)
        return;
    struct session *session = transfer->session;
    session->transport->ops->cancel(session->client, transfer);
    own->performing = false;
    transfer->response.status = 0;
    wire_view_end(transfer, session->viewer, true);
    if (transfer->sends > 0)
        transfer->on_exchange(transfer);
}

void
session_resume(struct transfer *transfer)
{
    const struct transport_ops *ops = transfer->session->transport->ops;
    if (of_transfer(transfer)->performing && ops->resume != NULL)
        ops->resume(transfer->session->client, transfer);
}

void
session_end(struct transfer *transfer, enum transfer_fault fault,
            const char *message)
{
    struct session_transfer *own = of_transfer(transfer);
    if (!own->performing)
        return;
    struct session *session = transfer->session;
    session->transport->ops->cancel(session->client, transfer);
    own->performing = false;
    if (fault != FAULT_NONE)
        transfer_fail(transfer, fault, transfer->fault_phase, "%.200s",
                      message);
    else
        transfer->truncated = true;
    if (fault == FAULT_NONE && transfer->response.status != 0)
        session->last_done_at = transfer->ended_at;
    wire_view_end(transfer, session->viewer, false);
    if (transfer->sends > 0 || fault != FAULT_NONE)
        transfer->on_exchange(transfer);
}

static void
trim_buffer(struct buf *buf)
{
    if (buf->capacity > KEEP_BYTES)
        buf_finish(buf);
    else
        buf_clear(buf);
}

void
session_release(struct transfer *transfer)
{
    assert(!of_transfer(transfer)->performing);
    trim_buffer(&transfer->request.url);
    trim_buffer(&transfer->request.headers);
    http_request_drop_body(&transfer->request);
    trim_buffer(&transfer->request.body);
    trim_buffer(&transfer->request.name);
    trim_buffer(&transfer->response.headers);
    trim_buffer(&transfer->response.body);
    trim_buffer(&transfer->response.redirect_url);
    trim_buffer(&transfer->history);
    list_remove(&transfer->link);
    list_prepend(&transfer->session->idle, &transfer->link);
}

nsec_t
session_last_done_at(const struct session *session)
{
    return session->last_done_at;
}
