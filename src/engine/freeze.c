#include "engine/freeze.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"

#define FREEZE_SIGNAL SIGRTMIN
#define PATIENCE_MS 200
/* Longer than it takes to write a result. */
#define FROZEN_S 2

static sem_t frozen;

static void
on_freeze(int signo)
{
    int saved_errno = errno;
    struct timespec left = {.tv_sec = FROZEN_S};
    sem_post(&frozen);
    while (nanosleep(&left, &left) != 0)
        ;
    errno = saved_errno;
}

void
freeze_admit(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, FREEZE_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

bool
freeze_thread(pthread_t thread)
{
    struct sigaction action = {
        .sa_handler = on_freeze,
        .sa_flags = SA_RESTART,
    };
    sigfillset(&action.sa_mask);
    sem_init(&frozen, 0, 0);
    sigaction(FREEZE_SIGNAL, &action, NULL);
    if (pthread_kill(thread, FREEZE_SIGNAL) != 0)
        return false;
    const struct timespec moment = {.tv_nsec = NSEC_PER_MSEC};
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (sem_trywait(&frozen) == 0)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}
