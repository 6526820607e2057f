/* Names, options, who may use what, and what is freed. */
#include "driver.h"

#include <string.h>

#include "hub/object.h"
#include "hub/port.h"

static struct hub_op
notifier_op_of(enum hub_op_type type, const char *name, int32_t readers)
{
    return (struct hub_op){
        .type = type,
        .object = HUB_NOTIFIER,
        .name = name,
        .options = {readers > 0, readers},
    };
}

static struct answer *
use(struct play *play, int32_t worker, const char *name, int32_t readers)
{
    return submit(play, worker, 0,
                  notifier_op_of(HUB_OP_NOTIFIER_WRITTEN, name, readers));
}

static struct answer *
declare(struct play *play, int32_t worker, const char *name, int32_t readers)
{
    return submit(play, worker, 0,
                  notifier_op_of(HUB_OP_DECLARE, name, readers));
}

static void
test_type_names(void **state)
{
    assert_string_equal(hub_object_type_name(HUB_VARIABLE), "variable");
    assert_string_equal(hub_object_type_name(HUB_NOTIFIER), "notifier");
}

static void
test_options(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    declare(&play, HUB_GLOBAL, "pad", 2); /* at load time */
    assert_granted(&play, HUB_GLOBAL);
    use(&play, 0, "pad", 0); /* whatever is there */
    assert_granted(&play, 0);
    use(&play, 0, "pad", 2);
    assert_granted(&play, 0);
    use(&play, 0, "pad", 3);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "{readers = 2}");
    assert_text(&play, 0, "{readers = 3}");
    declare(&play, 0, "pad", 1);
    assert_status(&play, 0, HUB_MISUSE);
    declare(&play, 0, "pad", 0);
    assert_granted(&play, 0);
    play_close(&play);
}

/* The order of two modules, one with options and one without, does not matter.
 */
static void
test_first_options_count(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    use(&play, 0, "pad", 0);
    declare(&play, 1, "pad", 2);
    assert_granted(&play, 1);
    use(&play, 2, "pad", 3);
    assert_status(&play, 2, HUB_MISUSE);
    assert_text(&play, 2, "{readers = 2}");
    play_close(&play);
}

static void
test_variables_have_names_of_their_own(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    var(&play, 0, HUB_OP_VAR_SET, "pad", text_value("a value"));
    use(&play, 0, "pad", 0);
    assert_granted(&play, 0);
    var(&play, 0, HUB_OP_VAR_GET, "pad", NULL);
    assert_news(&play, 0, "a value");
    play_close(&play);
}

static void
test_too_many_readers(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    declare(&play, 0, "pad", 4); /* nobody's yet */
    assert_granted(&play, 0);
    use(&play, 0, "pad", 0);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "4 readers");
    assert_text(&play, 0, "only 3");
    use(&play, 0, "another", 3);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_global_fixtures_have_no_rounds(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    use(&play, HUB_GLOBAL, "pad", 0);
    assert_status(&play, HUB_GLOBAL, HUB_MISUSE);
    assert_text(&play, HUB_GLOBAL, "global fixture");
    assert_null(hub_names(play.hub, 0)->objects);
    play_close(&play);
}

/* Two workloads of two workers, and a third one without a fixed number. */
static void
open_workloads(struct play *play)
{
    play_open(play, 6, NULL);
    /* In place of the driver's own workload. */
    struct hub_config config = play->hub->config;
    hub_destroy(play->hub);
    play->hub = hub_create(&config);
    hub_add_cohort(play->hub, "writers", 0, 2, true);
    hub_add_cohort(play->hub, "others", 2, 2, true);
    hub_add_cohort(play->hub, "rates", 4, 2, false);
    for (int32_t i = 0; i < 6; i++) {
        start(play, i);
        begin(play, i);
    }
}

static void
test_object_belongs_to_its_first_users(void **state)
{
    struct play play;
    open_workloads(&play);
    declare(&play, 2, "pad", 0); /* a handle is no use */
    use(&play, 0, "pad", 0);
    assert_granted(&play, 0);
    use(&play, 2, "pad", 0);
    assert_status(&play, 2, HUB_MISUSE);
    assert_text(&play, 2, "'writers'");
    assert_text(&play, 2, "'others'");
    play_close(&play);
}

static void
test_without_a_fixed_number(void **state)
{
    struct play play;
    open_workloads(&play);
    use(&play, 4, "pad", 0);
    assert_status(&play, 4, HUB_MISUSE);
    assert_text(&play, 4, "'rates'");
    assert_text(&play, 4, "barrier{parties");
    use(&play, 0, "pad", 0);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_outside_of_a_run(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    end(&play, 0);
    use(&play, 0, "pad", 0);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "outside of a run");
    play_close(&play);
}

/* --- what is freed --- */

static void
test_freeing(void **state)
{
    struct play play;
    struct hub_op op = notifier_op_of(HUB_OP_FREE, "pad", 0);
    play_open_running(&play, 2);
    submit(&play, 0, 0, op); /* nothing there */
    assert_granted(&play, 0);
    declare(&play, 0, "pad", 1);
    wait_writer(&play, 1);
    submit(&play, 0, 0, op);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "waits on it");
    written(&play, 0, "one");
    submit(&play, 0, 0, op);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "not all have passed");
    end_all(&play);
    begin_all(&play);
    assert_non_null(hub_names(play.hub, 0)->objects); /* it has options */
    submit(&play, 0, 0, op);
    assert_granted(&play, 0);
    assert_null(hub_names(play.hub, 0)->objects);
    play_close(&play);
}

static void
test_objects_are_forgotten(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    use(&play, 0, "plain", 0);
    use(&play, 0, "optional", 1);
    end(&play, 0);
    assert_int_equal(HASH_COUNT(hub_names(play.hub, 0)->objects), 2);
    end(&play, 1);
    assert_int_equal(HASH_COUNT(hub_names(play.hub, 0)->objects), 1);
    assert_string_equal(hub_names(play.hub, 0)->objects->name, "optional");
    assert_null(play.hub->cohorts[0]->by_step);
    play_close(&play);
}

static void
test_forgotten_name_is_free_for_others(void **state)
{
    struct play play;
    open_workloads(&play);
    use(&play, 0, "pad", 0);
    end(&play, 0);
    end(&play, 1);
    use(&play, 2, "pad", 0);
    assert_granted(&play, 2);
    play_close(&play);
}

/* --- the port --- */

static void
test_direct_port(void **state)
{
    struct play play;
    struct hub_port_direct port;
    play_open_running(&play, 2);
    hub_port_direct_init(&port, play.hub);
    struct answer *answer = answer_of(&play, 0);
    answer->waiting = true;
    port.base.submit(&port.base, &(struct hub_op){
                                     .type = HUB_OP_VAR_GET,
                                     .id = {0, 0, answer->seq},
                                     .object = HUB_VARIABLE,
                                     .name = "x",
                                 });
    assert_granted(&play, 0);
    assert_true(play.hub->now > 0);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type_names),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_first_options_count),
        cmocka_unit_test(test_variables_have_names_of_their_own),
        cmocka_unit_test(test_too_many_readers),
        cmocka_unit_test(test_global_fixtures_have_no_rounds),
        cmocka_unit_test(test_object_belongs_to_its_first_users),
        cmocka_unit_test(test_without_a_fixed_number),
        cmocka_unit_test(test_outside_of_a_run),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_objects_are_forgotten),
        cmocka_unit_test(test_forgotten_name_is_free_for_others),
        cmocka_unit_test(test_direct_port),
    };
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
