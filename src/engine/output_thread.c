#include "engine/output_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "output/outputs.h"

/* Often enough for who follows a file; the queues have room for more. */
#define PERIOD (20 * NSEC_PER_MSEC)

struct output_thread {
    struct outputs *outputs;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopping;
    bool stop;
};

/* True: the time to stop has come. */
static bool
wait_period(struct output_thread *self)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    nsec_t nanoseconds = until.tv_nsec + PERIOD;
    until.tv_sec += (time_t)(nanoseconds / NSEC_PER_SEC);
    until.tv_nsec = (long)(nanoseconds % NSEC_PER_SEC);
    pthread_mutex_lock(&self->mutex);
    if (!self->stop)
        pthread_cond_timedwait(&self->stopping, &self->mutex, &until);
    bool stop = self->stop;
    pthread_mutex_unlock(&self->mutex);
    return stop;
}

static void *
run(void *data)
{
    struct output_thread *self = data;
    while (!wait_period(self))
        outputs_write(self->outputs);
    return NULL;
}

struct output_thread *
output_thread_start(struct outputs *outputs)
{
    struct output_thread *self = xmalloc(sizeof(*self));
    *self = (struct output_thread){.outputs = outputs};
    pthread_mutex_init(&self->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&self->stopping, &attributes);
    pthread_condattr_destroy(&attributes);
    /* Signals are for the main thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&self->thread, NULL, run, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        return self;
    log_warning("there is no thread to write outputs with: they are written at "
                "the end of the test");
    pthread_cond_destroy(&self->stopping);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    return NULL;
}

void
output_thread_stop(struct output_thread *self)
{
    if (self == NULL)
        return;
    pthread_mutex_lock(&self->mutex);
    self->stop = true;
    pthread_cond_signal(&self->stopping);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->stopping);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}
