#include "serve/delays.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"

struct delays {
    struct loop *loop;
    struct loop_io *wake_io;
    int wake_fd;
    struct list armed; /* loop thread only */

    pthread_mutex_t mutex;
    struct list added; /* not yet seen by the loop */
    bool closed;
};

static void
resume(struct delay *delay)
{
    list_remove(&delay->link);
    delay->over = true;
    MHD_resume_connection(delay->connection);
}

static void
on_expire(struct timer *timer)
{
    resume(container_of(timer, struct delay, timer));
}

static void
on_added(void *data, int fd, int events)
{
    struct delays *delays = data;
    uint64_t ignored;
    if (read(fd, &ignored, sizeof(ignored)) < 0)
        return;
    struct list added;
    list_init(&added);
    pthread_mutex_lock(&delays->mutex);
    list_splice(&added, &delays->added);
    pthread_mutex_unlock(&delays->mutex);
    list_for_each (it, &added) {
        struct delay *delay = container_of(it, struct delay, link);
        timer_init(&delay->timer, delays->loop, on_expire);
        timer_start(&delay->timer, delay->at);
    }
    list_splice(&delays->armed, &added);
}

struct delays *
delays_create(struct loop *loop, struct err *err)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        err_set(err, "cannot create an eventfd: %s", strerror(errno));
        return NULL;
    }
    struct delays *delays = xcalloc(1, sizeof(*delays));
    delays->loop = loop;
    delays->wake_fd = fd;
    list_init(&delays->armed);
    list_init(&delays->added);
    pthread_mutex_init(&delays->mutex, NULL);
    delays->wake_io = loop_io_create(loop, fd, LOOP_READ, on_added, delays);
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
        list_append(&delays->added, &delay->link);
    }
    pthread_mutex_unlock(&delays->mutex);
    if (closed)
        return false;
    /* Fails only when the counter is full, and then the loop is awake. */
    uint64_t one = 1;
    ssize_t written = write(delays->wake_fd, &one, sizeof(one));
    (void)written;
    return true;
}

void
delays_close(struct delays *delays)
{
    pthread_mutex_lock(&delays->mutex);
    delays->closed = true;
    while (!list_empty(&delays->added))
        resume(container_of(delays->added.next, struct delay, link));
    pthread_mutex_unlock(&delays->mutex);
    while (!list_empty(&delays->armed)) {
        struct delay *delay =
            container_of(delays->armed.next, struct delay, link);
        timer_stop(&delay->timer);
        resume(delay);
    }
}

void
delays_destroy(struct delays *delays)
{
    if (delays == NULL)
        return;
    loop_io_destroy(delays->wake_io);
    close(delays->wake_fd);
    pthread_mutex_destroy(&delays->mutex);
    free(delays);
}
