#include "engine/freeze.h"

#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define FREEZE_SIGNAL SIGRTMIN
#define PATIENCE_MS 200

static sem_t frozen;

static void
on_freeze(int signo)
{
    sem_post(&frozen);
    for (;;)
        pause();
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
    struct sigaction action = {.sa_handler = on_freeze};
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
