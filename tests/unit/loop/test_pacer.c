/* Timers for schedules, in real time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "loop/loop.h"
#include "loop/pacer.h"
#include "loop/timer.h"

#define STEPS 50
#define GAP (2 * NSEC_PER_MSEC)
#define IN_TIME (500 * NSEC_PER_USEC)

struct march {
    struct loop *loop;
    struct pacer *pacer;
    nsec_t start, due;
    int steps;
    nsec_t least_late;
    int turns;
    struct timer watch; /* so that a pacer that never rings is a failure */
};

static void
on_watch(struct timer *timer)
{
    loop_stop(container_of(timer, struct march, watch)->loop);
}

static void
open_march(struct march *march, void (*on_due)(void *data))
{
    struct err err;
    *march =
        (struct march){.loop = loop_create(&err), .least_late = NSEC_NEVER};
    assert_non_null(march->loop);
    march->pacer = pacer_create(march->loop, on_due, march);
    timer_init(&march->watch, march->loop, on_watch);
    march->start = clock_now();
    timer_start(&march->watch, march->start + 30 * NSEC_PER_SEC);
}

static void
close_march(struct march *march)
{
    timer_stop(&march->watch);
    pacer_destroy(march->pacer);
    loop_destroy(march->loop);
}

static void
on_step(void *data)
{
    struct march *march = data;
    nsec_t late = clock_now() - march->due;
    assert_true(late >= 0);
    if (late < march->least_late)
        march->least_late = late;
    if (++march->steps >= STEPS && march->least_late < IN_TIME) {
        loop_stop(march->loop);
        return;
    }
    march->due += GAP;
    if (march->due < march->start + late)
        march->due = clock_now() + GAP;
    pacer_start(march->pacer, march->due);
}

/* Never early; and in time at least once, which a poll that counts whole
 * milliseconds would not be. */
static void
test_steps_of_a_schedule(void **state)
{
    struct march march;
    open_march(&march, on_step);
    march.due = march.start + GAP;
    pacer_start(march.pacer, march.due);
    loop_run(march.loop);
    assert_true(march.steps >= STEPS);
    assert_true(march.least_late < IN_TIME);
    close_march(&march);
}

static void
on_past(void *data)
{
    struct march *march = data;
    march->steps++;
    loop_stop(march->loop);
}

static void
test_the_past_is_due_at_once(void **state)
{
    struct march march;
    open_march(&march, on_past);
    pacer_start(march.pacer, march.start - NSEC_PER_SEC);
    loop_run(march.loop);
    assert_int_equal(march.steps, 1);
    pacer_start(march.pacer, 0);
    loop_run(march.loop);
    assert_int_equal(march.steps, 2);
    close_march(&march);
}

static void
on_one(void *data)
{
    struct march *march = data;
    march->steps++;
}

static void
on_turn(void *data)
{
    struct march *march = data;
    march->turns++;
}

static void
test_one_that_has_rung_is_silent(void **state)
{
    struct march march;
    open_march(&march, on_one);
    loop_set_turn_hook(march.loop, on_turn, &march);
    pacer_start(march.pacer, march.start);
    timer_start(&march.watch, march.start + 20 * NSEC_PER_MSEC);
    loop_run(march.loop);
    assert_int_equal(march.steps, 1);
    assert_in_range(march.turns, 1, 10);
    close_march(&march);
}

static void
test_stopped_and_moved(void **state)
{
    struct march march;
    open_march(&march, on_past);
    pacer_start(march.pacer, march.start);
    pacer_stop(march.pacer);
    timer_start(&march.watch, march.start + 20 * NSEC_PER_MSEC);
    loop_run(march.loop);
    assert_int_equal(march.steps, 0);
    pacer_start(march.pacer, clock_now() + 3600 * NSEC_PER_SEC);
    pacer_start(march.pacer, clock_now());
    timer_start(&march.watch, march.start + 30 * NSEC_PER_SEC);
    loop_run(march.loop);
    assert_int_equal(march.steps, 1);
    close_march(&march);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_of_a_schedule),
        cmocka_unit_test(test_the_past_is_due_at_once),
        cmocka_unit_test(test_one_that_has_rung_is_silent),
        cmocka_unit_test(test_stopped_and_moved),
    };
    return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
