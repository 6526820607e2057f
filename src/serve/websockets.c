#include "serve/websockets.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <wslay/wslay.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

/* Of one message. */
#define MESSAGE_MAX (16 * 1024 * 1024)
/* Whoever has so much waiting for it is not read from until it reads. */
#define PAUSE_ABOVE (1024 * 1024)
/* Whoever does not read what others say is dropped. */
#define DROP_ABOVE (64 * 1024 * 1024)

struct websockets {
    struct loop *loop;
    struct counts *counts;
    struct mailbox *mailbox;
    struct list open; /* loop thread only */

    pthread_mutex_t mutex;
    bool closed;
};

struct connection {
    struct message message; /* on its way to the loop */
    struct list link;
    struct websockets *owner;
    struct MHD_UpgradeResponseHandle *handle;
    int fd;
    struct loop_io *io;
    wslay_event_context_ptr wslay;
    char *room;
    struct buf early;
    size_t early_used;
    bool over;
};

static void
leave(struct MHD_UpgradeResponseHandle *handle)
{
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static void
destroy(struct connection *c)
{
    list_remove(&c->link);
    loop_io_destroy(c->io);
    if (c->wslay != NULL)
        wslay_event_context_free(c->wslay);
    leave(c->handle);
    counts_add_websocket(c->owner->counts, COUNT_WEBSOCKET_CLOSED);
    buf_finish(&c->early);
    free(c->room);
    free(c);
}

static ssize_t
would_block(struct connection *c, ssize_t result)
{
    bool again = result < 0 && (errno == EAGAIN || errno == EINTR);
    wslay_event_set_error(c->wslay, again ? WSLAY_ERR_WOULDBLOCK
                                          : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t
on_recv(wslay_event_context_ptr wslay, uint8_t *out, size_t size, int flags,
        void *data)
{
    struct connection *c = data;
    size_t rest = c->early.size - c->early_used;
    if (rest > 0) {
        size = size < rest ? size : rest;
        memcpy(out, c->early.data + c->early_used, size);
        c->early_used += size;
        return (ssize_t)size;
    }
    ssize_t got = recv(c->fd, out, size, 0);
    return got > 0 ? got : would_block(c, got);
}

static ssize_t
on_send(wslay_event_context_ptr wslay, const uint8_t *bytes, size_t size,
        int flags, void *data)
{
    struct connection *c = data;
    int more = flags & WSLAY_MSG_MORE ? MSG_MORE : 0;
    ssize_t sent = send(c->fd, bytes, size, MSG_NOSIGNAL | more);
    return sent > 0 ? sent : would_block(c, sent);
}

static void
settle(struct connection *c)
{
    if (wslay_event_send(c->wslay) != 0)
        c->over = true;
    size_t waiting = wslay_event_get_queued_msg_length(c->wslay);
    if (waiting > DROP_ABOVE)
        c->over = true;
    bool reads = wslay_event_want_read(c->wslay) && waiting <= PAUSE_ABOVE;
    bool writes = wslay_event_want_write(c->wslay);
    if (!wslay_event_want_read(c->wslay) && !writes)
        c->over = true;
    loop_io_update(c->io, (reads ? LOOP_READ : 0) | (writes ? LOOP_WRITE : 0));
}

static void
pass_on(struct connection *to, const struct wslay_event_on_msg_recv_arg *got)
{
    struct wslay_event_msg message = {got->opcode, got->msg, got->msg_length};
    if (wslay_event_queue_msg(to->wslay, &message) == 0)
        counts_add_websocket(to->owner->counts, COUNT_WEBSOCKET_SENT);
}

static void
on_message(wslay_event_context_ptr wslay,
           const struct wslay_event_on_msg_recv_arg *got, void *data)
{
    struct connection *c = data;
    if (wslay_is_ctrl_frame(got->opcode))
        return;
    counts_add_websocket(c->owner->counts, COUNT_WEBSOCKET_RECEIVED);
    if (c->room[0] == '\0') {
        pass_on(c, got);
        return;
    }
    list_for_each (it, &c->owner->open) {
        struct connection *other = container_of(it, struct connection, link);
        if (strcmp(other->room, c->room) != 0)
            continue;
        pass_on(other, got);
        /* The sender's own is settled when all of its messages were read. */
        if (other != c)
            settle(other);
    }
}

static void
drop_those_over(struct websockets *websockets)
{
    list_for_each (it, &websockets->open) {
        struct connection *c = container_of(it, struct connection, link);
        if (c->over)
            destroy(c);
    }
}

static void
on_ready(void *data, int fd, int events)
{
    struct connection *c = data;
    if (events & LOOP_READ && wslay_event_recv(c->wslay) != 0)
        c->over = true;
    settle(c);
    drop_those_over(c->owner);
}

static void
on_added(void *data, struct message *message)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .on_msg_recv_callback = on_message,
    };
    struct connection *c = container_of(message, struct connection, message);
    struct websockets *websockets = data;
    list_append(&websockets->open, &c->link);
    if (wslay_event_context_server_init(&c->wslay, &callbacks, c) != 0) {
        destroy(c);
        return;
    }
    wslay_event_config_set_max_recv_msg_length(c->wslay, MESSAGE_MAX);
    c->io = loop_io_create(websockets->loop, c->fd, LOOP_READ, on_ready, c);
    if (c->early.size > 0)
        on_ready(c, c->fd, LOOP_READ);
}

struct websockets *
websockets_create(struct loop *loop, struct counts *counts)
{
    struct websockets *websockets = xcalloc(1, sizeof(*websockets));
    websockets->loop = loop;
    websockets->counts = counts;
    list_init(&websockets->open);
    pthread_mutex_init(&websockets->mutex, NULL);
    websockets->mailbox = mailbox_create(loop, on_added, websockets);
    return websockets;
}

void
websockets_add(struct websockets *websockets,
               struct MHD_UpgradeResponseHandle *handle, int fd,
               const char *room, const void *early, size_t early_size)
{
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    pthread_mutex_lock(&websockets->mutex);
    bool closed = websockets->closed;
    if (!closed) {
        struct connection *c = xmalloc(sizeof(*c));
        *c = (struct connection){
            .owner = websockets,
            .handle = handle,
            .fd = fd,
            .room = xstrdup(room),
        };
        list_init(&c->link);
        list_init(&c->message.link);
        if (early_size > 0)
            buf_append(&c->early, early, early_size);
        counts_add_websocket(websockets->counts, COUNT_WEBSOCKET_OPENED);
        struct outbox outbox;
        outbox_init(&outbox, websockets->mailbox);
        outbox_add(&outbox, &c->message);
        outbox_flush(&outbox);
    }
    pthread_mutex_unlock(&websockets->mutex);
    if (closed)
        leave(handle);
}

static void
drop_message(struct message *message)
{
    destroy(container_of(message, struct connection, message));
}

void
websockets_close(struct websockets *websockets)
{
    pthread_mutex_lock(&websockets->mutex);
    websockets->closed = true;
    pthread_mutex_unlock(&websockets->mutex);
    mailbox_destroy(websockets->mailbox, drop_message);
    websockets->mailbox = NULL;
    list_for_each (it, &websockets->open)
        destroy(container_of(it, struct connection, link));
}

void
websockets_destroy(struct websockets *websockets)
{
    if (websockets == NULL)
        return;
    mailbox_destroy(websockets->mailbox, drop_message);
    pthread_mutex_destroy(&websockets->mutex);
    free(websockets);
}
