#include "loop/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/impl.h"

/* How long results may take to be saved. */
#define SAVE_PATIENCE (5 * NSEC_PER_SEC)

/* In the order of `old`. */
static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

struct signals {
    struct loop *loop;
    ev_async wake;
    void (*on_signal)(void *data);
    void *data;
    nsec_t patience; /* of the next */
    void (*on_overdue)(void *data);
    void *overdue_data;
    struct sigaction old[NUMBERS], old_pipe, old_alarm;
};

/* What the handler may touch: lock-free atomics only. */
static atomic_uint count;
static atomic_llong first_at, second_at;
static atomic_int first_number, overdue;
static struct signals *_Atomic current;

static void
arm_alarm(nsec_t after)
{
    struct itimerval timer = {
        .it_value.tv_sec = after / NSEC_PER_SEC,
        .it_value.tv_usec = after % NSEC_PER_SEC / NSEC_PER_USEC,
    };
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* The second alarm comes while the first is still in here. */
static void
handle_overdue(int signo)
{
    struct signals *signals = atomic_load(&current);
    if (signals != NULL && atomic_fetch_add(&overdue, 1) == 0) {
        arm_alarm(SAVE_PATIENCE);
        signals->on_overdue(signals->overdue_data);
    }
    _exit(128 + atomic_load(&first_number));
}

static void
handle_signal(int signo)
{
    int saved_errno = errno;
    struct signals *signals = atomic_load(&current);
    unsigned before = atomic_fetch_add(&count, 1);
    if (before == 0) {
        atomic_store(&first_at, clock_real_now());
        atomic_store(&first_number, signo);
    } else if (before == 1) {
        atomic_store(&second_at, clock_real_now());
        if (signals != NULL && signals->on_overdue != NULL)
            arm_alarm(signals->patience);
    }
    if (signals != NULL)
        ev_async_send(signals->loop->ev, &signals->wake);
    errno = saved_errno;
}

static void
on_wake(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct signals *signals = wake->data;
    signals->on_signal(signals->data);
}

struct signals *
signals_create(struct loop *loop, void (*on_signal)(void *data), void *data)
{
    loop_assert_owner(loop);
    assert(atomic_load(&current) == NULL);
    atomic_store(&count, 0);
    atomic_store(&first_at, 0);
    atomic_store(&first_number, 0);
    atomic_store(&overdue, 0);
    atomic_store(&second_at, 0);
    struct signals *signals = xmalloc(sizeof(*signals));
    *signals = (struct signals){
        .loop = loop,
        .on_signal = on_signal,
        .data = data,
    };
    ev_async_init(&signals->wake, on_wake);
    signals->wake.data = signals;
    ev_async_start(loop->ev, &signals->wake);
    atomic_store(&current, signals);

    struct sigaction action = {
        .sa_handler = handle_signal,
        .sa_flags = SA_RESTART,
    };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < NUMBERS; i++)
        sigaction(numbers[i], &action, &signals->old[i]);
    if (signals->old[NUMBERS - 1].sa_handler == SIG_IGN)
        sigaction(SIGHUP, &signals->old[NUMBERS - 1], NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, &signals->old_pipe);
    return signals;
}

void
signals_set_overdue(struct signals *signals, nsec_t patience,
                    void (*on_overdue)(void *data), void *data)
{
    signals->patience = patience;
    signals->on_overdue = on_overdue;
    signals->overdue_data = data;
    struct sigaction action = {
        .sa_handler = handle_overdue,
        .sa_flags = SA_NODEFER,
    };
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, &signals->old_alarm);
}

static void
ignore_one(int signo)
{
}

/* A signal that comes too late, as the test has ended meanwhile, by itself or
 * by the first one, must not end the process while results are being written.
 * The next one does. */
static void
restore(int signo, const struct sigaction *before)
{
    struct sigaction action = {
        .sa_handler = ignore_one,
        .sa_flags = SA_RESTART | (int)SA_RESETHAND,
    };
    sigemptyset(&action.sa_mask);
    bool spares = atomic_load(&count) <= 1 && before->sa_handler == SIG_DFL;
    sigaction(signo, spares ? &action : before, NULL);
}

void
signals_destroy(struct signals *signals)
{
    if (signals == NULL)
        return;
    loop_assert_owner(signals->loop);
    if (signals->on_overdue != NULL) {
        arm_alarm(0);
        sigaction(SIGALRM, &signals->old_alarm, NULL);
    }
    for (size_t i = 0; i < NUMBERS; i++)
        restore(numbers[i], &signals->old[i]);
    sigaction(SIGPIPE, &signals->old_pipe, NULL);
    atomic_store(&current, NULL);
    ev_async_stop(signals->loop->ev, &signals->wake);
    free(signals);
}

unsigned
signals_count(void)
{
    return atomic_load(&count);
}

nsec_t
signals_first_at(void)
{
    return atomic_load(&first_at);
}

nsec_t
signals_second_at(void)
{
    return atomic_load(&second_at);
}

int
signals_first_number(void)
{
    return atomic_load(&first_number);
}
