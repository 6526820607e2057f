#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/shard.h"
#include "loop/loop.h"

/* One shard and its workers, with a hub that grants every run at once and keeps
 * what it was told of their ends. */
struct rig {
    struct hub_port port;
    struct loop *loop;
    struct options *options;
    struct script *script;
    struct plan *plan;
    struct shard *shard;
    int runs_ended, rested; /* ... and those with a pause to follow */
};

static void
submit(struct hub_port *port, const struct hub_op *op)
{
    struct rig *rig = container_of(port, struct rig, port);
    if (op->type == HUB_OP_RUN_BEGIN) {
        shard_on_reply(rig->shard, &(struct hub_reply){
                                       .id = op->id,
                                       .status = HUB_GRANTED,
                                   });
    } else if (op->type == HUB_OP_RUN_END) {
        rig->runs_ended++;
        rig->rested += op->delayed;
    }
}

static void
on_call_over(void *data)
{
}

static void
on_all_ended(void *data)
{
    struct rig *rig = data;
    loop_stop(rig->loop);
}

static void
load(struct rig *rig, const char *text)
{
    char path[] = "/tmp/molo-shard-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct err err = {""};
    if (!script_load(rig->script, path, rig->options, &err))
        fail_msg("%s", err.message);
    unlink(path);
}

static void
set(struct rig *rig, const char *name, const char *value)
{
    struct err err = {""};
    if (!options_set(rig->options, OPTION_COMMAND_LINE, name, value, &err))
        fail_msg("%s", err.message);
}

/* Plays the scenario "one" of the text from the first worker's start to the
 * last one's end, each of which has 5 runs. */
static void
play(struct rig *rig, const char *text, const char *delay)
{
    *rig = (struct rig){
        .port.submit = submit,
        .loop = loop_create(NULL),
        .options = options_create(),
        .script = script_create(0),
    };
    set(rig, "workers", "2");
    set(rig, "max-runs", "5");
    set(rig, "delay", delay);
    load(rig, text);
    struct plan_candidate one = {.name = "one", .weight = 1};
    rig->plan = plan_create(rig->options, &one, 1, NULL);
    rig->shard = shard_create(
        &(struct shard_config){
            .plan = rig->plan,
            .options = rig->options,
            .script = rig->script,
            .loop = rig->loop,
            .port = &rig->port,
            .shards = 1,
            .host =
                {
                    .data = rig,
                    .on_call_over = on_call_over,
                    .on_all_ended = on_all_ended,
                },
        },
        NULL);
    assert_non_null(rig->shard);
    shard_start(rig->shard, clock_now());
    loop_run(rig->loop);
    assert_int_equal(shard_snapshot(rig->shard)->runs_ok, 10);
    shard_destroy(rig->shard);
    plan_destroy(rig->plan);
    script_destroy(rig->script);
    options_destroy(rig->options);
    loop_destroy(rig->loop);
}

static const char idle_scenario[] =
    "require('molo').scenario('one', function() end)";

/* Whoever rests stops the clocks of those who wait for it. */
static void
test_without_a_delay_one_run_follows_the_other(void **state)
{
    struct rig rig;
    play(&rig, idle_scenario, "0");
    assert_int_equal(rig.runs_ended, 10);
    assert_int_equal(rig.rested, 0);
}

/* The last run of each has no other after it. */
static void
test_a_delay_is_told_to_the_hub(void **state)
{
    struct rig rig;
    play(&rig, idle_scenario, "1ms");
    assert_int_equal(rig.runs_ended, 10);
    assert_int_equal(rig.rested, 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_delay_one_run_follows_the_other),
        cmocka_unit_test(test_a_delay_is_told_to_the_hub),
    };
    return cmocka_run_group_tests_name("shard", tests, NULL, NULL);
}
