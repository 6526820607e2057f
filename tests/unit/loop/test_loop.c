#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"
#include "loop/timer.h"

/* In the place of the C library's, for libev too. */
static int epoll_ctl_calls;

int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    epoll_ctl_calls++;
    return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

/* Writes down in which order things happen, one letter each. */
struct diary {
    struct loop *loop;
    char text[64];
    size_t size;
};

static void
note(struct diary *diary, char letter)
{
    assert_true(diary->size < sizeof(diary->text) - 1);
    diary->text[diary->size++] = letter;
    diary->text[diary->size] = '\0';
}

struct entry {
    struct job job;
    struct diary *diary;
    char letter;
    struct entry *other; /* what the job acts on */
    void (*act)(struct entry *entry);
};

static void
run_entry(struct job *job)
{
    struct entry *entry = container_of(job, struct entry, job);
    note(entry->diary, entry->letter);
    if (entry->act != NULL)
        entry->act(entry);
}

static void
entry_init(struct entry *entry, struct diary *diary, char letter)
{
    *entry = (struct entry){.diary = diary, .letter = letter};
    job_init(&entry->job, run_entry);
}

static void
stop(struct entry *entry)
{
    loop_stop(entry->diary->loop);
}

static void
post_other(struct entry *entry)
{
    loop_post(entry->diary->loop, &entry->other->job);
}

static void
unpost_other(struct entry *entry)
{
    loop_unpost(entry->diary->loop, &entry->other->job);
}

static void
note_turn(void *data)
{
    note(data, '|');
}

static int
setup(void **state)
{
    static struct diary diary;
    diary = (struct diary){.loop = loop_create(NULL)};
    assert_non_null(diary.loop);
    *state = &diary;
    return 0;
}

static int
teardown(void **state)
{
    struct diary *diary = *state;
    loop_destroy(diary->loop);
    return 0;
}

static void
test_jobs_run_in_the_order_they_were_posted(void **state)
{
    struct diary *diary = *state;
    struct entry a, b, c;
    entry_init(&a, diary, 'a');
    entry_init(&b, diary, 'b');
    entry_init(&c, diary, 'c');
    c.act = stop;
    assert_false(loop_has_jobs(diary->loop));
    loop_post(diary->loop, &a.job);
    loop_post(diary->loop, &b.job);
    loop_post(diary->loop, &a.job); /* posted already */
    loop_post(diary->loop, &c.job);
    assert_true(loop_has_jobs(diary->loop));
    assert_true(job_is_posted(&a.job));
    loop_run(diary->loop);
    assert_string_equal(diary->text, "abc");
    assert_false(job_is_posted(&a.job));
    assert_false(loop_has_jobs(diary->loop));
}

static void
test_a_turn_runs_only_what_was_ready_when_it_began(void **state)
{
    struct diary *diary = *state;
    struct entry a, b, c;
    entry_init(&a, diary, 'a');
    entry_init(&b, diary, 'b');
    entry_init(&c, diary, 'c');
    a.act = post_other;
    a.other = &c;
    c.act = stop;
    loop_set_turn_hook(diary->loop, note_turn, diary);
    loop_post(diary->loop, &a.job);
    loop_post(diary->loop, &b.job);
    loop_run(diary->loop);
    assert_string_equal(diary->text, "ab|c|");
}

static void
test_a_job_may_unpost_one_of_the_same_turn(void **state)
{
    struct diary *diary = *state;
    struct entry a, b, c;
    entry_init(&a, diary, 'a');
    entry_init(&b, diary, 'b');
    entry_init(&c, diary, 'c');
    a.act = unpost_other;
    a.other = &b;
    c.act = stop;
    loop_post(diary->loop, &a.job);
    loop_post(diary->loop, &b.job);
    loop_post(diary->loop, &c.job);
    loop_run(diary->loop);
    assert_string_equal(diary->text, "ac");
    assert_false(job_is_posted(&b.job));
}

struct pipe_watch {
    struct diary *diary;
    struct loop_io *io;
    struct entry busy; /* keeps the ready list from ever being empty */
};

static void
read_and_stop(void *data, int fd, int events)
{
    struct pipe_watch *watch = data;
    assert_int_equal(events, LOOP_READ);
    char letter;
    assert_int_equal(read(fd, &letter, 1), 1);
    note(watch->diary, letter);
    loop_io_destroy(watch->io);
    watch->io = NULL;
    loop_stop(watch->diary->loop);
}

static void
post_itself(struct entry *entry)
{
    entry->diary->size = 0;
    loop_post(entry->diary->loop, &entry->job);
}

static void
test_jobs_that_post_themselves_do_not_keep_io_waiting(void **state)
{
    struct diary *diary = *state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct pipe_watch watch = {.diary = diary};
    entry_init(&watch.busy, diary, 'j');
    watch.busy.act = post_itself;
    loop_post(diary->loop, &watch.busy.job);
    watch.io =
        loop_io_create(diary->loop, fds[0], LOOP_READ, read_and_stop, &watch);
    assert_int_equal(write(fds[1], "x", 1), 1);
    loop_run(diary->loop);
    assert_null(watch.io);
    assert_string_equal(diary->text, "x");
    loop_unpost(diary->loop, &watch.busy.job);
    close(fds[0]);
    close(fds[1]);
}

static void
pause_reading(void *data, int fd, int events)
{
    struct pipe_watch *watch = data;
    note(watch->diary, 'r');
    loop_io_update(watch->io, 0);
}

static void
on_deadline(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void
test_a_paused_watcher_is_silent_and_can_go_on(void **state)
{
    struct diary *diary = *state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    struct pipe_watch watch = {.diary = diary};
    watch.io =
        loop_io_create(diary->loop, fds[0], LOOP_READ, pause_reading, &watch);
    struct timer deadline;
    timer_init(&deadline, diary->loop, on_deadline);
    timer_start(&deadline, clock_now() + 20 * NSEC_PER_MSEC);
    loop_run(diary->loop);
    assert_string_equal(diary->text, "r");

    loop_io_update(watch.io, LOOP_READ);
    timer_start(&deadline, clock_now() + 20 * NSEC_PER_MSEC);
    loop_run(diary->loop);
    assert_string_equal(diary->text, "rr");
    loop_io_destroy(watch.io);
    close(fds[0]);
    close(fds[1]);
}

/* Two turns with a poll between them. */
static void
update_reading(struct pipe_watch *watch, int events)
{
    struct entry first, last;
    entry_init(&first, watch->diary, ' ');
    entry_init(&last, watch->diary, ' ');
    first.act = post_other;
    first.other = &last;
    last.act = stop;
    loop_io_update(watch->io, events);
    loop_post(watch->diary->loop, &first.job);
    loop_run(watch->diary->loop);
}

static void
test_a_pause_in_which_nothing_comes_is_free(void **state)
{
    struct diary *diary = *state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct pipe_watch watch = {.diary = diary};
    watch.io =
        loop_io_create(diary->loop, fds[0], LOOP_READ, read_and_stop, &watch);
    update_reading(&watch, LOOP_READ);
    int before = epoll_ctl_calls;
    assert_true(before > 0);
    for (int round = 0; round < 3; round++) {
        update_reading(&watch, 0);
        update_reading(&watch, LOOP_READ);
    }
    assert_int_equal(epoll_ctl_calls, before);
    assert_int_equal(write(fds[1], "x", 1), 1);
    loop_run(diary->loop);
    assert_null(watch.io);
    close(fds[0]);
    close(fds[1]);
}

static void
test_a_new_descriptor_with_an_old_number_is_watched(void **state)
{
    struct diary *diary = *state;
    for (int round = 0; round < 3; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        struct pipe_watch watch = {.diary = diary};
        watch.io = loop_io_create(diary->loop, fds[0], LOOP_READ, read_and_stop,
                                  &watch);
        assert_int_equal(write(fds[1], "n", 1), 1);
        loop_run(diary->loop);
        close(fds[0]);
        close(fds[1]);
    }
    assert_string_equal(diary->text, "nnn");
}

static void
work_for_5_ms(struct entry *entry)
{
    nsec_t until = clock_now() + 5 * NSEC_PER_MSEC;
    while (clock_now() < until)
        continue;
}

static void
test_max_turn_is_at_least_the_work_of_the_longest(void **state)
{
    struct diary *diary = *state;
    /* A turn is measured from poll to poll: one has to come before. */
    struct entry first, work;
    entry_init(&first, diary, 'f');
    entry_init(&work, diary, 'w');
    first.act = post_other;
    first.other = &work;
    work.act = work_for_5_ms;
    loop_post(diary->loop, &first.job);
    struct timer deadline;
    timer_init(&deadline, diary->loop, on_deadline);
    timer_start(&deadline, clock_now() + 10 * NSEC_PER_MSEC);
    loop_run(diary->loop);
    assert_true(loop_take_max_turn(diary->loop) >= 5 * NSEC_PER_MSEC);
    assert_int_equal(loop_take_max_turn(diary->loop), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_jobs_run_in_the_order_they_were_posted),
        TEST(test_a_turn_runs_only_what_was_ready_when_it_began),
        TEST(test_a_job_may_unpost_one_of_the_same_turn),
        TEST(test_jobs_that_post_themselves_do_not_keep_io_waiting),
        TEST(test_a_paused_watcher_is_silent_and_can_go_on),
        TEST(test_a_pause_in_which_nothing_comes_is_free),
        TEST(test_a_new_descriptor_with_an_old_number_is_watched),
        TEST(test_max_turn_is_at_least_the_work_of_the_longest),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
