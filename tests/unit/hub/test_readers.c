/* Readers: what counts as read, and who is waited for. */
#include "driver.h"

#include <string.h>

/* --- one_read --- */

static void
test_one_read_before_anything(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    one_read(&play, 0);
    assert_status(&play, 0, HUB_MISUSE);
    written(&play, 1, "one");
    wait_writer(&play, 0);
    one_read(&play, 0);
    assert_granted(&play, 0);
    end_all(&play);
    begin_all(&play);
    one_read(&play, 0); /* not received in this run */
    assert_status(&play, 0, HUB_MISUSE);
    play_close(&play);
}

static void
test_one_read_twice_counts_once(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 2, "one");
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    wait_readers(&play, 2);
    one_read(&play, 0);
    one_read(&play, 0);
    assert_granted(&play, 0);
    assert_waits(&play, 2);
    one_read(&play, 1);
    assert_granted(&play, 2);
    play_close(&play);
}

static void
test_visibility_is_measured_once(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    submit(&play, 1, 0,
           (struct hub_op){
               .type = HUB_OP_NOTIFIER_WRITTEN,
               .object = HUB_NOTIFIER,
               .name = "pad",
               .done_at = play.now - 3 * NSEC_PER_SEC,
           });
    wait_writer(&play, 0);
    advance(&play, NSEC_PER_SEC);
    one_read(&play, 0);
    one_read(&play, 0);
    const struct hist *visibility = coord(&play, "pad")->visibility;
    assert_int_equal(hist_count(visibility), 1);
    assert_int_equal(hist_max(visibility), 4 * NSEC_PER_SEC);
    play_close(&play);
}

static void
test_how_long_the_news_took(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    wait_writer(&play, 0);
    advance(&play, 2 * NSEC_PER_SEC);
    written(&play, 2, "one");
    assert_int_equal(answer_of(&play, 0)->waited, 2 * NSEC_PER_SEC);
    assert_int_equal(answer_of(&play, 0)->happened_at, play.now);
    wait_writer(&play, 1);
    assert_int_equal(answer_of(&play, 1)->waited, 0);
    assert_int_equal(answer_of(&play, 1)->happened_at, 0);
    one_read(&play, 0);
    advance(&play, NSEC_PER_SEC);
    one_read(&play, 1);
    assert_int_equal(hist_max(coord(&play, "pad")->round), NSEC_PER_SEC);
    assert_int_equal(coord(&play, "pad")->waits, 2);
    play_close(&play);
}

/* --- wait_for_readers --- */

static void
test_first_step_waits_for_nobody(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    start(&play, 0);
    begin(&play, 0);
    wait_readers(&play, 0); /* the others have not even started */
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_readers_to_come_are_waited_for(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    start(&play, 0);
    begin(&play, 0);
    written(&play, 0, "one");
    start(&play, 1);
    begin(&play, 1);
    wait_writer(&play, 1);
    one_read(&play, 1);
    wait_readers(&play, 0);
    assert_waits(&play, 0);
    start(&play, 2);
    begin(&play, 2);
    assert_waits(&play, 0);
    wait_writer(&play, 2);
    assert_news(&play, 2, "one");
    one_read(&play, 2);
    assert_granted(&play, 0);
    play_close(&play);
}

/* Who ends its run has passed the round, read or not. */
static void
test_run_end_passes(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 2, "one");
    wait_readers(&play, 2);
    wait_writer(&play, 0);
    end(&play, 0);
    assert_waits(&play, 2);
    end(&play, 1);
    assert_granted(&play, 2);
    assert_int_equal(coord(&play, "pad")->missed, 2);
    play_close(&play);
}

static void
test_leaving_passes(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 2, "one");
    wait_readers(&play, 2);
    end(&play, 0);
    leave(&play, 1); /* without a word about its runs */
    assert_granted(&play, 2);
    play_close(&play);
}

/* Nothing written in the step before: it must be over. */
static void
test_step_before_must_be_over(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    go_on(&play, 2);
    wait_readers(&play, 2);
    assert_waits(&play, 2);
    end(&play, 0);
    assert_waits(&play, 2);
    end(&play, 1);
    assert_granted(&play, 2);
    play_close(&play);
}

/* Who has read the last round of the step before may still be in it. */
static void
test_step_before_may_go_on_when_read(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    written(&play, 1, "one");
    written(&play, 1, "two");
    go_on(&play, 1);
    wait_writer(&play, 0);
    one_read(&play, 0);
    wait_readers(&play, 1);
    assert_waits(&play, 1); /* for the second one */
    wait_writer(&play, 0);
    one_read(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

/* Passed is not read: a run of the step before that waits for yet another round
 * is behind. */
static void
test_step_before_passed_is_not_enough(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    written(&play, 1, "one");
    go_on(&play, 1);
    wait_writer(&play, 0);
    wait_writer(&play, 0);
    assert_status(&play, 0, HUB_BROKEN); /* worker 1 is in a later step */
    wait_readers(&play, 1);
    assert_waits(&play, 1);
    end(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

/* A round that is written while somebody waits for readers, but belongs to what
 * it waits for, has to be read too. */
static void
test_round_written_late_counts(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    go_on(&play, 2);
    wait_readers(&play, 2);
    written(&play, 0, "late");
    end(&play, 0);
    assert_waits(&play, 2);
    wait_writer(&play, 1);
    one_read(&play, 1);
    assert_granted(&play, 2); /* read, though the run goes on */
    play_close(&play);
}

/* Rounds after the caller's place do not matter. */
static void
test_later_rounds_do_not_matter(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 0, "one");
    wait_writer(&play, 1);
    one_read(&play, 1);
    wait_readers(&play, 0);
    assert_waits(&play, 0);
    written(&play, 1, "two");
    wait_writer(&play, 2);
    one_read(&play, 2);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_some_readers_are_enough(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    submit(&play, 3, 0,
           (struct hub_op){
               .type = HUB_OP_NOTIFIER_WRITTEN,
               .object = HUB_NOTIFIER,
               .name = "pad",
               .options = {true, 2},
           });
    wait_readers(&play, 3);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    one_read(&play, 0);
    assert_waits(&play, 3);
    one_read(&play, 0);
    assert_waits(&play, 3);
    one_read(&play, 1);
    assert_granted(&play, 3);
    wait_readers(&play, 3);
    assert_granted(&play, 3);
    play_close(&play);
}

/* The option may come with a later handle, when they are enough already. */
static void
test_readers_that_are_enough_from_now_on(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 0, "one");
    wait_writer(&play, 1);
    one_read(&play, 1);
    wait_readers(&play, 0);
    assert_waits(&play, 0); /* for worker 2 */
    submit(&play, 1, 0,
           (struct hub_op){
               .type = HUB_OP_DECLARE,
               .object = HUB_NOTIFIER,
               .name = "pad",
               .options = {.given = true, .readers = 1},
           });
    assert_granted(&play, 1);
    assert_granted(&play, 0);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_read_before_anything),
        cmocka_unit_test(test_one_read_twice_counts_once),
        cmocka_unit_test(test_visibility_is_measured_once),
        cmocka_unit_test(test_how_long_the_news_took),
        cmocka_unit_test(test_first_step_waits_for_nobody),
        cmocka_unit_test(test_readers_to_come_are_waited_for),
        cmocka_unit_test(test_run_end_passes),
        cmocka_unit_test(test_leaving_passes),
        cmocka_unit_test(test_step_before_must_be_over),
        cmocka_unit_test(test_step_before_may_go_on_when_read),
        cmocka_unit_test(test_step_before_passed_is_not_enough),
        cmocka_unit_test(test_round_written_late_counts),
        cmocka_unit_test(test_later_rounds_do_not_matter),
        cmocka_unit_test(test_some_readers_are_enough),
        cmocka_unit_test(test_readers_that_are_enough_from_now_on),
    };
    return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
