#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"
#include "loop/signals.h"

struct seen {
    struct loop *loop;
    int signals[32];
    int count, wanted;
};

static void
on_signal(void *data, int signo)
{
    struct seen *seen = data;
    seen->signals[seen->count++] = signo;
    if (seen->count == seen->wanted)
        loop_stop(seen->loop);
}

static void
test_signals_are_counted_at_once_and_delivered_in_order(void **state)
{
    struct seen seen = {.loop = loop_create(NULL), .wanted = 3};
    struct signals *signals = signals_create(seen.loop, on_signal, &seen);
    assert_int_equal(signals_count(), 0);
    assert_int_equal(signals_first_at(), 0);

    nsec_t before = clock_now();
    kill(getpid(), SIGINT);
    assert_int_equal(signals_count(), 1);
    assert_true(signals_first_at() >= before);
    assert_int_equal(signals_second_at(), 0);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGINT);
    assert_int_equal(signals_count(), 3);
    assert_true(signals_second_at() >= signals_first_at());
    assert_int_equal(seen.count, 0); /* nothing before the loop runs */

    loop_run(seen.loop);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.signals[0], SIGINT);
    assert_int_equal(seen.signals[1], SIGTERM);
    assert_int_equal(seen.signals[2], SIGINT);
    signals_destroy(signals);
    loop_destroy(seen.loop);
}

static void
test_more_than_can_be_kept_still_reach_the_loop(void **state)
{
    struct seen seen = {.loop = loop_create(NULL), .wanted = 16};
    struct signals *signals = signals_create(seen.loop, on_signal, &seen);
    for (int i = 0; i < 40; i++)
        kill(getpid(), i < 39 ? SIGINT : SIGTERM);
    loop_run(seen.loop);
    assert_int_equal(signals_count(), 40);
    assert_int_equal(seen.count, 16);
    assert_int_equal(seen.signals[15], SIGTERM);
    signals_destroy(signals);
    loop_destroy(seen.loop);
}

static volatile sig_atomic_t old_handler_calls;

static void
old_handler(int signo)
{
    old_handler_calls++;
}

static void
test_destroy_restores_what_was_there(void **state)
{
    struct sigaction action = {.sa_handler = old_handler}, now;
    sigaction(SIGTERM, &action, NULL);
    struct seen seen = {.loop = loop_create(NULL), .wanted = 1};
    struct signals *signals = signals_create(seen.loop, on_signal, &seen);
    sigaction(SIGPIPE, NULL, &now);
    assert_true(now.sa_handler == SIG_IGN);
    kill(getpid(), SIGTERM);
    assert_int_equal(old_handler_calls, 0);
    signals_destroy(signals);
    kill(getpid(), SIGTERM);
    assert_int_equal(old_handler_calls, 1);
    sigaction(SIGPIPE, NULL, &now);
    assert_true(now.sa_handler == SIG_DFL);
    loop_destroy(seen.loop);
    signal(SIGTERM, SIG_DFL);
}

static void
test_one_that_comes_too_late_does_nothing(void **state)
{
    struct seen seen = {.loop = loop_create(NULL), .wanted = 1};
    struct sigaction now;
    for (int before = 0; before <= 2; before++) {
        struct signals *signals = signals_create(seen.loop, on_signal, &seen);
        for (int i = 0; i < before; i++)
            kill(getpid(), SIGTERM);
        signals_destroy(signals);
        /* Who has sent two does not want to wait for anything. */
        if (before < 2) {
            kill(getpid(), SIGTERM);
            kill(getpid(), SIGINT);
        }
        sigaction(SIGTERM, NULL, &now);
        assert_true(now.sa_handler == SIG_DFL);
        sigaction(SIGINT, NULL, &now);
        assert_true(now.sa_handler == SIG_DFL);
    }
    loop_destroy(seen.loop);
}

int
main(void)
{
    /* Whoever runs this in the background may have them ignored. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_signals_are_counted_at_once_and_delivered_in_order),
        cmocka_unit_test(test_more_than_can_be_kept_still_reach_the_loop),
        cmocka_unit_test(test_destroy_restores_what_was_there),
        cmocka_unit_test(test_one_that_comes_too_late_does_nothing),
    };
    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
