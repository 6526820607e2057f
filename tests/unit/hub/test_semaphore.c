/* Semaphores: so many at a time, in order, and only what one has is given back.
 */
#include "holders.h"

static struct answer *
semaphore_op(struct play *play, int32_t worker, struct hub_op op)
{
    return object_op_of(play, worker, 0, HUB_SEMAPHORE, "door", op);
}

static void
take(struct play *play, int32_t worker, int64_t amount)
{
    semaphore_op(play, worker,
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_ACQUIRE,
                     .amount = amount,
                 });
}

static enum hub_status
try_take(struct play *play, int32_t worker, int64_t amount)
{
    return semaphore_op(play, worker,
                        (struct hub_op){
                            .type = HUB_OP_SEMAPHORE_ACQUIRE,
                            .amount = amount,
                            .attempt = true,
                        })
        ->status;
}

static void
give(struct play *play, int32_t worker, int64_t amount)
{
    semaphore_op(play, worker,
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_RELEASE,
                     .amount = amount,
                 });
}

static int64_t
available(struct play *play)
{
    return object_op_of(play, 0, PLAY_TASKS - 1, HUB_SEMAPHORE, "door",
                        (struct hub_op){.type = HUB_OP_SEMAPHORE_STATE})
        ->number;
}

static struct answer *
declare(struct play *play, int64_t permits, bool unowned)
{
    return semaphore_op(play, 0,
                        (struct hub_op){
                            .type = HUB_OP_DECLARE,
                            .options =
                                {
                                    .given = true,
                                    .permits = permits,
                                    .unowned = unowned,
                                },
                        });
}

static void
open_with(struct play *play, int32_t workers, int64_t permits, bool unowned)
{
    play_open_running(play, workers);
    declare(play, permits, unowned);
    assert_granted(play, 0);
}

static void
test_so_many_at_a_time(void **state)
{
    struct play play;
    open_with(&play, 4, 2, false);
    take(&play, 0, 1);
    take(&play, 1, 1);
    assert_granted(&play, 1);
    assert_int_equal(available(&play), 0);
    take(&play, 2, 1);
    take(&play, 3, 1);
    assert_waits(&play, 2);
    give(&play, 1, 1);
    assert_granted(&play, 2);
    assert_waits(&play, 3);
    give(&play, 0, 1);
    assert_granted(&play, 3);
    play_close(&play);
}

static void
test_one_permit_without_options(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    assert_int_equal(available(&play), 1);
    take(&play, 0, 1);
    take(&play, 1, 1);
    assert_waits(&play, 1);
    play_close(&play);
}

/* Many small ones do not starve a big one. */
static void
test_head_blocks_the_rest(void **state)
{
    struct play play;
    open_with(&play, 4, 3, false);
    take(&play, 0, 2);
    take(&play, 1, 3);
    assert_waits(&play, 1);
    take(&play, 2, 1);
    assert_waits(&play, 2);
    assert_int_equal(try_take(&play, 3, 1), HUB_WOULD_WAIT);
    assert_int_equal(available(&play), 1);
    give(&play, 0, 2);
    assert_granted(&play, 1);
    assert_waits(&play, 2);
    give(&play, 1, 1);
    assert_granted(&play, 2);
    play_close(&play);
}

static void
test_releaser_does_not_overtake(void **state)
{
    struct play play;
    open_with(&play, 2, 1, false);
    take(&play, 0, 1);
    take(&play, 1, 1);
    give(&play, 0, 1);
    take(&play, 0, 1);
    assert_granted(&play, 1);
    assert_waits(&play, 0);
    play_close(&play);
}

/* The head goes without: those behind it may be served. */
static void
test_head_leaves(void **state)
{
    struct play play;
    open_with(&play, 4, 3, false);
    take(&play, 0, 2);
    take(&play, 1, 2);
    take(&play, 2, 1);
    cancel(&play, 1);
    assert_status(&play, 1, HUB_CANCELLED);
    assert_granted(&play, 2);
    semaphore_op(&play, 1,
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_ACQUIRE,
                     .amount = 2,
                     .timeout = NSEC_PER_SEC,
                 });
    take(&play, 3, 1);
    give(&play, 2, 1);
    assert_waits(&play, 3);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 1, HUB_TIMEOUT);
    assert_granted(&play, 3);
    play_close(&play);
}

/* Released and cancelled in one turn: granted once. */
static void
test_cancelled_after_the_grant(void **state)
{
    struct play play;
    open_with(&play, 3, 1, false);
    take(&play, 0, 1);
    take(&play, 1, 1);
    take(&play, 2, 1);
    give(&play, 0, 1);
    cancel(&play, 1);
    assert_granted(&play, 1);
    assert_waits(&play, 2);
    give(&play, 1, 1);
    assert_granted(&play, 2);
    give(&play, 2, 1);
    assert_int_equal(available(&play), 1);
    play_close(&play);
}

static void
test_attempts(void **state)
{
    struct play play;
    open_with(&play, 2, 2, false);
    assert_int_equal(try_take(&play, 0, 2), HUB_GRANTED);
    assert_int_equal(try_take(&play, 1, 1), HUB_WOULD_WAIT);
    assert_int_equal(try_take(&play, 0, 1), HUB_WOULD_WAIT);
    give(&play, 0, 1);
    assert_int_equal(try_take(&play, 1, 1), HUB_GRANTED);
    play_close(&play);
}

static void
test_given_back_in_parts(void **state)
{
    struct play play;
    open_with(&play, 1, 6, false);
    take(&play, 0, 3);
    take(&play, 0, 2);
    give(&play, 0, 4);
    assert_granted(&play, 0);
    assert_int_equal(available(&play), 5);
    give(&play, 0, 1);
    assert_int_equal(available(&play), 6);
    give(&play, 0, 1);
    assert_status(&play, 0, HUB_MISUSE);
    play_close(&play);
}

/* --- misuse --- */

static void
test_more_than_one_has(void **state)
{
    struct play play;
    open_with(&play, 2, 4, false);
    take(&play, 0, 1);
    give(&play, 0, 2);
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "release: this task holds 1 permit of semaphore "
                        "'door', not 2");
    give(&play, 1, 1);
    assert_string_equal(answer_of(&play, 1)->text,
                        "release: this task holds 0 permits of semaphore "
                        "'door', not 1");
    assert_int_equal(available(&play), 3);
    play_close(&play);
}

static void
test_more_than_there_are(void **state)
{
    struct play play;
    open_with(&play, 1, 3, false);
    take(&play, 0, 4);
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "semaphore 'door' has 3 permits in all: 4 are never "
                        "free at once");
    assert_int_equal(try_take(&play, 0, 4), HUB_MISUSE);
    play_close(&play);
}

static void
test_what_only_oneself_could_release(void **state)
{
    struct play play;
    open_with(&play, 2, 3, false);
    take(&play, 0, 2);
    take(&play, 0, 2);
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "semaphore 'door': this task holds 2 of its 3 permits "
                        "and waits for 2 more, which nobody else could "
                        "release");
    take(&play, 0, 1);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_other_options(void **state)
{
    struct play play;
    open_with(&play, 1, 3, false);
    declare(&play, 2, true);
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "semaphore 'door' was made with {permits = 3} and is "
                        "now asked for with {permits = 2, owned = false}");
    declare(&play, HUB_NO_PERMITS, true);
    assert_text(&play, 0, "{permits = 0, owned = false}");
    play_close(&play);
}

/* Who asked before the options were known is served by them. */
static void
test_options_that_come_later(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    take(&play, 1, 1);
    take(&play, 2, 1);
    assert_waits(&play, 2);
    declare(&play, 2, false);
    assert_granted(&play, 2);
    give(&play, 1, 1);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_owners_that_are_given_up(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    take(&play, 1, 1);
    declare(&play, 1, true);
    end(&play, 1);
    assert_int_equal(available(&play), 0); /* it is nobody's now */
    give(&play, 2, 1);
    assert_granted(&play, 2);
    assert_int_equal(available(&play), 1);
    play_close(&play);
}

static void
test_freeing(void **state)
{
    struct play play;
    open_with(&play, 2, 1, false);
    take(&play, 0, 1);
    semaphore_op(&play, 1, (struct hub_op){.type = HUB_OP_FREE});
    assert_text(&play, 1,
                "semaphore 'door' cannot be freed: a worker holds permits");
    give(&play, 0, 1);
    semaphore_op(&play, 1, (struct hub_op){.type = HUB_OP_FREE});
    assert_granted(&play, 1);
    play_close(&play);
}

/* --- without owners --- */

static void
test_anyone_releases(void **state)
{
    struct play play;
    open_with(&play, 3, HUB_NO_PERMITS, true);
    take(&play, 0, 2);
    assert_waits(&play, 0);
    give(&play, 1, 1);
    assert_waits(&play, 0);
    give(&play, 2, 3);
    assert_granted(&play, 0);
    assert_int_equal(available(&play), 2);
    end(&play, 0); /* what it took is nobody's */
    assert_int_equal(available(&play), 2);
    play_close(&play);
}

static void
test_unowned_may_exceed(void **state)
{
    struct play play;
    open_with(&play, 2, 1, true);
    give(&play, 0, 4);
    assert_int_equal(available(&play), 5);
    take(&play, 1, 5);
    assert_granted(&play, 1);
    take(&play, 1, 1);
    assert_waits(&play, 1); /* others could release */
    play_close(&play);
}

/* --- waits --- */

static void
test_timeout_names_the_holders(void **state)
{
    struct play play;
    open_with(&play, 4, 3, false);
    take(&play, 0, 1);
    take(&play, 1, 1);
    play.where = "door.lua:4";
    semaphore_op(&play, 2,
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_ACQUIRE,
                     .amount = 2,
                     .timeout = 5 * NSEC_PER_SEC,
                 });
    semaphore_op(&play, 3,
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_ACQUIRE,
                     .amount = 2,
                     .timeout = 4 * NSEC_PER_SEC,
                 });
    advance(&play, 4 * NSEC_PER_SEC);
    assert_string_equal(
        answer_of(&play, 3)->text,
        "semaphore 'door': 2 permits not free (1 of 3 are) after 4 s at "
        "door.lua:4; held by worker 0 (in its run of step 1), worker 1 (in "
        "its run of step 1); ahead of it: worker 2 (in its run of step 1)");
    advance(&play, 1 * NSEC_PER_SEC);
    assert_text(&play, 2,
                "(1 of 3 are) after 5 s at door.lua:4; held by "
                "worker 0");
    play_close(&play);
}

static void
test_stopped_all_at_once(void **state)
{
    struct play play;
    open_with(&play, 4, 2, false);
    take(&play, 0, 1);
    take(&play, 1, 2);
    take(&play, 2, 1);
    take(&play, 3, 1);
    hub_drain(play.hub, play.now);
    hub_stop_waits(play.hub, play.now);
    for (int32_t i = 1; i < 4; i++)
        assert_status(&play, i, HUB_STOPPED);
    assert_int_equal(available(&play), 1);
    play_close(&play);
}

/* One deadlock, and the end of one wait lets another one through. */
static void
test_broken_deadlock(void **state)
{
    struct play play;
    play_open_breaking(&play, 3);
    declare(&play, 2, false);
    acquire(&play, 0, "seat");
    take(&play, 0, 1);
    take(&play, 1, 2);
    take(&play, 2, 1);
    acquire(&play, 0, "seat2");
    wait_writer(&play, 0);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    assert_status(&play, 0, HUB_DEADLOCK);
    assert_status(&play, 1, HUB_DEADLOCK);
    assert_granted(&play, 2);
    play_close(&play);
}

/* One permit is what there is if nobody says how many. */
static void
test_one_permit_said_or_not(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    declare(&play, 1, false);
    declare(&play, 0, false);
    assert_granted(&play, 0);
    declare(&play, 0, true);
    assert_text(&play, 0,
                "was made with {permits = 1} and is now asked for with "
                "{permits = 1, owned = false}");
    play_close(&play);
}

static void
test_numbers(void **state)
{
    struct play play;
    open_with(&play, 2, 1, false);
    take(&play, 0, 1);
    take(&play, 1, 1);
    advance(&play, 2 * NSEC_PER_SEC);
    give(&play, 0, 1);
    const struct coord_stats *stats = coord(&play, "door");
    assert_int_equal(stats->waits, 2);
    assert_int_equal(stats->contended, 1);
    assert_int_equal(hist_count(stats->held), 1);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_so_many_at_a_time),
        cmocka_unit_test(test_one_permit_without_options),
        cmocka_unit_test(test_head_blocks_the_rest),
        cmocka_unit_test(test_releaser_does_not_overtake),
        cmocka_unit_test(test_head_leaves),
        cmocka_unit_test(test_cancelled_after_the_grant),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_given_back_in_parts),
        cmocka_unit_test(test_more_than_one_has),
        cmocka_unit_test(test_more_than_there_are),
        cmocka_unit_test(test_what_only_oneself_could_release),
        cmocka_unit_test(test_other_options),
        cmocka_unit_test(test_options_that_come_later),
        cmocka_unit_test(test_owners_that_are_given_up),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_anyone_releases),
        cmocka_unit_test(test_unowned_may_exceed),
        cmocka_unit_test(test_timeout_names_the_holders),
        cmocka_unit_test(test_stopped_all_at_once),
        cmocka_unit_test(test_broken_deadlock),
        cmocka_unit_test(test_one_permit_said_or_not),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("semaphore", tests, NULL, NULL);
}
