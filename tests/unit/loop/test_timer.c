#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loop/loop.h"
#include "loop/timer.h"

struct alarm {
    struct timer timer;
    struct clockwork *clockwork;
    char letter;
    nsec_t at;
    void (*act)(struct alarm *alarm);
};

struct clockwork {
    struct loop *loop;
    char text[64];
    size_t size;
    struct alarm alarms[8];
    nsec_t base;
};

static void
on_expire(struct timer *timer)
{
    struct alarm *alarm = container_of(timer, struct alarm, timer);
    struct clockwork *clockwork = alarm->clockwork;
    assert_false(timer_is_armed(timer));
    assert_true(clock_now() >= alarm->at);
    assert_true(clockwork->size < sizeof(clockwork->text) - 1);
    clockwork->text[clockwork->size++] = alarm->letter;
    clockwork->text[clockwork->size] = '\0';
    if (alarm->act != NULL)
        alarm->act(alarm);
}

/* Alarm number `i` is called by the letter and rings `ms` from the start. */
static struct alarm *
arm(struct clockwork *clockwork, int i, char letter, int ms)
{
    struct alarm *alarm = &clockwork->alarms[i];
    alarm->letter = letter;
    alarm->at = clockwork->base + ms * NSEC_PER_MSEC;
    timer_start(&alarm->timer, alarm->at);
    return alarm;
}

static void
stop(struct alarm *alarm)
{
    loop_stop(alarm->clockwork->loop);
}

static int
setup(void **state)
{
    static struct clockwork clockwork;
    clockwork = (struct clockwork){
        .loop = loop_create(NULL),
        .base = clock_now(),
    };
    assert_non_null(clockwork.loop);
    for (size_t i = 0; i < 8; i++) {
        clockwork.alarms[i].clockwork = &clockwork;
        timer_init(&clockwork.alarms[i].timer, clockwork.loop, on_expire);
    }
    *state = &clockwork;
    return 0;
}

static int
teardown(void **state)
{
    struct clockwork *clockwork = *state;
    loop_destroy(clockwork->loop);
    return 0;
}

static void
test_timers_fire_by_time_and_never_early(void **state)
{
    struct clockwork *clockwork = *state;
    arm(clockwork, 0, 'c', 12);
    arm(clockwork, 1, 'a', 3);
    arm(clockwork, 2, 'd', 15)->act = stop;
    arm(clockwork, 3, 'b', 7);
    loop_run(clockwork->loop);
    assert_string_equal(clockwork->text, "abcd");
}

static void
test_equal_times_fire_in_the_order_they_were_armed(void **state)
{
    struct clockwork *clockwork = *state;
    for (int i = 0; i < 5; i++)
        arm(clockwork, i, (char)('a' + i), 2);
    clockwork->alarms[4].act = stop;
    loop_run(clockwork->loop);
    assert_string_equal(clockwork->text, "abcde");
}

static void
test_never_and_stop_disarm(void **state)
{
    struct clockwork *clockwork = *state;
    struct alarm *a = arm(clockwork, 0, 'a', 1);
    struct alarm *b = arm(clockwork, 1, 'b', 1);
    assert_true(timer_is_armed(&a->timer));
    timer_start(&a->timer, NSEC_NEVER);
    timer_stop(&b->timer);
    timer_stop(&b->timer);
    assert_false(timer_is_armed(&a->timer));
    assert_false(timer_is_armed(&b->timer));
    arm(clockwork, 2, 'c', 5)->act = stop;
    loop_run(clockwork->loop);
    assert_string_equal(clockwork->text, "c");
}

static void
test_an_earlier_time_replaces_a_later_one(void **state)
{
    struct clockwork *clockwork = *state;
    arm(clockwork, 0, 'x', 60 * 1000);
    arm(clockwork, 1, 's', 10)->act = stop;
    arm(clockwork, 0, 'x', 4);
    loop_run(clockwork->loop);
    assert_string_equal(clockwork->text, "xs");
}

/* The earliest goes away, so that the system timer rings for nobody. */
static void
test_a_later_timer_fires_though_the_earliest_was_stopped(void **state)
{
    struct clockwork *clockwork = *state;
    arm(clockwork, 0, 'a', 2)->act = NULL;
    struct alarm *gone = arm(clockwork, 1, 'g', 6);
    arm(clockwork, 2, 's', 14)->act = stop;
    timer_stop(&gone->timer);
    loop_run(clockwork->loop);
    assert_string_equal(clockwork->text, "as");
}

static void
stop_the_next(struct alarm *alarm)
{
    timer_stop(&alarm[1].timer);
}

static void
test_a_callback_may_stop_a_timer_that_is_due(void **state)
{
    struct clockwork *clockwork = *state;
    arm(clockwork, 0, 'a', 1)->act = stop_the_next;
    arm(clockwork, 1, 'b', 1);
    arm(clockwork, 2, 'c', 1)->act = stop;
    loop_run(clockwork->loop);
    assert_string_equal(clockwork->text, "ac");
}

static void
rearm_in_the_past(struct alarm *alarm)
{
    if (alarm->clockwork->size < 6)
        timer_start(&alarm->timer, alarm->at);
    else
        loop_stop(alarm->clockwork->loop);
}

static void
count_turns(void *data)
{
    ++*(int *)data;
}

static void
test_a_timer_rearmed_in_the_past_waits_for_the_next_poll(void **state)
{
    struct clockwork *clockwork = *state;
    int turns = 0;
    loop_set_turn_hook(clockwork->loop, count_turns, &turns);
    arm(clockwork, 0, 'r', -5)->act = rearm_in_the_past;
    loop_run(clockwork->loop);
    assert_string_equal(clockwork->text, "rrrrrr");
    assert_true(turns >= 6);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_timers_fire_by_time_and_never_early),
        TEST(test_equal_times_fire_in_the_order_they_were_armed),
        TEST(test_never_and_stop_disarm),
        TEST(test_an_earlier_time_replaces_a_later_one),
        TEST(test_a_later_timer_fires_though_the_earliest_was_stopped),
        TEST(test_a_callback_may_stop_a_timer_that_is_due),
        TEST(test_a_timer_rearmed_in_the_past_waits_for_the_next_poll),
    };
    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
