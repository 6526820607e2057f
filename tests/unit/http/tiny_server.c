#include "tiny_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { CONNECTIONS_MAX = 64 };

enum after { KEEP, CLOSE, RESET, HANG };

struct connection {
    int fd;
    unsigned requests;
    bool hanging; /* never answers again */
    struct buf in;
};

struct tiny_server {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards counts */
    struct tiny_counts counts;
    int listener, port;
    int quit[2];
    struct connection connections[CONNECTIONS_MAX];
    size_t count;
};

/* "hello" as gzip. */
static const unsigned char gzipped[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
    0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
};

static void
answer(struct buf *out, int status, const char *headers, const void *body,
       size_t size)
{
    buf_printf(out, "HTTP/1.1 %d Whatever\r\n%sContent-Length: %zu\r\n\r\n",
               status, headers, size);
    buf_append(out, body, size);
}

/* Path of "GET /path HTTP/1.1". */
static void
read_path(const struct connection *c, char *path, size_t size)
{
    const char *start = strchr(c->in.data, ' ') + 1;
    size_t length = strcspn(start, " ");
    snprintf(path, size, "%.*s", (int)length, start);
}

static enum after
respond_redirect(const struct connection *c, const char *path,
                 size_t request_size, struct buf *out)
{
    int status = 0, left = 0;
    sscanf(path, "/redirect/%d/%d", &status, &left);
    if (left == 0) {
        answer(out, 200, "", c->in.data, request_size);
        return KEEP;
    }
    char location[64];
    snprintf(location, sizeof(location), "Location: /redirect/%d/%d\r\n",
             status, left - 1);
    answer(out, status, location, "", 0);
    return KEEP;
}

static enum after
respond(const struct connection *c, size_t request_size, struct buf *out)
{
    char path[512];
    read_path(c, path, sizeof(path));
    bool head = strncmp(c->in.data, "HEAD ", 5) == 0;
    int number;
    if (strcmp(path, "/first-only") == 0 && c->requests > 1)
        return CLOSE;
    if (strcmp(path, "/hello") == 0 || strcmp(path, "/first-only") == 0) {
        answer(out, 200, "X-One: 1\r\n", "hello", 5);
        if (head)
            out->size -= 5;
    } else if (strcmp(path, "/echo") == 0) {
        answer(out, 200, "", c->in.data, request_size);
    } else if (strcmp(path, "/close") == 0) {
        return CLOSE;
    } else if (strcmp(path, "/reset") == 0) {
        return RESET;
    } else if (strcmp(path, "/silent") == 0) {
        return HANG;
    } else if (strcmp(path, "/stall") == 0) {
        answer(out, 200, "", "0123456789", 10);
        out->size -= 5;
        return HANG;
    } else if (strcmp(path, "/truncated") == 0) {
        answer(out, 200, "", "0123456789", 10);
        out->size -= 5;
        return CLOSE;
    } else if (strcmp(path, "/garbage") == 0) {
        buf_append_str(out, "220 mail.example.com ready\r\n");
        return CLOSE;
    } else if (sscanf(path, "/bytes/%d", &number) == 1) {
        char *body = xcalloc(1, (size_t)number + 1);
        memset(body, 'b', (size_t)number);
        answer(out, 200, "", body, (size_t)number);
        free(body);
    } else if (strcmp(path, "/chunked") == 0) {
        buf_append_str(out, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                            "HTTP/1.1 200 OK\r\nX-Final: yes\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n"
                            "3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: t\r\n\r\n");
    } else if (strcmp(path, "/folded") == 0) {
        answer(out, 200, "X-Fold: a\r\n  b\r\nX-Next: c\r\n", "", 0);
    } else if (strcmp(path, "/gzip") == 0) {
        answer(out, 200, "Content-Encoding: gzip\r\n", gzipped,
               sizeof(gzipped));
    } else if (strcmp(path, "/bad-gzip") == 0) {
        answer(out, 200, "Content-Encoding: gzip\r\n", "this is not gzip", 16);
    } else if (sscanf(path, "/status/%d", &number) == 1) {
        answer(out, number, "", "", 0);
    } else if (strncmp(path, "/redirect/", 10) == 0) {
        return respond_redirect(c, path, request_size, out);
    } else if (strncmp(path, "/to?", 4) == 0) {
        char location[600];
        snprintf(location, sizeof(location), "Location: %s\r\n", path + 4);
        answer(out, 302, location, "", 0);
    } else {
        answer(out, 404, "", "", 0);
    }
    return KEEP;
}

static void
drop(struct tiny_server *server, struct connection *c, bool reset)
{
    struct linger linger = {.l_onoff = 1};
    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(c->fd);
    buf_finish(&c->in);
    *c = server->connections[--server->count];
}

/* Size of the first request received, 0 while it is incomplete. */
static size_t
complete_request(const struct buf *in)
{
    const char *end = in->size > 0 ? strstr(in->data, "\r\n\r\n") : NULL;
    if (end == NULL)
        return 0;
    size_t size = (size_t)(end + 4 - in->data);
    const char *length = strcasestr(in->data, "\r\nContent-Length:");
    if (length != NULL && length < end)
        size += (size_t)atol(length + 17);
    return in->size >= size ? size : 0;
}

/* False: the connection is gone. */
static bool
serve(struct tiny_server *server, struct connection *c)
{
    static char chunk[64 * 1024];
    ssize_t got = read(c->fd, chunk, sizeof(chunk));
    if (got <= 0) {
        drop(server, c, false);
        return false;
    }
    buf_append(&c->in, chunk, (size_t)got);
    pthread_mutex_lock(&server->mutex);
    server->counts.bytes_in += (uint64_t)got;
    pthread_mutex_unlock(&server->mutex);
    size_t size;
    while (!c->hanging && (size = complete_request(&c->in)) > 0) {
        c->requests++;
        struct buf out = {0};
        enum after after = respond(c, size, &out);
        pthread_mutex_lock(&server->mutex);
        server->counts.requests++;
        server->counts.bytes_out += out.size;
        pthread_mutex_unlock(&server->mutex);
        for (size_t sent = 0; sent < out.size;) {
            ssize_t n =
                send(c->fd, out.data + sent, out.size - sent, MSG_NOSIGNAL);
            if (n <= 0)
                break;
            sent += (size_t)n;
        }
        buf_finish(&out);
        if (after == CLOSE || after == RESET) {
            drop(server, c, after == RESET);
            return false;
        }
        c->hanging = after == HANG;
        memmove(c->in.data, c->in.data + size, c->in.size - size + 1);
        c->in.size -= size;
    }
    return true;
}

static void
accept_one(struct tiny_server *server)
{
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0)
        return;
    assert(server->count < CONNECTIONS_MAX);
    server->connections[server->count++] = (struct connection){.fd = fd};
    pthread_mutex_lock(&server->mutex);
    server->counts.connections++;
    pthread_mutex_unlock(&server->mutex);
}

static void *
run(void *user)
{
    struct tiny_server *server = user;
    for (;;) {
        struct pollfd fds[CONNECTIONS_MAX + 2];
        size_t count = server->count;
        for (size_t i = 0; i < count; i++)
            fds[i] = (struct pollfd){.fd = server->connections[i].fd,
                                     .events = POLLIN};
        fds[count] = (struct pollfd){.fd = server->listener, .events = POLLIN};
        fds[count + 1] =
            (struct pollfd){.fd = server->quit[0], .events = POLLIN};
        poll(fds, count + 2, -1);
        if (fds[count + 1].revents != 0)
            return NULL;
        /* From the end, as a dropped one is replaced by the last. */
        for (size_t i = count; i-- > 0;)
            if (fds[i].revents != 0)
                serve(server, &server->connections[i]);
        if (fds[count].revents != 0)
            accept_one(server);
    }
}

struct tiny_server *
tiny_server_start(void)
{
    struct tiny_server *server = xcalloc(1, sizeof(*server));
    pthread_mutex_init(&server->mutex, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    void *raw = &address;
    if (bind(server->listener, raw, size) != 0 ||
        listen(server->listener, CONNECTIONS_MAX) != 0 ||
        getsockname(server->listener, raw, &size) != 0 ||
        pipe(server->quit) != 0 ||
        pthread_create(&server->thread, NULL, run, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    return server;
}

void
tiny_server_stop(struct tiny_server *server)
{
    if (write(server->quit[1], "q", 1) != 1)
        abort();
    pthread_join(server->thread, NULL);
    while (server->count > 0)
        drop(server, &server->connections[0], false);
    close(server->listener);
    close(server->quit[0]);
    close(server->quit[1]);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

int
tiny_server_port(const struct tiny_server *server)
{
    return server->port;
}

struct tiny_counts
tiny_server_counts(struct tiny_server *server)
{
    pthread_mutex_lock(&server->mutex);
    struct tiny_counts counts = server->counts;
    pthread_mutex_unlock(&server->mutex);
    return counts;
}
