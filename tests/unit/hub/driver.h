#ifndef MOLO_TESTS_HUB_DRIVER_H
#define MOLO_TESTS_HUB_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "hub/hub.h"
#include "hub/hub_internal.h"
#include "stats/recorder.h"

/* A play of a few workers on a hub with a clock that the test moves. Every
 * operation is a line; what a task was answered is kept until its next one.
 * A reply that nobody awaits, or a second one, fails the test. */
#define PLAY_TASKS 3

struct answer {
    uint32_t seq;
    bool waiting;
    enum hub_status status;
    int64_t round, version, index, number;
    bool broken;
    nsec_t waited, remaining, happened_at;
    int32_t culprit;
    struct value *value;
    char *text;
};

struct play {
    struct hub *hub;
    struct recorder *recorder;
    nsec_t now;
    int32_t workers;
    int64_t *steps;         /* of each worker's last run */
    struct answer *answers; /* [worker + 1][task] */
    const char *where;      /* of the operations that follow */
    const char *name;       /* of the notifier in use */
    int32_t room;           /* of the names that follow */
    int64_t replies, rounds_over;
    int deadlocks;
    bool deadlock_stops;
    char *report; /* of the last deadlock */
};

/* Workers of workload "pad", all planned. */
void
play_open(struct play *play, int32_t workers, const struct hub_config *config);
/* Workers of workload "chat" in rooms 1 .. of `size`, all planned. */
void play_open_rooms(struct play *play, int32_t rooms, int32_t size,
                     const struct hub_config *config);
/* Workers of workload "pad", and after them those of "other"; all started and
 * in step 1. */
void play_open_two(struct play *play, int32_t pad, int32_t other);
/* Workers of workload "rate", who need not ever start. */
void play_open_pool(struct play *play, int32_t workers);
void play_close(struct play *play);
/* Opened, all started and in step 1. */
void play_open_running(struct play *play, int32_t workers);
/* The same, with deadlocks that are broken. */
void play_open_breaking(struct play *play, int32_t workers);

void start(struct play *play, int32_t worker);
void start_all(struct play *play);
void begin(struct play *play, int32_t worker); /* its next step */
void begin_all(struct play *play);
void go_on(struct play *play, int32_t worker); /* end and begin */
void end(struct play *play, int32_t worker);
void end_delayed(struct play *play, int32_t worker);
void fail_run(struct play *play, int32_t worker, const char *text);
void end_all(struct play *play);
void runs_over(struct play *play, int32_t worker);
void leave(struct play *play, int32_t worker);
void tell(struct play *play, int32_t worker, enum hub_op_type type);

/* Any operation of a task; fills in the id, `where` and the default timeout if
 * it is not set (0: use `play_try` for timeouts of 0). */
struct answer *
submit(struct play *play, int32_t worker, uint32_t task, struct hub_op op);
struct answer *play_try(struct play *play, int32_t worker, struct hub_op op);

struct answer *written(struct play *play, int32_t worker, const char *text);
struct answer *wait_writer(struct play *play, int32_t worker);
struct answer *
wait_writer_for(struct play *play, int32_t worker, nsec_t timeout);
struct answer *one_read(struct play *play, int32_t worker);
struct answer *wait_readers(struct play *play, int32_t worker);
struct answer *
wait_readers_for(struct play *play, int32_t worker, nsec_t timeout);
void cancel(struct play *play, int32_t worker);
struct answer *var(struct play *play, int32_t worker, enum hub_op_type type,
                   const char *name, struct value *value); /* takes it */
/* get_var with a factory. */
struct answer *make_var(struct play *play, int32_t worker, const char *name);
struct answer *answer_of(struct play *play, int32_t worker);

void advance(struct play *play, nsec_t length); /* and ticks */
bool quiescent(struct play *play);

struct value *text_value(const char *text);
const struct coord_stats *coord(struct play *play, const char *label);

/* The worker's task 0 waits. */
#define assert_waits(play, worker) assert_true(answer_of(play, worker)->waiting)
#define assert_status(play, worker, expected)                        \
    do {                                                             \
        assert_false(answer_of(play, worker)->waiting);              \
        assert_int_equal(answer_of(play, worker)->status, expected); \
    } while (0)
#define assert_granted(play, worker) assert_status(play, worker, HUB_GRANTED)
/* Granted this string. */
#define assert_news(play, worker, text)                     \
    do {                                                    \
        assert_granted(play, worker);                       \
        assert_value(answer_of(play, worker)->value, text); \
    } while (0)
void assert_value(const struct value *value, const char *text);
#define assert_says(haystack, needle)                                 \
    do {                                                              \
        if (!strstr(haystack, needle))                                \
            fail_msg("\"%s\" does not say \"%s\"", haystack, needle); \
    } while (0)
#define assert_text(play, worker, needle)                   \
    do {                                                    \
        assert_non_null(answer_of(play, worker)->text);     \
        assert_says(answer_of(play, worker)->text, needle); \
    } while (0)

#endif
