#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/freeze.h"

/* A thread that counts, and has a lock whenever it is frozen. */
struct counter {
    pthread_t thread;
    pthread_mutex_t lock;
    atomic_bool runs, stop;
    atomic_ullong count;
};

static void *
count_up(void *data)
{
    struct counter *counter = data;
    freeze_admit();
    pthread_mutex_lock(&counter->lock);
    atomic_store(&counter->runs, true);
    while (!atomic_load(&counter->stop))
        atomic_fetch_add(&counter->count, 1);
    pthread_mutex_unlock(&counter->lock);
    return NULL;
}

static void
start(struct counter *counter)
{
    *counter = (struct counter){0};
    pthread_mutex_init(&counter->lock, NULL);
    assert_int_equal(pthread_create(&counter->thread, NULL, count_up, counter),
                     0);
    while (!atomic_load(&counter->runs))
        ;
}

static void
finish(struct counter *counter)
{
    pthread_join(counter->thread, NULL);
    pthread_mutex_destroy(&counter->lock);
}

static void
wait_a_moment(void)
{
    nsec_t until = clock_real_now() + 20 * NSEC_PER_MSEC;
    while (clock_real_now() < until)
        ;
}

static void
test_it_stands_still(void **state)
{
    struct counter counter;
    start(&counter);
    assert_true(freeze_thread(counter.thread));
    unsigned long long before = atomic_load(&counter.count);
    wait_a_moment();
    assert_int_equal(atomic_load(&counter.count), before);
    atomic_store(&counter.stop, true);
    finish(&counter);
}

/* Hangs if it stands still for ever. */
static void
test_a_lock_that_it_has_comes_free(void **state)
{
    struct counter counter;
    start(&counter);
    assert_true(freeze_thread(counter.thread));
    atomic_store(&counter.stop, true);
    pthread_mutex_lock(&counter.lock);
    pthread_mutex_unlock(&counter.lock);
    finish(&counter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_stands_still),
        cmocka_unit_test(test_a_lock_that_it_has_comes_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
