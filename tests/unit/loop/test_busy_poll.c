#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/err.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/timer.h"

/* A thousand are plenty, but for a machine, or a checker, that lets the two
 * threads take long turns. */
#define MESSAGES 1000
#define MOST_MESSAGES 100000
#define TICKS 500

/* Listens to somebody who talks without a pause and then says nothing more. */
struct listener {
    struct loop *loop;
    struct mailbox *mailbox;
    struct message messages[MOST_MESSAGES], last;
    atomic_bool has_looked;
    int sent, heard, ticks;
    struct timer timer;
    struct busy_poll_time after_talk;
};

static void
pause_for(nsec_t time)
{
    nsec_t until = clock_now() + time;
    while (clock_now() < until)
        sched_yield();
}

static void
tell(struct outbox *outbox, struct message *message)
{
    list_init(&message->link);
    outbox_add(outbox, message);
    outbox_flush(outbox);
}

static void *
talk(void *data)
{
    struct listener *listener = data;
    struct outbox outbox;
    outbox_init(&outbox, listener->mailbox);
    for (int i = 0; i < MOST_MESSAGES; i++) {
        if (i >= MESSAGES && atomic_load(&listener->has_looked))
            break;
        tell(&outbox, &listener->messages[i]);
        listener->sent++;
        pause_for(20 * NSEC_PER_USEC);
    }
    tell(&outbox, &listener->last);
    return NULL;
}

static void
on_tick(struct timer *timer)
{
    struct listener *listener = container_of(timer, struct listener, timer);
    if (++listener->ticks == TICKS)
        loop_stop(listener->loop);
    else
        timer_start(timer, clock_now() + NSEC_PER_MSEC);
}

static void
on_message(void *data, struct message *message)
{
    struct listener *listener = data;
    listener->after_talk = loop_busy_poll_time(listener->loop);
    if (message != &listener->last) {
        listener->heard++;
        atomic_store(&listener->has_looked, listener->after_talk.elapsed > 0);
        return;
    }
    timer_start(&listener->timer, clock_now() + NSEC_PER_MSEC);
}

static void
drop(struct message *message)
{
}

static void
begin(struct listener *listener)
{
    struct err err;
    listener->loop = loop_create(&err);
    timer_init(&listener->timer, listener->loop, on_tick);
}

static void
test_looks_while_messages_come_and_sleeps_when_none_do(void **state)
{
    static struct listener listener;
    begin(&listener);
    listener.mailbox = mailbox_create(listener.loop, on_message, &listener);
    pthread_t talker;
    pthread_create(&talker, NULL, talk, &listener);
    loop_run(listener.loop);
    pthread_join(talker, NULL);
    struct busy_poll_time spent = loop_busy_poll_time(listener.loop);
    assert_int_equal(listener.heard, listener.sent);
    assert_true(listener.after_talk.elapsed > 0);
    assert_true(spent.cpu <= spent.elapsed);
    /* Looking before each tick would have cost a tenth of the time or more. */
    nsec_t in_silence = spent.cpu - listener.after_talk.cpu;
    assert_true(in_silence < TICKS * NSEC_PER_MSEC / 50);
    mailbox_destroy(listener.mailbox, drop);
    loop_destroy(listener.loop);
}

/* Nobody's messages are waited for: a thread of its own has no use of it. */
static void
test_never_looks_without_a_mailbox(void **state)
{
    static struct listener listener;
    begin(&listener);
    timer_start(&listener.timer, clock_now() + NSEC_PER_MSEC);
    loop_run(listener.loop);
    assert_int_equal(loop_busy_poll_time(listener.loop).elapsed, 0);
    loop_destroy(listener.loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_looks_while_messages_come_and_sleeps_when_none_do),
        cmocka_unit_test(test_never_looks_without_a_mailbox),
    };
    return cmocka_run_group_tests_name("busy_poll", tests, NULL, NULL);
}
