/* The sockets of a client's connections: opened and closed here, so that errno
 * is known, and watched from one request to the next. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/curl_impl.h"

static struct curl_socket *
find_socket(struct transport_client *client, int fd)
{
    for (size_t i = 0; i < client->socket_count; i++)
        if (client->sockets[i].fd == fd)
            return &client->sockets[i];
    return NULL;
}

static void
forget_socket(struct transport_client *client, struct curl_socket *own)
{
    loop_io_destroy(own->io);
    *own = client->sockets[--client->socket_count];
}

bool
exchange_has_attempts(const struct exchange *x)
{
    const struct transport_client *client = x->client;
    for (size_t i = 0; i < client->socket_count; i++)
        if (client->sockets[i].opener == x)
            return true;
    return false;
}

void
exchange_settle_attempts(struct exchange *x, curl_socket_t connection)
{
    struct transport_client *client = x->client;
    /* From the end, as a forgotten one is replaced by the last. */
    for (size_t i = client->socket_count; i-- > 0;) {
        struct curl_socket *own = &client->sockets[i];
        if (own->opener != x)
            continue;
        if (own->fd == connection)
            own->opener = NULL;
        else
            forget_socket(client, own);
    }
}

/* libcurl is done with it for now: it is a connection kept for the next
 * request, or an attempt that may be closed already. */
static void
rest_socket(struct curl_socket *own)
{
    own->events = 0;
    if (own->io == NULL)
        return;
    if (own->opener == NULL) {
        loop_io_update(own->io, 0);
        return;
    }
    loop_io_destroy(own->io);
    own->io = NULL;
}

/* Connections are ours (client_open_socket) and keep a paused watcher; other
 * descriptors are libcurl's own, closed without telling us. */
int
client_on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                 void *known)
{
    struct transport_client *client = user;
    struct curl_socket *own = find_socket(client, fd);
    struct loop_io *io = own != NULL ? own->io : known;
    if (what == CURL_POLL_REMOVE) {
        if (own != NULL)
            rest_socket(own);
        else
            loop_io_destroy(io);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? LOOP_READ : 0) |
                 (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
    if (io != NULL)
        loop_io_update(io, events);
    else
        io = loop_io_create(client->transport->loop, fd, events, client_on_io,
                            client);
    if (own == NULL) {
        curl_multi_assign(client->multi, fd, io);
        return 0;
    }
    own->io = io;
    own->events = events;
    struct exchange *x = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x);
    if (x == NULL)
        return 0;
    if (x->seen.prereq_at != 0)
        own->opener = NULL;
    else if (what & CURL_POLL_IN)
        exchange_note_handshake(x);
    /* With nothing left to write, the request is on its way. */
    exchange_note_handover(x, what == CURL_POLL_IN);
    return 0;
}

static void
remember_socket(struct exchange *x, int fd)
{
    struct transport_client *client = x->client;
    struct curl_socket *own = find_socket(client, fd);
    if (own != NULL) {
        /* An attempt closed behind our back, whose number comes back before
         * CURL_POLL_REMOVE. libcurl compares only the numbers, and does not
         * ask again for what it asked of the old one. */
        own->opener = x;
        if (own->io == NULL)
            return;
        loop_io_destroy(own->io);
        own->io = loop_io_create(client->transport->loop, fd, own->events,
                                 client_on_io, client);
        return;
    }
    if (client->socket_count == client->socket_capacity) {
        size_t capacity = client->socket_capacity * 2 + 1;
        client->sockets =
            xrealloc(client->sockets, capacity * sizeof(*client->sockets));
        client->socket_capacity = capacity;
    }
    client->sockets[client->socket_count++] =
        (struct curl_socket){.fd = fd, .opener = x};
}

curl_socket_t
client_open_socket(void *user, curlsocktype purpose,
                   struct curl_sockaddr *address)
{
    struct exchange *x = user;
    resolve_done(&x->ticket);
    if (x->seen.opened_at == 0 && x->seen.prereq_at == 0)
        x->seen.opened_at = clock_now();
    if (address->addrlen <= sizeof(x->address)) {
        memcpy(&x->address, &address->addr, address->addrlen);
        x->seen.address_size = (socklen_t)address->addrlen;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0) {
        x->seen.socket_errno = errno;
        return CURL_SOCKET_BAD;
    }
    x->seen.socket_errno = 0;
    remember_socket(x, fd);
    return fd;
}

int
client_close_socket(void *user, curl_socket_t fd)
{
    struct transport_client *client = user;
    struct curl_socket *own = find_socket(client, fd);
    if (own != NULL)
        forget_socket(client, own);
    return close(fd);
}

void
client_forget_sockets(struct transport_client *client)
{
    while (client->socket_count > 0)
        forget_socket(client, &client->sockets[0]);
    free(client->sockets);
}
