#include "serve/delays.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loop/loop.h"

struct delays {
    struct loop *loop;
    struct mailbox *mailbox;
    struct list armed; /* loop thread only */

    pthread_mutex_t mutex;
    bool closed;
};

static void
resume(struct delay *delay)
{
    delay->over = true;
    MHD_resume_connection(delay->connection);
}

static void
on_expire(struct timer *timer)
{
    struct delay *delay = container_of(timer, struct delay, timer);
    list_remove(&delay->link);
    resume(delay);
}

static void
on_added(void *data, struct message *message)
{
    struct delays *delays = data;
    struct delay *delay = container_of(message, struct delay, message);
    list_append(&delays->armed, &delay->link);
    timer_init(&delay->timer, delays->loop, on_expire);
    timer_start(&delay->timer, delay->at);
}

struct delays *
delays_create(struct loop *loop)
{
    struct delays *delays = xcalloc(1, sizeof(*delays));
    delays->loop = loop;
    delays->mailbox = mailbox_create(loop, on_added, delays);
    list_init(&delays->armed);
    pthread_mutex_init(&delays->mutex, NULL);
    return delays;
}

bool
delays_add(struct delays *delays, struct delay *delay,
           struct MHD_Connection *connection, nsec_t at)
{
    pthread_mutex_lock(&delays->mutex);
    bool closed = delays->closed;
    if (!closed) {
        delay->connection = connection;
        delay->at = at;
        MHD_suspend_connection(connection);
        struct outbox outbox;
        outbox_init(&outbox, delays->mailbox);
        outbox_add(&outbox, &delay->message);
        outbox_flush(&outbox);
    }
    pthread_mutex_unlock(&delays->mutex);
    return !closed;
}

static void
drop_message(struct message *message)
{
    resume(container_of(message, struct delay, message));
}

void
delays_close(struct delays *delays)
{
    pthread_mutex_lock(&delays->mutex);
    delays->closed = true;
    pthread_mutex_unlock(&delays->mutex);
    mailbox_destroy(delays->mailbox, drop_message);
    delays->mailbox = NULL;
    while (!list_empty(&delays->armed)) {
        struct delay *delay =
            container_of(delays->armed.next, struct delay, link);
        timer_stop(&delay->timer);
        list_remove(&delay->link);
        resume(delay);
    }
}

void
delays_destroy(struct delays *delays)
{
    if (delays == NULL)
        return;
    mailbox_destroy(delays->mailbox, drop_message);
    pthread_mutex_destroy(&delays->mutex);
    free(delays);
}
