/* Shared variables: factories, updates, waits for a change. */
#include "driver.h"

#include <string.h>

#include "hub/var.h"

static void
set(struct play *play, int32_t worker, const char *name, const char *text)
{
    var(play, worker, HUB_OP_VAR_SET, name, text_value(text));
    assert_granted(play, worker);
}

static void
get(struct play *play, int32_t worker, const char *name, const char *expected)
{
    var(play, worker, HUB_OP_VAR_GET, name, NULL);
    assert_news(play, worker, expected);
}

static struct answer *
make(struct play *play, int32_t worker, const char *name)
{
    return var(play, worker, HUB_OP_VAR_GET_OR_MAKE, name, NULL);
}

static struct answer *
made(struct play *play, int32_t worker, const char *name, const char *text)
{
    return var(play, worker, HUB_OP_VAR_MADE, name, text_value(text));
}

static void
make_failed(struct play *play, int32_t worker, const char *name,
            const char *text, bool given_up)
{
    submit(play, worker, 0,
           (struct hub_op){
               .type = HUB_OP_VAR_MAKE_FAILED,
               .object = HUB_VARIABLE,
               .name = name,
               .text = text,
               .given_up = given_up,
           });
    assert_granted(play, worker);
}

static void
lock(struct play *play, int32_t worker, const char *name)
{
    var(play, worker, HUB_OP_VAR_LOCK, name, NULL);
}

static void
unlock(struct play *play, int32_t worker, const char *name, const char *text)
{
    var(play, worker, HUB_OP_VAR_UNLOCK, name, text_value(text));
    assert_granted(play, worker);
}

/* --- plain --- */

static void
test_set_get_delete(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    get(&play, 0, "x", NULL);
    set(&play, 0, "x", "a");
    get(&play, 1, "x", "a");
    set(&play, 1, "x", "b");
    get(&play, 0, "x", "b");
    var(&play, 0, HUB_OP_VAR_DELETE, "x", NULL);
    get(&play, 1, "x", NULL);
    assert_null(hub_names(play.hub, 0)->variables);
    get(&play, HUB_GLOBAL, "x", NULL);
    play_close(&play);
}

static void
test_add(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    struct answer *answer =
        var(&play, 0, HUB_OP_VAR_ADD, "n", value_from_integer(2));
    struct value *two = value_from_integer(2);
    assert_granted(&play, 0);
    assert_true(value_equal(answer->value, two));
    value_unref(two);
    var(&play, 1, HUB_OP_VAR_ADD, "n", value_from_float(0.5));
    assert_int_equal(answer_of(&play, 1)->value->data[0], VALUE_FLOAT);
    set(&play, 0, "n", "text");
    var(&play, 0, HUB_OP_VAR_ADD, "n", value_from_integer(1));
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "variable 'n' is a string");
    get(&play, 0, "n", "text");
    play_close(&play);
}

/* --- factories --- */

static void
test_one_makes_it_for_all(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    make(&play, 0, "token");
    assert_status(&play, 0, HUB_MAKE);
    for (int32_t i = 1; i < 4; i++) {
        make(&play, i, "token");
        assert_waits(&play, i);
    }
    made(&play, 0, "token", "secret");
    for (int32_t i = 0; i < 4; i++)
        assert_news(&play, i, "secret");
    make(&play, 1, "token");
    assert_news(&play, 1, "secret");
    play_close(&play);
}

static void
test_nil_is_a_value(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    make(&play, 0, "x");
    made(&play, 0, "x", NULL);
    assert_granted(&play, 0);
    make(&play, 1, "x");
    assert_news(&play, 1, NULL);
    var(&play, 0, HUB_OP_VAR_DELETE, "x", NULL);
    make(&play, 1, "x");
    assert_status(&play, 1, HUB_MAKE);
    play_close(&play);
}

static void
test_factory_fails_in_all(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    for (int32_t i = 0; i < 3; i++)
        make(&play, i, "token");
    make_failed(&play, 0, "token", "no login", false);
    for (int32_t i = 1; i < 3; i++) {
        assert_status(&play, i, HUB_FAILED);
        assert_string_equal(answer_of(&play, i)->text, "no login");
        assert_int_equal(answer_of(&play, i)->culprit, 0);
    }
    make(&play, 2, "token"); /* tries again */
    assert_status(&play, 2, HUB_MAKE);
    play_close(&play);
}

static void
give_up(struct play *play, int32_t worker)
{
    make_failed(play, worker, "token", "cancelled", true);
}

static void
task_end(struct play *play, int32_t worker)
{
    tell(play, worker, HUB_OP_TASK_END);
}

static const struct {
    const char *name;
    void (*go)(struct play *play, int32_t worker);
} ways_to_go[] = {
    {"given up", give_up},          {"end of the run", end},
    {"end of all runs", runs_over}, {"end of the worker", leave},
    {"end of the task", task_end},
};

static void
test_next_one_makes_it(void **state)
{
    for (size_t i = 0; i < sizeof(ways_to_go) / sizeof(ways_to_go[0]); i++) {
        struct play play;
        play_open_running(&play, 3);
        make(&play, 0, "token");
        make(&play, 1, "token");
        make(&play, 2, "token");
        ways_to_go[i].go(&play, 0);
        if (answer_of(&play, 1)->waiting ||
            answer_of(&play, 1)->status != HUB_MAKE)
            fail_msg("%s", ways_to_go[i].name);
        assert_waits(&play, 2);
        made(&play, 1, "token", "secret");
        assert_news(&play, 2, "secret");
        play_close(&play);
    }
}

static void
test_set_meanwhile_wins(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    make(&play, 0, "token");
    make(&play, 1, "token");
    set(&play, 2, "token", "set");
    assert_news(&play, 1, "set");
    made(&play, 0, "token", "made");
    assert_news(&play, 0, "set");
    get(&play, 1, "token", "set");
    play_close(&play);
}

static void
test_inside_its_own_factory(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    make(&play, 0, "token");
    make(&play, 0, "token");
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "its own factory");
    make(&play, 0, "another");
    assert_status(&play, 0, HUB_MAKE);
    play_close(&play);
}

static void
test_waiter_for_a_factory_leaves(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    for (int32_t i = 0; i < 3; i++)
        make(&play, i, "token");
    cancel(&play, 1);
    assert_status(&play, 1, HUB_CANCELLED);
    give_up(&play, 0);
    assert_status(&play, 2, HUB_MAKE);
    play_close(&play);
}

static void
test_timeout_names_the_maker(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    make(&play, 0, "token");
    make(&play, 1, "token");
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 1, HUB_TIMEOUT);
    assert_text(&play, 1, "variable 'token': not made after ");
    assert_text(&play, 1,
                "worker 0 (in its run of step 1), which runs its "
                "factory");
    play_close(&play);
}

/* --- updates --- */

static void
test_updates_queue(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    set(&play, 0, "x", "0");
    lock(&play, 0, "x");
    assert_news(&play, 0, "0");
    lock(&play, 1, "x");
    lock(&play, 2, "x");
    assert_waits(&play, 1);
    get(&play, 3, "x", "0"); /* reading does not wait */
    unlock(&play, 0, "x", "1");
    assert_news(&play, 1, "1");
    assert_waits(&play, 2);
    lock(&play, 0, "x"); /* does not overtake */
    assert_waits(&play, 0);
    unlock(&play, 1, "x", "2");
    assert_news(&play, 2, "2");
    unlock(&play, 2, "x", NULL); /* its function failed: nothing changes */
    assert_news(&play, 0, "2");
    unlock(&play, 0, "x", "3");
    get(&play, 0, "x", "3");
    play_close(&play);
}

/* What is stored while somebody updates comes after, in order. */
static void
test_no_update_is_lost(void **state)
{
    struct play play;
    play_open(&play, 6, NULL);
    for (int32_t i = 0; i < 6; i++) {
        start(&play, i);
        begin(&play, i);
    }
    var(&play, 0, HUB_OP_VAR_ADD, "n", value_from_integer(1));
    lock(&play, 0, "n");
    var(&play, 1, HUB_OP_VAR_ADD, "n", value_from_integer(1));
    lock(&play, 2, "n");
    var(&play, 3, HUB_OP_VAR_SET, "n", text_value("word"));
    var(&play, 4, HUB_OP_VAR_ADD, "n", value_from_integer(1));
    var(&play, 5, HUB_OP_VAR_DELETE, "n", NULL);
    for (int32_t i = 1; i < 6; i++)
        assert_waits(&play, i);
    unlock(&play, 0, "n", NULL);
    assert_granted(&play, 1);
    struct value *two = value_from_integer(2);
    assert_true(value_equal(answer_of(&play, 2)->value, two));
    value_unref(two);
    assert_waits(&play, 3);
    unlock(&play, 2, "n", NULL);
    assert_granted(&play, 3);
    assert_status(&play, 4, HUB_MISUSE); /* a word is no number */
    assert_granted(&play, 5);
    get(&play, 0, "n", NULL);
    play_close(&play);
}

static void
test_made_comes_after_an_update(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    make(&play, 0, "x");
    lock(&play, 1, "x");
    assert_news(&play, 1, NULL);
    made(&play, 0, "x", "made");
    assert_waits(&play, 0);
    make(&play, 2, "x");
    assert_waits(&play, 2);
    unlock(&play, 1, "x", "updated");
    assert_news(&play, 0, "updated");
    assert_news(&play, 2, "updated");
    play_close(&play);
}

static void
test_updater_leaves(void **state)
{
    for (size_t i = 1; i < sizeof(ways_to_go) / sizeof(ways_to_go[0]); i++) {
        struct play play;
        play_open_running(&play, 2);
        set(&play, 0, "x", "0");
        lock(&play, 0, "x");
        lock(&play, 1, "x");
        ways_to_go[i].go(&play, 0);
        if (answer_of(&play, 1)->waiting)
            fail_msg("%s", ways_to_go[i].name);
        assert_news(&play, 1, "0");
        play_close(&play);
    }
}

/* What one task leaves is what another task of the same worker waits for, which
 * has something itself that it is rid of then. */
static void
test_updater_leaves_to_a_maker_of_its_worker(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    struct hub_op op = {.object = HUB_VARIABLE, .name = "x"};
    for (uint32_t task = 1; task < 3; task++) {
        op.type = HUB_OP_TASK_BEGIN;
        op.id = (struct hub_id){0, task, 0};
        hub_submit(play.hub, &op, play.now);
    }
    op.type = HUB_OP_VAR_LOCK;
    submit(&play, 0, 1, op);
    op.type = HUB_OP_VAR_GET_OR_MAKE;
    assert_int_equal(submit(&play, 0, 2, op)->status, HUB_MAKE);
    op.type = HUB_OP_VAR_MADE;
    op.value = text_value("made");
    struct answer *answer = submit(&play, 0, 2, op);
    assert_true(answer->waiting);
    value_unref(op.value);
    op = (struct hub_op){
        .type = HUB_OP_TASK_END,
        .id = {0, 1, 0},
        .failed = true,
    };
    hub_submit(play.hub, &op, play.now);
    assert_false(answer->waiting);
    assert_value(answer->value, "made");
    play_close(&play);
}

static void
test_misuse_of_updates(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    lock(&play, 0, "x");
    lock(&play, 0, "x");
    assert_status(&play, 0, HUB_MISUSE);
    var(&play, 0, HUB_OP_VAR_SET, "x", text_value("a"));
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "set_var: variable 'x' is used inside");
    var(&play, 1, HUB_OP_VAR_UNLOCK, "x", text_value("stolen"));
    assert_status(&play, 1, HUB_MISUSE);
    unlock(&play, 0, "x", "mine");
    get(&play, 1, "x", "mine");
    play_close(&play);
}

static void
test_store_behind_an_update_times_out(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    lock(&play, 0, "x");
    var(&play, 1, HUB_OP_VAR_SET, "x", text_value("a"));
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 1, HUB_TIMEOUT);
    assert_text(&play, 1, "still being updated");
    assert_text(&play, 1, "worker 0");
    unlock(&play, 0, "x", NULL);
    get(&play, 0, "x", NULL); /* it was not stored behind our back */
    play_close(&play);
}

/* --- waits for a change --- */

static void
test_wait_for_a_value(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", text_value("go"));
    var(&play, 1, HUB_OP_VAR_WAIT, "x", text_value("go"));
    var(&play, 2, HUB_OP_VAR_WAIT, "x", NULL);
    set(&play, 3, "x", "ready");
    assert_waits(&play, 0);
    assert_news(&play, 2, "ready");
    set(&play, 3, "x", "go"); /* each change serves all whom it suits */
    set(&play, 3, "x", "gone");
    assert_news(&play, 0, "go");
    assert_news(&play, 1, "go");
    var(&play, 2, HUB_OP_VAR_WAIT, "x", NULL); /* as it is */
    assert_news(&play, 2, "gone");
    play_close(&play);
}

static void
test_false_is_not_nil(void **state)
{
    static const unsigned char no[] = {VALUE_FALSE};
    struct play play;
    play_open_running(&play, 2);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    var(&play, 1, HUB_OP_VAR_SET, "x", NULL);
    assert_waits(&play, 0);
    var(&play, 1, HUB_OP_VAR_SET, "x", value_create(no, 1));
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_wait_for_a_sum(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    var(&play, 0, HUB_OP_VAR_WAIT, "n", value_from_integer(2));
    var(&play, 1, HUB_OP_VAR_ADD, "n", value_from_integer(1));
    assert_waits(&play, 0);
    var(&play, 2, HUB_OP_VAR_ADD, "n", value_from_integer(1));
    assert_granted(&play, 0);
    play_close(&play);
}

static struct answer *
wait_change(struct play *play, int32_t worker, int64_t version)
{
    return submit(play, worker, 0,
                  (struct hub_op){
                      .type = HUB_OP_VAR_WAIT_CHANGE,
                      .object = HUB_VARIABLE,
                      .name = "x",
                      .version = version,
                  });
}

static void
test_wait_for_a_change(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    struct answer *answer = wait_change(&play, 0, -1);
    assert_news(&play, 0, NULL);
    wait_change(&play, 0, answer->version);
    assert_waits(&play, 0);
    set(&play, 1, "x", "a");
    assert_news(&play, 0, "a");
    int64_t seen = answer->version;
    set(&play, 1, "x", "b");
    set(&play, 1, "x", "c");
    wait_change(&play, 0, seen); /* the latest one, at once */
    assert_news(&play, 0, "c");
    set(&play, 1, "x", "c"); /* the same again is a change */
    wait_change(&play, 0, answer->version);
    assert_news(&play, 0, "c");
    play_close(&play);
}

/* A deletion that happened while the predicate ran is not slept through. */
static void
test_deletion_is_a_change(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    set(&play, 1, "x", "a");
    struct answer *answer = wait_change(&play, 0, -1);
    int64_t seen = answer->version;
    var(&play, 1, HUB_OP_VAR_DELETE, "x", NULL);
    assert_null(hub_names(play.hub, 0)->variables);
    wait_change(&play, 0, seen);
    assert_news(&play, 0, NULL);
    wait_change(&play, 0, answer->version);
    assert_waits(&play, 0);
    set(&play, 1, "x", "b");
    assert_news(&play, 0, "b");
    play_close(&play);
}

static void
test_nothing_is_left(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", text_value("go"));
    make(&play, 1, "x");
    lock(&play, 2, "x");
    var(&play, 2, HUB_OP_VAR_GET, "y", NULL);
    for (int32_t i = 0; i < 3; i++)
        leave(&play, i);
    assert_null(hub_names(play.hub, 0)->variables);
    assert_int_equal(hub_waiting(play.hub, NSEC_NEVER), 0);
    play_close(&play);
}

static void
test_waits_are_counted(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    make(&play, 0, "token1");
    make(&play, 1, "token1");
    made(&play, 0, "token1", "a");
    make(&play, 1, "token2");
    const struct coord_stats *row = coord(&play, "token#");
    assert_string_equal(row->type, "variable");
    assert_int_equal(row->waits, 3);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_get_delete),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_one_makes_it_for_all),
        cmocka_unit_test(test_nil_is_a_value),
        cmocka_unit_test(test_factory_fails_in_all),
        cmocka_unit_test(test_next_one_makes_it),
        cmocka_unit_test(test_set_meanwhile_wins),
        cmocka_unit_test(test_inside_its_own_factory),
        cmocka_unit_test(test_waiter_for_a_factory_leaves),
        cmocka_unit_test(test_timeout_names_the_maker),
        cmocka_unit_test(test_updates_queue),
        cmocka_unit_test(test_no_update_is_lost),
        cmocka_unit_test(test_made_comes_after_an_update),
        cmocka_unit_test(test_updater_leaves),
        cmocka_unit_test(test_updater_leaves_to_a_maker_of_its_worker),
        cmocka_unit_test(test_misuse_of_updates),
        cmocka_unit_test(test_store_behind_an_update_times_out),
        cmocka_unit_test(test_wait_for_a_value),
        cmocka_unit_test(test_false_is_not_nil),
        cmocka_unit_test(test_wait_for_a_sum),
        cmocka_unit_test(test_wait_for_a_change),
        cmocka_unit_test(test_deletion_is_a_change),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_waits_are_counted),
    };
    return cmocka_run_group_tests_name("var", tests, NULL, NULL);
}
