#include "loop/nudges.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loop/impl.h"

struct nudges {
    struct loop *loop;
    ev_async wake;
    void (*on_nudge)(void *data, int change);
    void *data;
    struct sigaction old_up, old_down;
};

/* What the handler may touch. */
static atomic_int pending;
static struct nudges *_Atomic current;

static void
handle_signal(int signo)
{
    int saved_errno = errno;
    atomic_fetch_add(&pending, signo == SIGUSR1 ? 1 : -1);
    struct nudges *nudges = atomic_load(&current);
    if (nudges != NULL)
        ev_async_send(nudges->loop->ev, &nudges->wake);
    errno = saved_errno;
}

static void
on_wake(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct nudges *nudges = wake->data;
    int change = atomic_exchange(&pending, 0);
    if (change != 0)
        nudges->on_nudge(nudges->data, change);
}

struct nudges *
nudges_create(struct loop *loop, void (*on_nudge)(void *data, int change),
              void *data)
{
    loop_assert_owner(loop);
    assert(atomic_load(&current) == NULL);
    struct nudges *nudges = xmalloc(sizeof(*nudges));
    *nudges = (struct nudges){
        .loop = loop,
        .on_nudge = on_nudge,
        .data = data,
    };
    atomic_store(&pending, 0);
    ev_async_init(&nudges->wake, on_wake);
    nudges->wake.data = nudges;
    ev_async_start(loop->ev, &nudges->wake);
    atomic_store(&current, nudges);
    struct sigaction action = {
        .sa_handler = handle_signal,
        .sa_flags = SA_RESTART,
    };
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, &nudges->old_up);
    sigaction(SIGUSR2, &action, &nudges->old_down);
    return nudges;
}

void
nudges_destroy(struct nudges *nudges)
{
    if (nudges == NULL)
        return;
    loop_assert_owner(nudges->loop);
    sigaction(SIGUSR1, &nudges->old_up, NULL);
    sigaction(SIGUSR2, &nudges->old_down, NULL);
    atomic_store(&current, NULL);
    ev_async_stop(nudges->loop->ev, &nudges->wake);
    free(nudges);
}
