#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <unistd.h>

#include "base/rng.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"

/* The loop when time is virtual. */

enum { ALARMS = 64 };

struct world;
struct alarm {
    struct timer timer;
    struct world *world;
    nsec_t at; /* from the start */
    int number;
    void (*act)(struct alarm *alarm);
};

struct world {
    struct loop *loop;
    nsec_t start;
    struct alarm alarms[ALARMS];
    int order[ALARMS];
    int fired;
    struct job job;
    unsigned turns;
    int signals;
};

static void
on_expire(struct timer *timer)
{
    struct alarm *alarm = container_of(timer, struct alarm, timer);
    struct world *world = alarm->world;
    assert_true(world->fired < ALARMS);
    world->order[world->fired++] = alarm->number;
    /* To the nanosecond: nothing in virtual time is late. */
    assert_int_equal(clock_now() - world->start, alarm->at);
    if (alarm->act != NULL)
        alarm->act(alarm);
}

static void
on_turn(void *data)
{
    struct world *world = data;
    world->turns++;
}

static int
setup(void **state)
{
    static struct world world;
    world = (struct world){.loop = loop_create(NULL), .start = clock_now()};
    assert_non_null(world.loop);
    loop_set_turn_hook(world.loop, on_turn, &world);
    for (int i = 0; i < ALARMS; i++) {
        world.alarms[i] = (struct alarm){.world = &world, .number = i};
        timer_init(&world.alarms[i].timer, world.loop, on_expire);
    }
    *state = &world;
    return 0;
}

static int
teardown(void **state)
{
    struct world *world = *state;
    loop_destroy(world->loop);
    return 0;
}

static struct alarm *
arm(struct world *world, int i, nsec_t after)
{
    struct alarm *alarm = &world->alarms[i];
    alarm->at = after;
    timer_start(&alarm->timer, world->start + after);
    return alarm;
}

static void
stop(struct alarm *alarm)
{
    loop_stop(alarm->world->loop);
}

static void
test_years_pass_at_once(void **state)
{
    struct world *world = *state;
    nsec_t year = INT64_C(365) * 86400 * NSEC_PER_SEC;
    arm(world, 0, year);
    arm(world, 1, 2 * year + 1)->act = stop;
    arm(world, 2, 1);
    loop_run(world->loop);
    assert_int_equal(world->fired, 3);
    assert_int_equal(world->order[0], 2);
    assert_int_equal(world->order[1], 0);
    assert_int_equal(world->order[2], 1);
    assert_int_equal(clock_now(), world->start + 2 * year + 1);
}

/* Equal times fire in the order of arming, whatever was armed, moved and
 * stopped in between. */
static void
test_equal_times_fire_in_the_order_of_arming(void **state)
{
    struct world *world = *state;
    struct rng rng;
    rng_init(&rng, 1, 0);
    int expected[ALARMS], count = 0;
    for (int i = 0; i < ALARMS - 1; i++)
        arm(world, i, rng_int(&rng, 0, 3) * NSEC_PER_SEC);
    for (int i = 0; i < ALARMS - 1; i += 3)
        timer_stop(&world->alarms[i].timer);
    for (int i = ALARMS - 2; i >= 0; i--) {
        if (i % 2 == 0)
            continue;
        arm(world, i, 5 * NSEC_PER_SEC);
        expected[count++] = i;
    }
    arm(world, ALARMS - 1, 5 * NSEC_PER_SEC)->act = stop;
    loop_run(world->loop);
    for (int i = 0; i < count; i++)
        assert_int_equal(world->order[world->fired - 1 - count + i],
                         expected[i]);
}

static void
on_job(struct job *job)
{
    struct world *world = container_of(job, struct world, job);
    loop_post(world->loop, job);
}

static void
stop_job(struct alarm *alarm)
{
    loop_unpost(alarm->world->loop, &alarm->world->job);
    loop_stop(alarm->world->loop);
}

/* The first thousand turns of who never waits are free, then each takes a
 * millisecond: 2 seconds are over after about 3,000. */
static void
test_a_job_that_is_always_ready_cannot_stop_time(void **state)
{
    struct world *world = *state;
    job_init(&world->job, on_job);
    loop_post(world->loop, &world->job);
    arm(world, 0, 1);
    /* Between two whole milliseconds: time stops there on its way. */
    arm(world, 1, NSEC_PER_SEC + 12345);
    arm(world, 2, 2 * NSEC_PER_SEC)->act = stop_job;
    loop_run(world->loop);
    assert_int_equal(world->fired, 3);
    assert_in_range(world->turns, 2900, 3100);
}

static void
on_zero(struct timer *timer)
{
    timer_start(timer, clock_now());
}

static void
stop_zero(struct alarm *alarm)
{
    timer_stop(&alarm->world->alarms[0].timer);
    loop_stop(alarm->world->loop);
}

static void
test_a_timer_that_is_always_due_cannot_stop_time(void **state)
{
    struct world *world = *state;
    world->alarms[0].timer.on_expire = on_zero;
    timer_start(&world->alarms[0].timer, world->start);
    arm(world, 1, NSEC_PER_SEC)->act = stop_zero;
    loop_run(world->loop);
    assert_int_equal(world->fired, 1);
    assert_true(world->turns < 5000);
}

static void
on_counted_job(struct job *job)
{
    struct world *world = container_of(job, struct world, job);
    if (world->turns < 500)
        loop_post(world->loop, job);
    else
        loop_stop(world->loop);
}

static void
test_a_chain_of_jobs_takes_no_time(void **state)
{
    struct world *world = *state;
    job_init(&world->job, on_counted_job);
    loop_post(world->loop, &world->job);
    arm(world, 0, 1);
    loop_run(world->loop);
    assert_int_equal(world->turns, 501);
    assert_int_equal(clock_now(), world->start);
    assert_int_equal(world->fired, 0);
    timer_stop(&world->alarms[0].timer);
}

static void
on_signal(void *data)
{
    struct world *world = data;
    world->signals++;
    loop_stop(world->loop);
}

static void
interrupt(struct alarm *alarm)
{
    alarm->world->order[ALARMS - 1] = raise(SIGINT);
}

/* The signal is seen at the next poll, though there is always a timer to go on
 * to. */
static void
test_signals_arrive_while_time_flies(void **state)
{
    struct world *world = *state;
    struct signals *signals = signals_create(world->loop, on_signal, world);
    for (int i = 0; i < ALARMS - 1; i++)
        arm(world, i, i * NSEC_PER_SEC);
    world->alarms[3].act = interrupt;
    loop_run(world->loop);
    assert_int_equal(world->signals, 1);
    assert_int_equal(world->fired, 4);
    assert_true(signals_first_at() <= clock_real_now());
    assert_true(clock_real_now() - signals_first_at() < 3600 * NSEC_PER_SEC);
    signals_destroy(signals);
    for (int i = 0; i < ALARMS; i++)
        timer_stop(&world->alarms[i].timer);
}

static void
on_readable(void *data, int fd, int events)
{
    struct world *world = data;
    world->signals++;
    loop_stop(world->loop);
}

/* Without a timer or a job it waits, without using up the processor. */
static void
test_with_nothing_to_do_it_blocks(void **state)
{
    struct world *world = *state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        _exit(write(fds[1], "x", 1) == 1 ? 0 : 1);
    }
    struct loop_io *io =
        loop_io_create(world->loop, fds[0], LOOP_READ, on_readable, world);
    loop_run(world->loop);
    assert_int_equal(world->signals, 1);
    assert_true(world->turns < 10);
    assert_int_equal(clock_now(), world->start);
    loop_io_destroy(io);
    close(fds[0]);
    close(fds[1]);
}

static int
make_time_virtual(void **state)
{
    clock_make_virtual();
    return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_years_pass_at_once),
        TEST(test_equal_times_fire_in_the_order_of_arming),
        TEST(test_a_job_that_is_always_ready_cannot_stop_time),
        TEST(test_a_timer_that_is_always_due_cannot_stop_time),
        TEST(test_a_chain_of_jobs_takes_no_time),
        TEST(test_signals_arrive_while_time_flies),
        TEST(test_with_nothing_to_do_it_blocks),
    };
    return cmocka_run_group_tests_name("virtual", tests, make_time_virtual,
                                       NULL);
}
