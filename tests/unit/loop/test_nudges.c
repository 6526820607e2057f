/* SIGUSR1 and SIGUSR2 on the loop. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/nudges.h"

struct count {
    struct loop *loop;
    int calls, sum;
};

static void
on_nudge(void *data, int change)
{
    struct count *count = data;
    count->calls++;
    count->sum += change;
    assert_int_not_equal(change, 0);
    loop_stop(count->loop);
}

static void
on_old(int signo)
{
}

static void
test_both_ways(void **state)
{
    struct err *err = NULL;
    struct count count = {.loop = loop_create(err)};
    struct nudges *nudges = nudges_create(count.loop, on_nudge, &count);
    /* raise() returns when the handler has. */
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR2);
    loop_run(count.loop);
    assert_int_equal(count.sum, 1);
    raise(SIGUSR2);
    loop_run(count.loop);
    assert_int_equal(count.sum, 0);
    assert_int_equal(count.calls, 2);
    nudges_destroy(nudges);
    loop_destroy(count.loop);
}

static void
test_restores_what_was_there(void **state)
{
    struct sigaction old = {.sa_handler = on_old}, now;
    sigaction(SIGUSR1, &old, NULL);
    struct count count = {.loop = loop_create(NULL)};
    nudges_destroy(nudges_create(count.loop, on_nudge, &count));
    sigaction(SIGUSR1, NULL, &now);
    assert_ptr_equal(now.sa_handler, on_old);
    loop_destroy(count.loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_restores_what_was_there),
    };
    return cmocka_run_group_tests_name("nudges", tests, NULL, NULL);
}
