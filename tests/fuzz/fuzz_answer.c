#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "http/session.h"
#include "loop/loop.h"

/* A whole answer, sent by a server on the same loop that then ends the
 * connection: header blocks, framing, what is counted, redirects, cookies. */

const unsigned fuzz_default_runs = 5000;

static struct {
    struct loop *loop;
    struct transport *transport;
    struct session *session;
    struct loop_io *listening, *talking;
    int listener, peer;
    char url[64];
    const uint8_t *answer;
    size_t answer_size;
    bool done;
} fuzz = {.peer = -1};

static void
end_peer(void)
{
    if (fuzz.peer < 0)
        return;
    loop_io_destroy(fuzz.talking);
    close(fuzz.peer);
    fuzz.talking = NULL;
    fuzz.peer = -1;
}

/* One request, one answer. */
static void
on_peer(void *data, int fd, int events)
{
    char request[4096];
    if (recv(fd, request, sizeof(request), 0) <= 0) {
        end_peer();
        return;
    }
    /* Small enough for the buffers of the sockets. */
    if (send(fd, fuzz.answer, fuzz.answer_size, MSG_NOSIGNAL) < 0)
        end_peer();
    else
        shutdown(fd, SHUT_WR);
}

static void
on_listener(void *data, int fd, int events)
{
    int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (peer < 0)
        return;
    end_peer();
    fuzz.peer = peer;
    fuzz.talking = loop_io_create(fuzz.loop, peer, LOOP_READ, on_peer, NULL);
}

static void
listen_on_loopback(void)
{
    fuzz.listener =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    struct sockaddr *any = (struct sockaddr *)&address;
    FUZZ_CHECK(bind(fuzz.listener, any, size) == 0);
    FUZZ_CHECK(listen(fuzz.listener, 16) == 0);
    FUZZ_CHECK(getsockname(fuzz.listener, any, &size) == 0);
    snprintf(fuzz.url, sizeof(fuzz.url), "http://127.0.0.1:%d/dir/page",
             ntohs(address.sin_port));
    fuzz.listening =
        loop_io_create(fuzz.loop, fuzz.listener, LOOP_READ, on_listener, NULL);
}

void
fuzz_setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    fuzz.loop = loop_create(NULL);
    FUZZ_CHECK(fuzz.loop != NULL);
    struct transport_config config = {0};
    fuzz.transport = transport_curl.create(fuzz.loop, &config, NULL);
    FUZZ_CHECK(fuzz.transport != NULL);
    fuzz.session = session_create(fuzz.transport);
    session_configure(fuzz.session, &(struct session_defaults){
                                        .timeout = 10 * NSEC_PER_SEC,
                                        .max_redirects = 0,
                                    });
    listen_on_loopback();
}

void
fuzz_finish(void)
{
    end_peer();
    loop_io_destroy(fuzz.listening);
    close(fuzz.listener);
    session_destroy(fuzz.session);
    fuzz.transport->ops->destroy(fuzz.transport);
    loop_destroy(fuzz.loop);
}

static void
on_exchange(struct transfer *transfer)
{
    FUZZ_CHECK(transfer->timings.elapsed >= 0);
    if (transfer->fault != FAULT_NONE) {
        FUZZ_CHECK(transfer->fault_message[0] != '\0');
        FUZZ_CHECK(transfer->fault_phase != NULL);
        /* Nothing here lasts that long: the server has ended the connection. */
        FUZZ_CHECK(transfer->fault != FAULT_TIMEOUT);
    } else {
        FUZZ_CHECK(transfer->response.status > 0);
    }
}

static void
on_done(struct transfer *transfer)
{
    fuzz.done = true;
    loop_stop(fuzz.loop);
}

static void
look_at_cookie(void *data, const struct http_cookie *cookie)
{
    FUZZ_CHECK(cookie->name != NULL && cookie->value != NULL);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    fuzz.answer = data;
    fuzz.answer_size = size < 32 * 1024 ? size : 32 * 1024;
    struct transfer *transfer = session_begin(fuzz.session);
    transfer->on_exchange = on_exchange;
    transfer->on_done = on_done;
    struct http_request *request = &transfer->request;
    FUZZ_CHECK(
        http_request_set_url(request, NULL, fuzz.url, strlen(fuzz.url), NULL));
    FUZZ_CHECK(http_request_set_header(request, "Accept-Encoding", 15,
                                       "gzip, br", 8, NULL));
    request->max_body = 1024 * 1024;
    /* To see the Location without going there. */
    request->max_redirects = 0;
    fuzz.done = false;
    session_send(transfer);
    if (!fuzz.done)
        loop_run(fuzz.loop);
    session_release(transfer);
    session_each_cookie(fuzz.session, look_at_cookie, NULL);
    session_reset(fuzz.session, NULL);
    return 0;
}
