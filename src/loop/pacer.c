#include "loop/pacer.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"

struct pacer {
    int fd; /* -1: `timer` is used */
    struct loop_io *io;
    struct timer timer;
    nsec_t at;
    void (*on_due)(void *data);
    void *data;
};

static void
ring(struct pacer *pacer)
{
    pacer->at = NSEC_NEVER;
    pacer->on_due(pacer->data);
}

static void
on_timer(struct timer *timer)
{
    ring(container_of(timer, struct pacer, timer));
}

static void
on_ready(void *data, int fd, int events)
{
    struct pacer *pacer = data;
    /* It was moved after the poll had seen it. */
    if (clock_now() < pacer->at)
        return;
    ring(pacer);
    /* To arm it again silences it, too: nothing has to be read. */
    if (pacer->at == NSEC_NEVER)
        pacer_stop(pacer);
}

struct pacer *
pacer_create(struct loop *loop, void (*on_due)(void *data), void *data)
{
    struct pacer *pacer = xmalloc(sizeof(*pacer));
    *pacer = (struct pacer){
        .fd = clock_is_virtual()
                  ? -1
                  : timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
        .at = NSEC_NEVER,
        .on_due = on_due,
        .data = data,
    };
    timer_init(&pacer->timer, loop, on_timer);
    if (pacer->fd >= 0)
        pacer->io = loop_io_create(loop, pacer->fd, LOOP_READ, on_ready, pacer);
    return pacer;
}

void
pacer_destroy(struct pacer *pacer)
{
    if (pacer == NULL)
        return;
    timer_stop(&pacer->timer);
    loop_io_destroy(pacer->io);
    if (pacer->fd >= 0)
        close(pacer->fd);
    free(pacer);
}

void
pacer_start(struct pacer *pacer, nsec_t at)
{
    pacer->at = at;
    if (pacer->fd < 0) {
        timer_start(&pacer->timer, at);
        return;
    }
    /* All zero would stop it. */
    nsec_t when = at == NSEC_NEVER ? 0 : at > 0 ? at : 1;
    struct itimerspec spec = {
        .it_value.tv_sec = when / NSEC_PER_SEC,
        .it_value.tv_nsec = when % NSEC_PER_SEC,
    };
    timerfd_settime(pacer->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

void
pacer_stop(struct pacer *pacer)
{
    pacer_start(pacer, NSEC_NEVER);
}
