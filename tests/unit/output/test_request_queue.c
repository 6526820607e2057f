#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "output/request_queue.h"

static void
assert_entry(struct request_queue *queue, int64_t step, const char *name)
{
    const struct request_entry *entry = request_queue_first(queue);
    assert_non_null(entry);
    assert_int_equal(entry->at, step * 10);
    assert_int_equal(entry->sample.step, step);
    assert_string_equal(entry->sample.method, "GET");
    assert_string_equal(entry->sample.name, name);
    request_queue_take(queue);
}

static bool
put(struct request_queue *queue, int64_t step, const char *name)
{
    struct request_sample sample = {
        .method = "GET", .name = name, .step = step, .status = 200};
    return request_queue_put(queue, step * 10, &sample);
}

static void
test_first_in_first_out(void **state)
{
    struct request_queue *queue = request_queue_create(4096);
    assert_null(request_queue_first(queue));
    char name[64] = "/a";
    assert_true(put(queue, 1, name));
    strcpy(name, "/bcd");
    assert_true(put(queue, 2, name));
    strcpy(name, "gone");
    assert_entry(queue, 1, "/a");
    assert_entry(queue, 2, "/bcd");
    assert_null(request_queue_first(queue));
    request_queue_destroy(queue);
}

static void
test_texts(void **state)
{
    struct request_queue *queue = request_queue_create(8192);
    char longer[3000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    struct request_sample sample = {
        .method = "", .name = longer, .kind = "timeout"};
    assert_true(request_queue_put(queue, 0, &sample));
    sample.kind = NULL;
    assert_true(request_queue_put(queue, 0, &sample));
    const struct request_entry *entry = request_queue_first(queue);
    assert_int_equal(strlen(entry->sample.name), 1000);
    assert_string_equal(entry->sample.method, "");
    assert_string_equal(entry->sample.kind, "timeout");
    request_queue_take(queue);
    assert_null(request_queue_first(queue)->sample.kind);
    request_queue_destroy(queue);
}

/* Entries of all lengths at all places of the ring. */
static void
test_around_and_around(void **state)
{
    struct request_queue *queue = request_queue_create(2048);
    char name[200];
    int64_t put_count = 0, taken = 0;
    for (int round = 0; round < 3000; round++) {
        for (;; put_count++) {
            snprintf(name, sizeof(name), "%0*d", (int)(put_count % 97) + 1, 7);
            if (!put(queue, put_count, name))
                break;
        }
        for (int i = 0; i < 2 + round % 3 && taken < put_count; i++, taken++) {
            snprintf(name, sizeof(name), "%0*d", (int)(taken % 97) + 1, 7);
            assert_entry(queue, taken, name);
        }
    }
    assert_true(taken > 3000);
    assert_int_equal(request_queue_dropped(queue), 3000);
    request_queue_destroy(queue);
}

#define SENT 200000

struct reader {
    struct request_queue *queue;
    atomic_bool over;
    int64_t seen, disorder;
};

static void *
read_all(void *data)
{
    struct reader *reader = data;
    int64_t last = -1;
    for (;;) {
        bool over = atomic_load(&reader->over);
        const struct request_entry *entry = request_queue_first(reader->queue);
        if (entry == NULL) {
            if (over)
                return NULL;
            sched_yield();
            continue;
        }
        if (entry->sample.step <= last ||
            strcmp(entry->sample.name, "/some/name") != 0)
            reader->disorder++;
        last = entry->sample.step;
        reader->seen++;
        request_queue_take(reader->queue);
    }
}

/* Whatever the two threads do, what is put is taken or counted as dropped. */
static void
test_two_threads(void **state)
{
    struct reader reader = {.queue = request_queue_create(16384)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_all, &reader), 0);
    for (int64_t i = 0; i < SENT; i++)
        put(reader.queue, i, "/some/name");
    atomic_store(&reader.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(reader.disorder, 0);
    assert_int_equal(reader.seen + (int64_t)request_queue_dropped(reader.queue),
                     SENT);
    assert_true(reader.seen > 0);
    request_queue_destroy(reader.queue);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_around_and_around),
        cmocka_unit_test(test_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
