/* Waits that end by time, and time that stands still. */
#include "driver.h"

#include <string.h>

#define MINUTE (60 * NSEC_PER_SEC)

static void
test_default_timeout_names_who_is_missing(void **state)
{
    struct play play;
    play_open_running(&play, 5);
    go_on(&play, 4);
    end_all(&play);
    begin_all(&play);
    /* All are in step 2, worker 4 in step 3. */
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    advance(&play, MINUTE - 1);
    assert_waits(&play, 0);
    assert_int_equal(hub_next_deadline(play.hub), play.now + 1);
    advance(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0,
                "notifier 'pad': round 1 of step 2 not written after ");
    assert_text(&play, 0, "at pad.lua:9");
    assert_text(&play, 0,
                "missing: worker 2 (in its run of step 2), worker 3 (in its "
                "run of step 2)");
    assert_null(strstr(answer_of(&play, 0)->text, "worker 4"));
    assert_null(strstr(answer_of(&play, 0)->text, "worker 1 "));
    assert_string_equal(answer_of(&play, 1)->text, answer_of(&play, 0)->text);
    assert_int_equal(answer_of(&play, 0)->waited, MINUTE);
    assert_int_equal(coord(&play, "pad")->timeouts, 2);
    assert_int_equal(hub_next_deadline(play.hub), NSEC_NEVER);
    play_close(&play);
}

/* All that time out together are told the same: those that have just timed out
 * could write now, but were not who was missing. It costs one look at all. */
static void
test_many_time_out_together(void **state)
{
    enum { READERS = 2000 };
    struct play play;
    play_open_running(&play, READERS + 1);
    for (int32_t i = 0; i < READERS; i++)
        wait_writer(&play, i);
    uint64_t before = play.hub->effort;
    advance(&play, MINUTE);
    for (int32_t i = 0; i < READERS; i++)
        assert_status(&play, i, HUB_TIMEOUT);
    assert_true(play.hub->effort - before <= 2 * READERS);
    assert_text(&play, READERS - 1, "missing: worker 2000 (in its run");
    play_close(&play);
}

static void
test_many_missing_are_cut(void **state)
{
    struct play play;
    play_open_running(&play, 100);
    wait_writer(&play, 0);
    advance(&play, MINUTE);
    assert_text(&play, 0, "worker 8 (in its run of step 1) and 91 more");
    play_close(&play);
}

static void
test_missing_readers(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    written(&play, 3, "one");
    wait_readers(&play, 3);
    wait_writer(&play, 1);
    one_read(&play, 1);
    wait_writer(&play, 0);
    advance(&play, MINUTE);
    assert_status(&play, 3, HUB_TIMEOUT);
    assert_text(&play, 3,
                "notifier 'pad': round 1 of step 1 not read by all after ");
    assert_text(&play, 3,
                "missing: worker 0 (in its run of step 1), worker 2 (in its "
                "run of step 1)");
    play_close(&play);
}

static void
test_missing_step_before(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    go_on(&play, 1);
    wait_readers(&play, 1);
    advance(&play, MINUTE);
    assert_text(&play, 1, "the step before step 2 not ended by all");
    assert_text(&play, 1, "missing: worker 0 (in its run of step 1)");
    play_close(&play);
}

static const struct {
    const char *name;
    nsec_t configured, asked, ends_after; /* NSEC_NEVER: does not end */
} lengths[] = {
    {"the default", MINUTE, HUB_TIMEOUT_DEFAULT, MINUTE},
    {"one's own", MINUTE, 5 * NSEC_PER_SEC, 5 * NSEC_PER_SEC},
    {"a longer one", MINUTE, 2 * MINUTE, 2 * MINUTE},
    {"none asked for", MINUTE, HUB_TIMEOUT_NONE, NSEC_NEVER},
    {"no default", 0, HUB_TIMEOUT_DEFAULT, NSEC_NEVER},
    {"no default, said so", HUB_TIMEOUT_NONE, HUB_TIMEOUT_DEFAULT, NSEC_NEVER},
    {"one's own without a default", 0, MINUTE, MINUTE},
};

static void
test_lengths(void **state)
{
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct play play;
        play_open(&play, 2,
                  &(struct hub_config){.wait_timeout = lengths[i].configured});
        for (int32_t w = 0; w < 2; w++) {
            start(&play, w);
            begin(&play, w);
        }
        wait_writer_for(&play, 0, lengths[i].asked);
        nsec_t length = lengths[i].ends_after;
        nsec_t deadline = length == NSEC_NEVER ? length : play.now + length;
        if (hub_next_deadline(play.hub) != deadline)
            fail_msg("%s", lengths[i].name);
        advance(&play, length == NSEC_NEVER ? 1000 * MINUTE : length - 1);
        if (!answer_of(&play, 0)->waiting)
            fail_msg("%s: ended early", lengths[i].name);
        advance(&play, 1);
        if (answer_of(&play, 0)->waiting != (length == NSEC_NEVER))
            fail_msg("%s", lengths[i].name);
        play_close(&play);
    }
}

static void
test_try_once(void **state)
{
    struct play play;
    struct hub_op op = {.type = HUB_OP_NOTIFIER_WAIT_WRITER,
                        .object = HUB_NOTIFIER,
                        .name = "pad"};
    play_open_running(&play, 3);
    play_try(&play, 0, op);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_int_equal(answer_of(&play, 0)->waited, 0);
    written(&play, 2, "one");
    play_try(&play, 0, op);
    assert_news(&play, 0, "one");
    op.type = HUB_OP_NOTIFIER_WAIT_READERS;
    play_try(&play, 2, op);
    assert_status(&play, 2, HUB_TIMEOUT);
    assert_int_equal(hub_waiting(play.hub, NSEC_NEVER), 0);
    end_all(&play);
    begin_all(&play);
    end(&play, 2);
    end(&play, 1);
    op.type = HUB_OP_NOTIFIER_WAIT_WRITER;
    play_try(&play, 0, op);
    assert_status(&play, 0, HUB_BROKEN); /* nobody is left to write it */
    play_close(&play);
}

/* --- standing still --- */

static void
test_stands_still_for_those_to_start(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    start(&play, 0);
    begin(&play, 0);
    wait_writer(&play, 0);
    advance(&play, 100 * MINUTE);
    assert_waits(&play, 0);
    assert_int_equal(hub_next_deadline(play.hub), NSEC_NEVER);
    start(&play, 1);
    advance(&play, MINUTE);
    assert_waits(&play, 0);
    start(&play, 2);
    advance(&play, MINUTE - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    play_close(&play);
}

/* Three quarters of the time, a delay, and the last quarter. */
static void
test_stands_still_during_a_delay(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    end_all(&play);
    begin(&play, 0);
    begin(&play, 1);
    wait_writer(&play, 0);
    advance(&play, 45 * NSEC_PER_SEC);
    begin(&play, 2);
    end_delayed(&play, 1);
    advance(&play, 100 * MINUTE); /* its next step is 3: it does not count */
    assert_status(&play, 0, HUB_TIMEOUT);
    wait_writer(&play, 0);
    end(&play, 2);
    assert_status(&play, 0, HUB_BROKEN);
    play_close(&play);

    play_open_running(&play, 3);
    go_on(&play, 0);
    wait_writer(&play, 0);
    advance(&play, 45 * NSEC_PER_SEC);
    end_delayed(&play, 1); /* before step 2 */
    advance(&play, 100 * MINUTE);
    assert_waits(&play, 0);
    begin(&play, 1);
    advance(&play, 15 * NSEC_PER_SEC - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    play_close(&play);
}

/* Who waits for readers does not wait for those who will start the same step
 * only later. */
static void
test_readers_stand_still_for_their_step(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    end_delayed(&play, 0);
    go_on(&play, 1);
    wait_readers(&play, 1); /* until step 1 is over: worker 2 */
    advance(&play, MINUTE);
    assert_status(&play, 1, HUB_TIMEOUT);
    written(&play, 1, "one");
    wait_readers(&play, 1); /* until all have read it: worker 0 too */
    advance(&play, 100 * MINUTE);
    assert_waits(&play, 1);
    begin(&play, 0);
    advance(&play, MINUTE);
    assert_status(&play, 1, HUB_TIMEOUT);
    play_close(&play);
}

/* A round that is written late makes a wait depend on other members. */
static void
test_readers_move_to_another_clock(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    go_on(&play, 0);
    go_on(&play, 1);
    end_delayed(&play, 2);
    submit(&play, 0, 0,
           (struct hub_op){
               .type = HUB_OP_NOTIFIER_WAIT_READERS,
               .object = HUB_NOTIFIER,
               .name = "pad",
               .round = 1,
           });
    advance(&play, 30 * NSEC_PER_SEC);
    written(&play, 1, "step 2"); /* worker 2 has yet to read it */
    advance(&play, 100 * MINUTE);
    assert_waits(&play, 0);
    begin(&play, 2);
    advance(&play, 30 * NSEC_PER_SEC - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    play_close(&play);
}

/* What the script asked for itself means what it says. */
static void
test_own_timeout_does_not_stand_still(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    start(&play, 0);
    begin(&play, 0);
    wait_writer_for(&play, 0, 5 * NSEC_PER_SEC);
    advance(&play, 5 * NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0, "worker 1 (not started)");
    play_close(&play);
}

/* A variable can be set by anybody, so only planned starts count. */
static void
test_variables_stand_still_for_starts_only(void **state)
{
    struct play play;
    play_open(&play, 2, NULL);
    start(&play, 0);
    begin(&play, 0);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    advance(&play, 100 * MINUTE);
    assert_waits(&play, 0);
    start(&play, 1);
    begin(&play, 1);
    end_delayed(&play, 1);
    advance(&play, MINUTE);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0, "variable 'x': still nil");
    play_close(&play);
}

static void
test_nothing_stands_still_in_drain(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    start(&play, 0);
    begin(&play, 0);
    wait_writer(&play, 0);
    play.now += 100 * MINUTE; /* and nothing tells the hub before DRAIN */
    hub_drain(play.hub, play.now);
    advance(&play, MINUTE - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    play_close(&play);
}

/* --- going on with what is left --- */

static void
test_remaining_time(void **state)
{
    struct play play;
    struct hub_op op = {
        .type = HUB_OP_VAR_WAIT_CHANGE,
        .object = HUB_VARIABLE,
        .name = "x",
        .version = -1,
        .timeout = 10 * NSEC_PER_SEC,
    };
    play_open_running(&play, 2);
    struct answer *answer = submit(&play, 0, 0, op);
    assert_granted(&play, 0);
    assert_int_equal(answer->remaining, 10 * NSEC_PER_SEC);
    op.version = answer->version;
    op.remaining = answer->remaining;
    submit(&play, 0, 0, op);
    assert_waits(&play, 0);
    advance(&play, 4 * NSEC_PER_SEC);
    var(&play, 1, HUB_OP_VAR_SET, "x", text_value("a"));
    assert_news(&play, 0, "a");
    assert_int_equal(answer->remaining, 6 * NSEC_PER_SEC);
    op.version = answer->version;
    op.remaining = answer->remaining;
    submit(&play, 0, 0, op);
    advance(&play, 6 * NSEC_PER_SEC - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);

    op.timeout = HUB_TIMEOUT_NONE;
    op.remaining = 0;
    op.version = -1;
    submit(&play, 0, 0, op);
    assert_int_equal(answer->remaining, 0);
    play_close(&play);
}

/* At the very end there is something left, or it would look like a wait of its
 * own. */
static void
test_remaining_time_is_never_nothing(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    submit(&play, 0, 0,
           (struct hub_op){
               .type = HUB_OP_VAR_WAIT_CHANGE,
               .object = HUB_VARIABLE,
               .name = "x",
               .timeout = NSEC_PER_SEC,
           });
    play.now += NSEC_PER_SEC; /* due, but the tick comes later */
    var(&play, 1, HUB_OP_VAR_SET, "x", text_value("a"));
    assert_granted(&play, 0);
    assert_true(answer_of(&play, 0)->remaining > 0);
    play_close(&play);
}

/* To go on with a default timeout does not make it the script's own one. */
static void
test_remaining_default_stands_still(void **state)
{
    struct play play;
    play_open(&play, 2, NULL);
    start(&play, 0);
    begin(&play, 0);
    submit(&play, 0, 0,
           (struct hub_op){
               .type = HUB_OP_VAR_WAIT_CHANGE,
               .object = HUB_VARIABLE,
               .name = "x",
               .remaining = NSEC_PER_SEC,
           });
    advance(&play, MINUTE);
    assert_waits(&play, 0);
    assert_int_equal(play.hub->own_timeout_count, 0);
    start(&play, 1);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    play_close(&play);
}

/* --- cancelling --- */

static void
test_cancel_is_a_request(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_writer(&play, 0);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    cancel(&play, 0); /* again: nobody is there */

    wait_writer(&play, 0);
    written(&play, 1, "one");
    cancel(&play, 0); /* in the same turn, too late */
    assert_news(&play, 0, "one");
    one_read(&play, 0);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_cancel_of_an_earlier_wait(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_writer(&play, 0);
    uint32_t earlier = answer_of(&play, 0)->seq;
    written(&play, 1, "one");
    wait_writer(&play, 0);
    hub_submit(play.hub,
               &(struct hub_op){.type = HUB_OP_CANCEL, .id = {0, 0, earlier}},
               play.now);
    assert_waits(&play, 0);
    play_close(&play);
}

static void
test_waiting_since(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    wait_writer(&play, 0);
    advance(&play, NSEC_PER_SEC);
    wait_writer(&play, 1);
    assert_int_equal(hub_waiting(play.hub, NSEC_NEVER), 2);
    assert_int_equal(hub_waiting(play.hub, play.now), 1);
    assert_int_equal(hub_waiting(play.hub, play.now - NSEC_PER_SEC), 0);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_timeout_names_who_is_missing),
        cmocka_unit_test(test_many_time_out_together),
        cmocka_unit_test(test_many_missing_are_cut),
        cmocka_unit_test(test_missing_readers),
        cmocka_unit_test(test_missing_step_before),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_try_once),
        cmocka_unit_test(test_stands_still_for_those_to_start),
        cmocka_unit_test(test_stands_still_during_a_delay),
        cmocka_unit_test(test_readers_stand_still_for_their_step),
        cmocka_unit_test(test_readers_move_to_another_clock),
        cmocka_unit_test(test_own_timeout_does_not_stand_still),
        cmocka_unit_test(test_variables_stand_still_for_starts_only),
        cmocka_unit_test(test_nothing_stands_still_in_drain),
        cmocka_unit_test(test_remaining_time),
        cmocka_unit_test(test_remaining_time_is_never_nothing),
        cmocka_unit_test(test_remaining_default_stands_still),
        cmocka_unit_test(test_cancel_is_a_request),
        cmocka_unit_test(test_cancel_of_an_earlier_wait),
        cmocka_unit_test(test_waiting_since),
    };
    return cmocka_run_group_tests_name("timeouts", tests, NULL, NULL);
}
