#include "serve/serve.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "serve/request.h"
#include "serve/websockets.h"

#define LISTEN_BACKLOG 4096
/* Descriptors that are no connections: listener, epoll, eventfds, stdio. */
#define SPARE_FDS 64

struct serve {
    struct loop *loop;
    struct signals *signals;
    struct target target;
    struct MHD_Daemon *daemon;
    uint16_t port;
};

static void
on_signal(void *data)
{
    struct serve *serve = data;
    loop_stop(serve->loop);
}

static int
listen_on(const struct addrinfo *address)
{
    int fd = socket(address->ai_family,
                    address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    address->ai_protocol);
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

/* A socket of our own, because libmicrohttpd does not say why it could not
 * listen. */
static int
open_listener(const char *host, uint16_t port, struct err *err)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    struct addrinfo *addresses;
    int status = getaddrinfo(host, service, &hints, &addresses);
    if (status != 0) {
        err_set(err, "cannot listen on '%s': %s", host, gai_strerror(status));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *a = addresses; a != NULL && fd < 0;
         a = a->ai_next)
        fd = listen_on(a);
    if (fd < 0)
        err_set(err, "cannot listen on %s port %u: %s%s", host, (unsigned)port,
                strerror(errno),
                errno == EADDRINUSE ? " (--port 0 takes a free one)" : "");
    freeaddrinfo(addresses);
    return fd;
}

static uint16_t
bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } address = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof(address);
    if (getsockname(fd, &address.any, &size) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
                                                   : address.v4.sin_port);
}

static unsigned
connection_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur <= 2 * SPARE_FDS)
        return SPARE_FDS;
    return limit.rlim_cur < 1000000 ? (unsigned)limit.rlim_cur - SPARE_FDS
                                    : 1000000;
}

static bool
start_daemon(struct serve *serve, const struct serve_config *config, int fd,
             struct err *err)
{
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, config->workers, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    /* A pool of one is no pool to libmicrohttpd. */
    if (config->workers < 2)
        pool[0] = pool[1];
    serve->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
            MHD_ALLOW_UPGRADE,
        0, NULL, NULL, request_on_access, &serve->target,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
        request_on_uri, &serve->target, MHD_OPTION_NOTIFY_COMPLETED,
        request_on_completed, &serve->target, MHD_OPTION_CONNECTION_LIMIT,
        connection_limit(), MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
    if (serve->daemon != NULL)
        return true;
    return err_set(err, "cannot start the server's threads");
}

struct serve *
serve_create(const struct serve_config *config, struct err *err)
{
    const char *host = config->host != NULL ? config->host : "127.0.0.1";
    int fd = open_listener(host, config->port, err);
    if (fd < 0)
        return NULL;
    struct serve *serve = xcalloc(1, sizeof(*serve));
    serve->port = bound_port(fd);
    serve->target.counts = counts_create();
    serve->target.pages = pages_create();
    serve->target.contests = contests_create();
    serve->target.chats = chats_create();
    pthread_mutex_init(&serve->target.rng_mutex, NULL);
    rng_init(&serve->target.rng, rng_fresh_seed(), 0);
    serve->loop = loop_create(err);
    if (serve->loop == NULL)
        goto failed;
    serve->target.delays = delays_create(serve->loop);
    serve->target.websockets =
        websockets_create(serve->loop, serve->target.counts);
    /* Before anybody knows the port, and so can send a signal. */
    serve->signals = signals_create(serve->loop, on_signal, serve);
    if (!start_daemon(serve, config, fd, err))
        goto failed;
    return serve;

failed:
    close(fd);
    serve_destroy(serve);
    return NULL;
}

uint16_t
serve_port(const struct serve *serve)
{
    return serve->port;
}

void
serve_wait(struct serve *serve)
{
    loop_run(serve->loop);
}

void
serve_destroy(struct serve *serve)
{
    if (serve == NULL)
        return;
    if (serve->daemon != NULL) {
        delays_close(serve->target.delays);
        websockets_close(serve->target.websockets);
        MHD_stop_daemon(serve->daemon);
    }
    signals_destroy(serve->signals);
    delays_destroy(serve->target.delays);
    websockets_destroy(serve->target.websockets);
    loop_destroy(serve->loop);
    pages_destroy(serve->target.pages);
    contests_destroy(serve->target.contests);
    chats_destroy(serve->target.chats);
    counts_destroy(serve->target.counts);
    pthread_mutex_destroy(&serve->target.rng_mutex);
    free(serve);
}

const char *
serve_library_version(void)
{
    return MHD_get_version();
}
