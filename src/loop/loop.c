#include "loop/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "loop/impl.h"

struct loop_io {
    ev_io watcher;
    bool paused; /* libev may not know yet */
    struct loop *loop;
    void (*on_ready)(void *data, int fd, int events);
    void *data;
};

/* The two hooks around the poll system call measure how long the loop was away
 * from it. */
static void
on_poll_begin(struct ev_loop *ev)
{
    struct loop *loop = ev_userdata(ev);
    if (loop->turn_started == 0)
        return;
    nsec_t turn = clock_now() - loop->turn_started;
    if (turn > loop->max_turn)
        loop->max_turn = turn;
}

static void
on_poll_end(struct ev_loop *ev)
{
    struct loop *loop = ev_userdata(ev);
    loop->turn_started = clock_now();
}

static void
on_pending(struct ev_loop *ev)
{
    struct loop *loop = ev_userdata(ev);
    if (ev_pending_count(ev) > 0)
        loop->busy_poll.found = true;
    ev_invoke_pending(ev);
}

static void
on_nothing(struct ev_loop *ev, ev_async *wake, int revents)
{
}

/* What wakes the loop from other threads and signal handlers is a descriptor
 * that libev opens when it first needs it, and without which it aborts. */
static bool
can_be_woken(struct ev_loop *ev)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0)
        return false;
    close(fd);
    ev_async wake;
    ev_async_init(&wake, on_nothing);
    ev_async_start(ev, &wake);
    ev_async_stop(ev, &wake);
    return true;
}

struct loop *
loop_create(struct err *err)
{
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (ev == NULL || !can_be_woken(ev)) {
        if (ev != NULL)
            ev_loop_destroy(ev);
        err_set(err, "cannot create an event loop: no backend available "
                     "(is the descriptor limit, 'ulimit -n', used up?)");
        return NULL;
    }
    struct loop *loop = xcalloc(1, sizeof(*loop));
    *loop = (struct loop){
        .ev = ev,
        .owner = pthread_self(),
        .alarm_at = NSEC_NEVER,
    };
    list_init(&loop->ready);
    list_init(&loop->batch);
    ev_init(&loop->alarm, loop_on_alarm);
    ev_set_userdata(ev, loop);
    ev_set_loop_release_cb(ev, on_poll_begin, on_poll_end);
    ev_set_invoke_pending_cb(ev, on_pending);
    /* libev does not block while it has no watcher at all; the loop must. */
    ev_ref(ev);
    return loop;
}

void
loop_destroy(struct loop *loop)
{
    if (loop == NULL)
        return;
    loop_assert_owner(loop);
    assert(!loop_has_jobs(loop));
    assert(heap_first(&loop->timers) == NULL);
    ev_timer_stop(loop->ev, &loop->alarm);
    ev_unref(loop->ev);
    ev_loop_destroy(loop->ev);
    heap_finish(&loop->timers);
    free(loop);
}

static void
run_batch(struct loop *loop)
{
    list_splice(&loop->batch, &loop->ready);
    while (!list_empty(&loop->batch)) {
        struct job *job = container_of(loop->batch.next, struct job, link);
        list_remove(&job->link);
        job->run(job);
    }
}

static void
poll_real(struct loop *loop)
{
    loop_arm_alarm(loop);
    if (loop_has_jobs(loop))
        ev_run(loop->ev, EVRUN_NOWAIT);
    else
        loop_wait(loop);
}

void
loop_run(struct loop *loop)
{
    loop_assert_owner(loop);
    loop->stopping = false;
    while (!loop->stopping) {
        run_batch(loop);
        if (loop->hook != NULL)
            loop->hook(loop->hook_data);
        if (loop->stopping)
            break;
        if (clock_is_virtual())
            loop_poll_virtual(loop);
        else
            poll_real(loop);
    }
    loop->turn_started = 0;
}

void
loop_stop(struct loop *loop)
{
    loop_assert_owner(loop);
    loop->stopping = true;
}

void
loop_set_turn_hook(struct loop *loop, void (*hook)(void *data), void *data)
{
    loop_assert_owner(loop);
    loop->hook = hook;
    loop->hook_data = data;
}

void
job_init(struct job *job, void (*run)(struct job *job))
{
    *job = (struct job){.run = run};
    list_init(&job->link);
}

void
loop_post(struct loop *loop, struct job *job)
{
    loop_assert_owner(loop);
    if (!job_is_posted(job))
        list_append(&loop->ready, &job->link);
}

void
loop_unpost(struct loop *loop, struct job *job)
{
    loop_assert_owner(loop);
    list_remove(&job->link);
}

bool
job_is_posted(const struct job *job)
{
    return !list_empty(&job->link);
}

bool
loop_has_jobs(const struct loop *loop)
{
    return !list_empty(&loop->ready) || !list_empty(&loop->batch);
}

static int
to_ev(int events)
{
    return (events & LOOP_READ ? EV_READ : 0) |
           (events & LOOP_WRITE ? EV_WRITE : 0);
}

static void
on_io(struct ev_loop *ev, ev_io *watcher, int revents)
{
    struct loop_io *io = watcher->data;
    if (io->paused) {
        ev_io_stop(ev, watcher);
        return;
    }
    int events = (revents & EV_READ ? LOOP_READ : 0) |
                 (revents & EV_WRITE ? LOOP_WRITE : 0);
    /* The callback may destroy `io`. */
    io->on_ready(io->data, watcher->fd, events);
}

struct loop_io *
loop_io_create(struct loop *loop, int fd, int events,
               void (*on_ready)(void *data, int fd, int events), void *data)
{
    loop_assert_owner(loop);
    struct loop_io *io = xmalloc(sizeof(*io));
    *io = (struct loop_io){
        .paused = events == 0,
        .loop = loop,
        .on_ready = on_ready,
        .data = data,
    };
    ev_io_init(&io->watcher, on_io, fd, to_ev(events));
    io->watcher.data = io;
    if (events != 0)
        ev_io_start(loop->ev, &io->watcher);
    return io;
}

void
loop_io_update(struct loop_io *io, int events)
{
    loop_assert_owner(io->loop);
    io->paused = events == 0;
    /* Stopped only if something happens on it: most pauses are over before
     * that, and the kernel need not be told of either end. */
    if (io->paused)
        return;
    int wanted = to_ev(events);
    if (ev_is_active(&io->watcher) && io->watcher.events == wanted)
        return;
    ev_io_stop(io->loop->ev, &io->watcher);
    /* Unlike ev_io_set this keeps libev from telling the kernel again what it
     * already knows. */
    ev_io_modify(&io->watcher, wanted);
    ev_io_start(io->loop->ev, &io->watcher);
}

void
loop_io_destroy(struct loop_io *io)
{
    if (io == NULL)
        return;
    loop_assert_owner(io->loop);
    ev_io_stop(io->loop->ev, &io->watcher);
    free(io);
}

nsec_t
loop_take_max_turn(struct loop *loop)
{
    loop_assert_owner(loop);
    nsec_t max_turn = loop->max_turn;
    loop->max_turn = 0;
    return max_turn;
}

void
loop_library_version(char *out, size_t size)
{
    snprintf(out, size, "libev %d.%d", ev_version_major(), ev_version_minor());
}
