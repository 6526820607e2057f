/* The event: who is woken by what, and what they get. */
#include "driver.h"

#include <string.h>

static struct hub_op
event_op(enum hub_op_type type)
{
    return (struct hub_op){.type = type, .object = HUB_EVENT, .name = "go"};
}

static struct answer *
use(struct play *play, int32_t worker, enum hub_op_type type)
{
    return submit(play, worker, 0, event_op(type));
}

static void
set(struct play *play, int32_t worker, const char *text)
{
    struct hub_op op = event_op(HUB_OP_EVENT_SET);
    op.value = text_value(text);
    submit(play, worker, 0, op);
    value_unref(op.value);
    assert_granted(play, worker);
}

static void
clear(struct play *play, int32_t worker)
{
    use(play, worker, HUB_OP_EVENT_CLEAR);
    assert_granted(play, worker);
}

static bool
is_set(struct play *play, int32_t worker)
{
    use(play, worker, HUB_OP_EVENT_STATE);
    assert_granted(play, worker);
    return answer_of(play, worker)->number != 0;
}

static void
wait_event(struct play *play, int32_t worker)
{
    use(play, worker, HUB_OP_EVENT_WAIT);
}

static void
test_set_wakes_all(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    for (int32_t i = 0; i < 3; i++) {
        wait_event(&play, i);
        assert_waits(&play, i);
    }
    advance(&play, 5 * NSEC_PER_SEC);
    set(&play, 3, "now");
    for (int32_t i = 0; i < 3; i++) {
        assert_news(&play, i, "now");
        assert_int_equal(answer_of(&play, i)->happened_at, play.now);
        assert_int_equal(answer_of(&play, i)->waited, 5 * NSEC_PER_SEC);
    }
    play_close(&play);
}

static void
test_wait_when_set_returns_at_once(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    set(&play, 0, "now");
    for (int i = 0; i < 3; i++) {
        wait_event(&play, 1);
        assert_news(&play, 1, "now");
        assert_int_equal(answer_of(&play, 1)->happened_at, 0);
    }
    assert_int_equal(coord(&play, "go")->waits, 3);
    play_close(&play);
}

static void
test_clear_after_set_takes_nothing_back(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    wait_event(&play, 0);
    wait_event(&play, 1);
    set(&play, 3, "now");
    clear(&play, 3);
    wait_event(&play, 2);
    assert_news(&play, 0, "now");
    assert_news(&play, 1, "now");
    assert_waits(&play, 2);
    play_close(&play);
}

static void
test_state(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    assert_false(is_set(&play, 0));
    clear(&play, 0);
    assert_false(is_set(&play, 0));
    set(&play, 0, NULL);
    assert_true(is_set(&play, 0));
    set(&play, 0, NULL);
    assert_true(is_set(&play, 0));
    clear(&play, 0);
    assert_false(is_set(&play, 0));
    play_close(&play);
}

static void
test_setting_again_replaces_the_value(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    set(&play, 0, "one");
    set(&play, 0, "two");
    wait_event(&play, 1);
    assert_news(&play, 1, "two");
    set(&play, 0, NULL);
    wait_event(&play, 1);
    assert_news(&play, 1, NULL);
    play_close(&play);
}

static void
test_clear_forgets_the_value(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    set(&play, 0, "one");
    clear(&play, 0);
    wait_event(&play, 1);
    assert_waits(&play, 1);
    set(&play, 0, NULL);
    assert_news(&play, 1, NULL);
    play_close(&play);
}

static void
test_timeout_tells_what_is_missing(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_event(&play, 0);
    advance(&play, 60 * NSEC_PER_SEC - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0,
                "event 'go': not set after 60 s at pad.lua:9; "
                "missing: a worker that sets it");
    assert_int_equal(coord(&play, "go")->timeouts, 1);
    play_try(&play, 0, event_op(HUB_OP_EVENT_WAIT));
    assert_status(&play, 0, HUB_TIMEOUT);
    set(&play, 1, "late"); /* nobody is left to be answered */
    play_try(&play, 0, event_op(HUB_OP_EVENT_WAIT));
    assert_news(&play, 0, "late");
    play_close(&play);
}

/* The default timeout stands still while workers are to come. */
static void
test_waits_for_those_to_come(void **state)
{
    struct play play;
    play_open(&play, 2, NULL);
    start(&play, 0);
    begin(&play, 0);
    wait_event(&play, 0);
    advance(&play, 600 * NSEC_PER_SEC);
    assert_waits(&play, 0);
    start(&play, 1);
    begin(&play, 1);
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    play_close(&play);
}

static void
test_cancelled_wait(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    wait_event(&play, 0);
    wait_event(&play, 1);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    set(&play, 2, "now");
    assert_status(&play, 0, HUB_CANCELLED);
    assert_news(&play, 1, "now");
    /* The answer came first: there is nothing to cancel. */
    cancel(&play, 1);
    assert_news(&play, 1, "now");
    play_close(&play);
}

static void
test_freeing(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_event(&play, 0);
    use(&play, 1, HUB_OP_FREE);
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1, "event 'go' cannot be freed: a worker waits on it");
    set(&play, 1, "now");
    use(&play, 1, HUB_OP_FREE);
    assert_granted(&play, 1);
    assert_false(is_set(&play, 1)); /* another of that name */
    play_close(&play);
}

static void
test_all_waiting_is_a_deadlock(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_event(&play, 0);
    wait_event(&play, 1);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report,
                "wait of event 'go' for 0 s at pad.lua:9: not set; missing: "
                "a worker that sets it");
    play_close(&play);
}

static void
test_stopped(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    wait_event(&play, 0);
    hub_drain(play.hub, play.now);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    wait_event(&play, 0);
    assert_status(&play, 0, HUB_STOPPED);
    set(&play, 0, "now"); /* clean-up may still set it for others */
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_wakes_all),
        cmocka_unit_test(test_wait_when_set_returns_at_once),
        cmocka_unit_test(test_clear_after_set_takes_nothing_back),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_setting_again_replaces_the_value),
        cmocka_unit_test(test_clear_forgets_the_value),
        cmocka_unit_test(test_timeout_tells_what_is_missing),
        cmocka_unit_test(test_waits_for_those_to_come),
        cmocka_unit_test(test_cancelled_wait),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_all_waiting_is_a_deadlock),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
