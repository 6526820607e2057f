#include "engine/rescue.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/signals.h"

#define PATIENCE (1 * NSEC_PER_SEC)
#define LOOK_EVERY (100 * NSEC_PER_MSEC)

struct rescue {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool over;
    void (*on_stuck)(void *data);
    void *data;
};

static bool
is_overdue(void)
{
    nsec_t second = signals_second_at();
    return second > 0 && clock_now() - second >= PATIENCE;
}

static void *
watch(void *data)
{
    struct rescue *rescue = data;
    pthread_mutex_lock(&rescue->mutex);
    while (!rescue->over && !is_overdue()) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_EVERY;
        if (until.tv_nsec >= NSEC_PER_SEC) {
            until.tv_nsec -= NSEC_PER_SEC;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&rescue->changed, &rescue->mutex, &until);
    }
    bool stuck = !rescue->over;
    pthread_mutex_unlock(&rescue->mutex);
    if (stuck)
        rescue->on_stuck(rescue->data);
    return NULL;
}

struct rescue *
rescue_create(void (*on_stuck)(void *data), void *data)
{
    struct rescue *rescue = xmalloc(sizeof(*rescue));
    *rescue = (struct rescue){.on_stuck = on_stuck, .data = data};
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&rescue->mutex, NULL);
    pthread_cond_init(&rescue->changed, &attr);
    pthread_condattr_destroy(&attr);
    /* Signals are the main thread's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&rescue->thread, NULL, watch, rescue);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        pthread_cond_destroy(&rescue->changed);
        pthread_mutex_destroy(&rescue->mutex);
        free(rescue);
        return NULL; /* the test runs without this net */
    }
    return rescue;
}

void
rescue_destroy(struct rescue *rescue)
{
    if (!rescue)
        return;
    pthread_mutex_lock(&rescue->mutex);
    rescue->over = true;
    pthread_cond_signal(&rescue->changed);
    pthread_mutex_unlock(&rescue->mutex);
    pthread_join(rescue->thread, NULL);
    pthread_cond_destroy(&rescue->changed);
    pthread_mutex_destroy(&rescue->mutex);
    free(rescue);
}
