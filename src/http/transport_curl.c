#include "http/transport.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "http/curl_impl.h"

/* Connections a worker keeps; more are closed when they fall idle. */
enum { CONNECTIONS_KEPT = 8 };

static struct curl_transport *
of_transport(struct transport *transport)
{
    return container_of(transport, struct curl_transport, base);
}

static struct transport *
create(struct loop *loop, const struct transport_config *config,
       struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(err, "libcurl could not be initialised");
        return NULL;
    }
    CURLSH *share = curl_share_init();
    if (share == NULL) {
        curl_global_cleanup();
        err_set(err, "libcurl could not create its name cache");
        return NULL;
    }
    /* One thread uses it, so it needs no lock functions. */
    curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    struct curl_transport *transport = xcalloc(1, sizeof(*transport));
    *transport = (struct curl_transport){
        .base.ops = &transport_curl,
        .loop = loop,
        .config = *config,
        .share = share,
        .gate = resolve_gate_create(),
    };
    return &transport->base;
}

static void
destroy(struct transport *base)
{
    if (base == NULL)
        return;
    struct curl_transport *transport = of_transport(base);
    resolve_gate_destroy(transport->gate);
    curl_share_cleanup(transport->share);
    curl_global_cleanup();
    free(transport);
}

void
exchange_leave_multi(struct exchange *x)
{
    bool attempts = exchange_has_attempts(x);
    curl_socket_t connection = CURL_SOCKET_BAD;
    /* Not known any more once the handle is removed. */
    if (attempts)
        curl_easy_getinfo(x->easy, CURLINFO_ACTIVESOCKET, &connection);
    curl_multi_remove_handle(x->client->multi, x->easy);
    x->in_multi = false;
    if (attempts)
        exchange_settle_attempts(x, connection);
}

/* The transfer is over for us; `x` may be used by the next one at once. */
static struct transfer *
detach(struct exchange *x)
{
    struct transport_client *client = x->client;
    struct transfer *transfer = x->transfer;
    if (x->in_multi)
        exchange_leave_multi(x);
    loop_unpost(client->transport->loop, &x->go);
    timer_stop(&x->gate_timer);
    resolve_leave(&x->ticket);
    transfer->transport_data = NULL;
    x->transfer = NULL;
    client->active--;
    /* What a stream has set is in the way of requests. */
    if (x->connect_only)
        exchange_destroy(x);
    else
        list_prepend(&client->idle, &x->link);
    return transfer;
}

/* Never from within a callback of libcurl: on_end may start or cancel other
 * transfers of this client. */
static void
end(struct exchange *x)
{
    void (*on_end)(struct transfer *) = x->on_end;
    on_end(detach(x));
}

static void
reap(struct transport_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        /* The message dies with the handle's removal. */
        CURLcode code = message->data.result;
        struct exchange *x = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x);
        if (x->connect_only && code == CURLE_OK) {
            exchange_become_stream(x);
            continue;
        }
        exchange_fill_result(x, code);
        end(x);
    }
}

static void
drive(struct transport_client *client, curl_socket_t fd, int events)
{
    int running;
    client->drives++;
    curl_multi_socket_action(client->multi, fd, events, &running);
    reap(client);
}

static void
on_kick(struct job *job)
{
    drive(container_of(job, struct transport_client, kick), CURL_SOCKET_TIMEOUT,
          0);
}

static void
on_timer(struct timer *timer)
{
    drive(container_of(timer, struct transport_client, timer),
          CURL_SOCKET_TIMEOUT, 0);
}

static int
on_multi_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct transport_client *client = user;
    struct loop *loop = client->transport->loop;
    if (timeout_ms == 0) {
        timer_stop(&client->timer);
        loop_post(loop, &client->kick);
        return 0;
    }
    loop_unpost(loop, &client->kick);
    if (timeout_ms < 0)
        timer_stop(&client->timer);
    else
        timer_start(&client->timer,
                    clock_now() + (nsec_t)timeout_ms * NSEC_PER_MSEC);
    return 0;
}

void
client_on_io(void *user, int fd, int events)
{
    int mask = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
               (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    drive(user, fd, mask);
}

static struct transport_client *
client_create(struct transport *base)
{
    struct transport_client *client = xcalloc(1, sizeof(*client));
    client->transport = of_transport(base);
    timer_init(&client->timer, client->transport->loop, on_timer);
    job_init(&client->kick, on_kick);
    list_init(&client->idle);
    return client;
}

static void
client_destroy(struct transport_client *client)
{
    if (client == NULL)
        return;
    assert(client->active == 0);
    list_for_each (it, &client->idle)
        exchange_destroy(container_of(it, struct exchange, link));
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    loop_unpost(client->transport->loop, &client->kick);
    timer_stop(&client->timer);
    client_forget_sockets(client);
    cookie_jar_finish(&client->jar);
    free(client);
}

static bool
open_multi(struct transport_client *client)
{
    if (client->multi != NULL)
        return true;
    CURLM *multi = curl_multi_init();
    if (multi == NULL)
        return false;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, client_on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_multi_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    client->multi = multi;
    return true;
}

static void
launch(struct exchange *x)
{
    struct transport_client *client = x->client;
    if (!exchange_prepare(x)) {
        end(x);
        return;
    }
    if (x->connect_only)
        exchange_prepare_stream(x);
    if (!open_multi(client) ||
        curl_multi_add_handle(client->multi, x->easy) != CURLM_OK) {
        exchange_fail(x, FAULT_GENERATOR, ENOMEM, "connect",
                      "this machine is out of memory or descriptors");
        end(x);
        return;
    }
    x->in_multi = true;
    /* libcurl asked to be called at once: do, instead of a turn later. */
    loop_unpost(client->transport->loop, &client->kick);
    x->seen.launched_at = clock_now();
    x->seen.launch = client->drives + 1;
    drive(client, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_go_job(struct job *job)
{
    struct exchange *x = container_of(job, struct exchange, go);
    timer_stop(&x->gate_timer);
    x->seen.gate_time = clock_now() - x->transfer->started_at;
    launch(x);
}

/* Called from within a callback of libcurl, for another worker's client. */
static void
on_gate_open(struct resolve_ticket *ticket)
{
    struct exchange *x = container_of(ticket, struct exchange, ticket);
    loop_post(x->client->transport->loop, &x->go);
}

static void
on_gate_timeout(struct timer *timer)
{
    struct exchange *x = container_of(timer, struct exchange, gate_timer);
    exchange_fail_in_gate(x);
    end(x);
}

static struct exchange *
take_exchange(struct transport_client *client, bool fresh)
{
    if (!fresh && !list_empty(&client->idle)) {
        struct exchange *x =
            container_of(client->idle.next, struct exchange, link);
        list_remove(&x->link);
        return x;
    }
    struct exchange *x = exchange_create(client);
    if (x == NULL)
        return NULL;
    job_init(&x->go, on_go_job);
    timer_init(&x->gate_timer, client->transport->loop, on_gate_timeout);
    x->ticket.on_go = on_gate_open;
    return x;
}

static void
start_exchange(struct transport_client *client, struct transfer *transfer,
               bool connect_only, void (*on_end)(struct transfer *transfer))
{
    struct exchange *x = take_exchange(client, connect_only);
    if (x == NULL) {
        transfer_fail(transfer, FAULT_GENERATOR, "connect",
                      "this machine is out of memory");
        transfer->fault_code = ENOMEM;
        on_end(transfer);
        return;
    }
    x->transfer = transfer;
    x->on_end = on_end;
    x->connect_only = connect_only;
    x->seen = (struct exchange_seen){.content_length = -1};
    x->error[0] = '\0';
    x->body_error[0] = '\0';
    transfer->transport_data = x;
    client->active++;
    if (x->name_known && exchange_has_url(x)) {
        launch(x);
        return;
    }
    bool go = resolve_enter(client->transport->gate, &x->ticket,
                            transfer->request.url.data);
    x->name_known = go && x->ticket.host == NULL;
    if (go) {
        launch(x);
        return;
    }
    nsec_t connected =
        nsec_add(transfer->started_at, transfer->request.connect_timeout);
    timer_start(&x->gate_timer, connected < transfer->deadline
                                    ? connected
                                    : transfer->deadline);
}

static void
start(struct transport_client *client, struct transfer *transfer,
      void (*on_end)(struct transfer *transfer))
{
    start_exchange(client, transfer, false, on_end);
}

static void
connect_stream(struct transport_client *client, struct transfer *transfer,
               void (*on_end)(struct transfer *transfer))
{
    start_exchange(client, transfer, true, on_end);
}

static void
cancel(struct transport_client *client, struct transfer *transfer)
{
    struct exchange *x = transfer->transport_data;
    assert(x != NULL && x->client == client);
    exchange_fill_measurements(x, clock_now() - transfer->started_at);
    exchange_save_cookies(x);
    detach(x);
}

static void
resume(struct transport_client *client, struct transfer *transfer)
{
    struct exchange *x = transfer->transport_data;
    if (!x->seen.paused)
        return;
    x->seen.paused = false;
    /* Hands over what it holds back from within, and does not tell the multi
     * if that fails. */
    CURLcode code = curl_easy_pause(x->easy, CURLPAUSE_CONT);
    if (code != CURLE_OK) {
        exchange_fill_result(x, code);
        end(x);
    }
}

static void
each_cookie(struct transport_client *client, http_cookie_fn *visit, void *data)
{
    cookie_jar_each(&client->jar, time(NULL), visit, data);
}

static void
set_cookie(struct transport_client *client, const struct http_cookie *cookie)
{
    cookie_jar_set(&client->jar, cookie);
}

const char *
transport_curl_version(void)
{
    return curl_version();
}

const struct transport_ops transport_curl = {
    .name = "libcurl",
    .create = create,
    .destroy = destroy,
    .client_create = client_create,
    .client_destroy = client_destroy,
    .start = start,
    .cancel = cancel,
    .connect = connect_stream,
    .stream_send = curl_stream_send,
    .stream_receive = curl_stream_receive,
    .stream_error = curl_stream_error,
    .stream_watch = curl_stream_watch,
    .stream_close = curl_stream_close,
    .resume = resume,
    .each_cookie = each_cookie,
    .set_cookie = set_cookie,
};
