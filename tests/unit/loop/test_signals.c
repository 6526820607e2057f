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
    int times;      /* it was told */
    unsigned count; /* of signals, the last time */
};

static void
on_signal(void *data)
{
    struct seen *seen = data;
    seen->times++;
    seen->count = signals_count();
    loop_stop(seen->loop);
}

static void
test_signals_are_counted_at_once_and_told_on_the_loop(void **state)
{
    struct seen seen = {.loop = loop_create(NULL)};
    struct signals *signals = signals_create(seen.loop, on_signal, &seen);
    assert_int_equal(signals_count(), 0);
    assert_int_equal(signals_first_at(), 0);
    assert_int_equal(signals_first_number(), 0);

    nsec_t before = clock_now();
    kill(getpid(), SIGTERM);
    assert_int_equal(signals_count(), 1);
    assert_true(signals_first_at() >= before);
    assert_int_equal(signals_second_at(), 0);
    kill(getpid(), SIGINT);
    kill(getpid(), SIGINT);
    assert_int_equal(signals_count(), 3);
    assert_int_equal(signals_first_number(), SIGTERM);
    assert_true(signals_second_at() >= signals_first_at());
    assert_int_equal(seen.times, 0); /* nothing before the loop runs */

    loop_run(seen.loop);
    assert_int_equal(seen.times, 1);
    assert_int_equal(seen.count, 3);

    kill(getpid(), SIGINT);
    loop_run(seen.loop);
    assert_int_equal(seen.times, 2);
    assert_int_equal(seen.count, 4);
    signals_destroy(signals);
    loop_destroy(seen.loop);
}

struct owner {
    struct loop *loop;
    struct signals *signals;
};

static void
on_last_signal(void *data)
{
    struct owner *owner = data;
    signals_destroy(owner->signals);
    loop_stop(owner->loop);
}

static void
test_who_is_told_may_destroy_it(void **state)
{
    struct owner owner = {.loop = loop_create(NULL)};
    owner.signals = signals_create(owner.loop, on_last_signal, &owner);
    kill(getpid(), SIGINT);
    kill(getpid(), SIGINT);
    loop_run(owner.loop);
    loop_destroy(owner.loop);
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
    struct seen seen = {.loop = loop_create(NULL)};
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
    struct seen seen = {.loop = loop_create(NULL)};
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
        cmocka_unit_test(test_signals_are_counted_at_once_and_told_on_the_loop),
        cmocka_unit_test(test_who_is_told_may_destroy_it),
        cmocka_unit_test(test_destroy_restores_what_was_there),
        cmocka_unit_test(test_one_that_comes_too_late_does_nothing),
    };
    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
