/* Rounds of a notifier: who gets what, who is waited for, what breaks. */
#include "driver.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"

#define WORKERS 5
#define WRITER (WORKERS - 1)

static struct answer *
notify(struct play *play, int32_t worker, enum hub_op_type type, int64_t round)
{
    return submit(play, worker, 0,
                  (struct hub_op){
                      .type = type,
                      .object = HUB_NOTIFIER,
                      .name = play->name,
                      .round = round,
                  });
}

/* --- the scenario that all comes from, in any order --- */

struct actor {
    int at; /* what it does next */
    int64_t step;
};

enum pad_form { ONE_NOTIFIER, ONE_PER_STEP, CURRENT_STEP_ASKED };

/* One step of a writer or a reader. False: it waits. */
static bool
act(struct play *play, struct actor *actor, int32_t worker, enum pad_form form)
{
    char text[32], name[32] = "pad", before[32] = "pad";
    if (answer_of(play, worker)->waiting)
        return false;
    snprintf(text, sizeof(text), "round %d", (int)actor->step);
    if (form != ONE_NOTIFIER) {
        snprintf(name, sizeof(name), "notifier%d", (int)actor->step);
        snprintf(before, sizeof(before), "notifier%d",
                 (int)actor->step - (form == ONE_PER_STEP));
    }
    play->name = name;
    switch (actor->at++) {
    case 0:
        begin(play, worker);
        actor->step++;
        break;
    case 1:
        assert_granted(play, worker);
        if (worker == WRITER) {
            play->name = before;
            wait_readers(play, worker);
        } else {
            wait_writer(play, worker);
        }
        break;
    case 2:
        assert_granted(play, worker);
        if (worker == WRITER) {
            written(play, worker, text);
        } else {
            assert_value(answer_of(play, worker)->value, text);
            assert_int_equal(answer_of(play, worker)->round, 1);
            one_read(play, worker);
        }
        break;
    case 3:
        assert_granted(play, worker);
        end(play, worker);
        actor->at = 0;
        break;
    }
    return true;
}

static void
play_pad(enum pad_form form, uint64_t seed)
{
    enum { ROUNDS = 50 };
    struct play play;
    struct actor actors[WORKERS] = {0};
    struct rng rng;
    rng_init(&rng, seed, 0);
    play_open(&play, WORKERS, NULL);
    start_all(&play);
    for (int64_t ended = 0, idle = 0; ended < WORKERS;) {
        int32_t worker = (int32_t)rng_int(&rng, 0, WORKERS - 1);
        struct actor *actor = &actors[worker];
        if (actor->at == 0 && actor->step == ROUNDS) {
            actor->at = -1;
            runs_over(&play, worker);
            leave(&play, worker);
            ended++;
        } else if (actor->at >= 0 && act(&play, actor, worker, form)) {
            idle = 0;
        } else if (++idle > 1000) {
            fail_msg("seed %d: nobody can go on", (int)seed);
        }
        if (rng_int(&rng, 0, 9) == 0)
            advance(&play, NSEC_PER_MSEC);
    }
    assert_int_equal(play.deadlocks, 0);
    assert_int_equal(hub_waiting(play.hub, NSEC_NEVER), 0);
    const struct coord_stats *row =
        coord(&play, form == ONE_NOTIFIER ? "pad" : "notifier#");
    assert_int_equal(row->rounds, ROUNDS);
    assert_int_equal(play.rounds_over, ROUNDS);
    assert_int_equal(row->missed, 0);
    assert_int_equal(row->breaks, 0);
    assert_int_equal(row->timeouts, 0);
    assert_int_equal(row->waits, ROUNDS * WORKERS);
    assert_null(hub_names(play.hub, 0)->objects); /* all were forgotten */
    play_close(&play);
}

static void
test_pad(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++)
        play_pad(ONE_NOTIFIER, seed);
}

static void
test_pad_with_a_notifier_per_step(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++)
        play_pad(ONE_PER_STEP, seed);
}

static void
test_pad_whose_writer_asks_the_current_notifier(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++)
        play_pad(CURRENT_STEP_ASKED, seed);
}

/* --- failures --- */

/* One round of all workers. Readers that are told not to read end their run
 * after the news. */
static void
play_round(struct play *play, const char *text)
{
    wait_readers(play, WRITER);
    assert_granted(play, WRITER);
    for (int32_t i = 0; i < WRITER; i++)
        wait_writer(play, i);
    written(play, WRITER, text);
    for (int32_t i = 0; i < WRITER; i++) {
        assert_news(play, i, text);
        one_read(play, i);
    }
    end_all(play);
}

static void
test_reader_fails_before_one_read(void **state)
{
    struct play play;
    play_open_running(&play, WORKERS);
    for (int step = 1; step <= 6; step++) {
        if (step > 1)
            begin_all(&play);
        if (step != 3) {
            play_round(&play, "text");
            continue;
        }
        for (int32_t i = 0; i < WRITER; i++)
            wait_writer(&play, i);
        wait_readers(&play, WRITER);
        written(&play, WRITER, "three");
        for (int32_t i = 0; i < WRITER; i++)
            assert_news(&play, i, "three");
        fail_run(&play, 0, "pad.lua:9: boom");
        for (int32_t i = 1; i < WRITER; i++)
            one_read(&play, i);
        for (int32_t i = 1; i <= WRITER; i++)
            end(&play, i);
    }
    assert_int_equal(coord(&play, "pad")->missed, 1);
    assert_int_equal(coord(&play, "pad")->rounds, 6);
    assert_int_equal(coord(&play, "pad")->breaks, 0);
    play_close(&play);
}

static void
test_writer_fails(void **state)
{
    struct play play;
    play_open_running(&play, WORKERS);
    play_round(&play, "one");
    begin_all(&play);
    for (int32_t i = 0; i < WRITER - 1; i++)
        wait_writer(&play, i);
    fail_run(&play, WRITER, "pad.lua:12: boom");
    begin(&play, WRITER);
    for (int32_t i = 0; i < WRITER - 1; i++)
        assert_waits(&play, i); /* one of them may still write */
    wait_writer(&play, WRITER - 1);
    for (int32_t i = 0; i < WRITER; i++) {
        assert_status(&play, i, HUB_BROKEN);
        assert_text(&play, i, "round 1 of step 2");
        assert_text(&play, i, "worker 4");
        assert_text(&play, i, "pad.lua:12: boom");
        assert_int_equal(answer_of(&play, i)->culprit, WRITER);
        fail_run(&play, i, "broken");
        begin(&play, i);
    }
    for (int round = 3; round < 6; round++) {
        play_round(&play, "more");
        begin_all(&play);
    }
    assert_int_equal(coord(&play, "pad")->breaks, 4);
    assert_int_equal(coord(&play, "pad")->rounds, 4);
    assert_int_equal(coord(&play, "pad")->missed, 0);
    play_close(&play);
}

/* The writer failed before any reader came, and has a run in progress since:
 * readers are told of it all the same. */
static void
test_writer_failed_long_ago(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    fail_run(&play, 2, "no page");
    wait_writer(&play, 0);
    assert_waits(&play, 0);
    wait_writer(&play, 1);
    for (int32_t i = 0; i < 2; i++) {
        assert_status(&play, i, HUB_BROKEN);
        assert_int_equal(answer_of(&play, i)->culprit, 2);
        assert_text(&play, i, "no page");
    }
    play_close(&play);
}

/* Others may have passed the round before: the one whose run failed is named,
 * whether the readers were there first or came after. */
static void
test_the_one_that_failed_is_named(void **state)
{
    for (int late = 0; late < 2; late++) {
        struct play play;
        play_open_running(&play, 5);
        if (!late)
            wait_writer(&play, 0);
        end(&play, 1);
        fail_run(&play, 3, "boom");
        fail_run(&play, 2, "crash");
        if (late)
            wait_writer(&play, 0);
        wait_writer(&play, 4);
        assert_status(&play, 0, HUB_BROKEN);
        assert_int_equal(answer_of(&play, 0)->culprit, 3);
        assert_text(&play, 0, "worker 3 had failed: boom");
        assert_text(&play, 0, "worker 1 (before step 2), worker 2");
        play_close(&play);
    }
}

/* --- what a round is --- */

static void
test_round_has_one_writer(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 0, "mine");
    assert_granted(&play, 0);
    written(&play, 1, "mine too");
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1, "worker 0");
    wait_writer(&play, 1); /* nothing was used up */
    assert_news(&play, 1, "mine");
    written(&play, 1, "the second");
    assert_granted(&play, 1);
    assert_int_equal(answer_of(&play, 1)->round, 2);
    play_close(&play);
}

static void
test_news_of_one_round_only(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 0, "one");
    written(&play, 0, "two");
    go_on(&play, 0);
    written(&play, 0, "next step");
    wait_writer(&play, 1);
    assert_news(&play, 1, "one");
    wait_writer(&play, 1);
    assert_news(&play, 1, "two");
    assert_int_equal(answer_of(&play, 1)->round, 2);
    wait_writer(&play, 1);
    assert_waits(&play, 1);
    play_close(&play);
}

static void
test_named_rounds(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    notify(&play, 0, HUB_OP_NOTIFIER_WRITTEN, 5);
    assert_int_equal(answer_of(&play, 0)->round, 5);
    notify(&play, 1, HUB_OP_NOTIFIER_WAIT_WRITER, 5);
    assert_granted(&play, 1);
    notify(&play, 1, HUB_OP_NOTIFIER_WAIT_WRITER, 4);
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1, "ascending");
    notify(&play, 1, HUB_OP_NOTIFIER_WAIT_WRITER, 5);
    assert_status(&play, 1, HUB_MISUSE);
    written(&play, 1, "six");
    assert_int_equal(answer_of(&play, 1)->round, 6);
    play_close(&play);
}

/* Who names a later round has passed those before it. */
static void
test_skipping_rounds_passes_them(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_writer(&play, 0);
    notify(&play, 1, HUB_OP_NOTIFIER_WRITTEN, 3);
    assert_granted(&play, 1);
    assert_status(&play, 0, HUB_BROKEN);
    assert_int_equal(answer_of(&play, 0)->culprit, 1);
    wait_writer(&play, 0);
    assert_status(&play, 0, HUB_BROKEN); /* round 2 as well */
    wait_writer(&play, 0);
    assert_granted(&play, 0);
    assert_int_equal(answer_of(&play, 0)->round, 3);
    play_close(&play);
}

static void
test_wait_in_vain_gives_its_round_back(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    wait_writer_for(&play, 0, NSEC_PER_SEC);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    wait_writer(&play, 0);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    play_try(&play, 0,
             (struct hub_op){
                 .type = HUB_OP_NOTIFIER_WAIT_WRITER,
                 .object = HUB_NOTIFIER,
                 .name = "pad",
             });
    assert_status(&play, 0, HUB_TIMEOUT);
    written(&play, 1, "one");
    wait_writer(&play, 0);
    assert_news(&play, 0, "one");
    play_close(&play);
}

/* Who waited for a later round has passed the earlier one for good, although
 * the wait gave its round back. */
static void
test_what_was_passed_stays_passed(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    written(&play, 1, "one");
    wait_writer(&play, 0);
    wait_readers(&play, 1);
    assert_waits(&play, 1);
    wait_writer_for(&play, 0, NSEC_PER_SEC);
    assert_granted(&play, 1);
    assert_int_equal(coord(&play, "pad")->missed, 1);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    end(&play, 0);
    assert_int_equal(coord(&play, "pad")->missed, 1);
    assert_int_equal(coord(&play, "pad")->rounds, 1);
    play_close(&play);
}

/* Broken uses up the round: nobody can write it after the fact, and nobody
 * waits for it again. */
static void
test_broken_uses_up_the_round(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    end(&play, 2);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    assert_status(&play, 0, HUB_BROKEN);
    written(&play, 0, "two");
    assert_int_equal(answer_of(&play, 0)->round, 2);
    wait_writer(&play, 1);
    assert_news(&play, 1, "two");
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pad),
        cmocka_unit_test(test_pad_with_a_notifier_per_step),
        cmocka_unit_test(test_pad_whose_writer_asks_the_current_notifier),
        cmocka_unit_test(test_reader_fails_before_one_read),
        cmocka_unit_test(test_writer_fails),
        cmocka_unit_test(test_writer_failed_long_ago),
        cmocka_unit_test(test_the_one_that_failed_is_named),
        cmocka_unit_test(test_round_has_one_writer),
        cmocka_unit_test(test_news_of_one_round_only),
        cmocka_unit_test(test_named_rounds),
        cmocka_unit_test(test_skipping_rounds_passes_them),
        cmocka_unit_test(test_wait_in_vain_gives_its_round_back),
        cmocka_unit_test(test_what_was_passed_stays_passed),
        cmocka_unit_test(test_broken_uses_up_the_round),
    };
    return cmocka_run_group_tests_name("notifier", tests, NULL, NULL);
}
