#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/err.h"
#include "engine/health.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

#define MESSAGES 5000

/* Gets messages in quick succession and has next to nothing to do for them. */
struct listener {
    struct loop *loop;
    struct mailbox *mailbox;
    struct message messages[MESSAGES];
    int heard;
};

static void *
talk(void *data)
{
    struct listener *listener = data;
    struct outbox outbox;
    outbox_init(&outbox, listener->mailbox);
    for (int i = 0; i < MESSAGES; i++) {
        outbox_add(&outbox, &listener->messages[i]);
        outbox_flush(&outbox);
        nsec_t until = clock_now() + 20 * NSEC_PER_USEC;
        while (clock_now() < until)
            continue;
    }
    return NULL;
}

static void
on_message(void *data, struct message *message)
{
    struct listener *listener = data;
    if (++listener->heard == MESSAGES)
        loop_stop(listener->loop);
}

static void
drop(struct message *message)
{
}

/* A loop that looks for messages instead of sleeping is not busy. */
static void
test_looking_is_not_work(void **state)
{
    static struct listener listener;
    struct err err;
    listener.loop = loop_create(&err);
    listener.mailbox = mailbox_create(listener.loop, on_message, &listener);
    for (int i = 0; i < MESSAGES; i++)
        list_init(&listener.messages[i].link);
    struct health *health = health_create();
    health_start(health, listener.loop);
    health_begin(health);
    nsec_t cpu = clock_thread_cpu();
    pthread_t talker;
    pthread_create(&talker, NULL, talk, &listener);
    loop_run(listener.loop);
    pthread_join(talker, NULL);
    cpu = clock_thread_cpu() - cpu;
    struct generator_sample sample = health_take(health, 0);
    nsec_t looked = loop_busy_poll_time(listener.loop).cpu;
    double worked = sample.cpu * nsec_to_seconds(sample.length);
    /* But for what this test does between the two looks at the clock. */
    assert_true(worked <= nsec_to_seconds(cpu - looked + 20 * NSEC_PER_MSEC));
    assert_true(sample.cpu >= 0);
    assert_true(sample.cpu_wait <= 1);
    health_stop(health);
    health_destroy(health);
    mailbox_destroy(listener.mailbox, drop);
    loop_destroy(listener.loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looking_is_not_work),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
