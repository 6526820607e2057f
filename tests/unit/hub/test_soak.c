/* Random plays: whatever workers do, every wait is answered exactly once, time
 * and quiescence always bring the play on, and at the end nobody waits. The
 * driver fails on a reply that nobody awaits, and on a second one. */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "hub/barrier.h"
#include "hub/round.h"

#define WORKERS 7 /* five of one workload, two of another */
#define FIRST_OF_OTHERS 5

struct soak {
    struct play play;
    struct rng rng;
    int32_t dropped; /* waits that ended with their worker */
    int64_t asked;
    int64_t acting[WORKERS]; /* which barrier's action it runs */
};

static int64_t
pick(struct soak *soak, int64_t low, int64_t high)
{
    return rng_int(&soak->rng, low, high);
}

static const struct member *
member_of(struct soak *soak, int32_t worker)
{
    return hub_member(soak->play.hub, worker);
}

static nsec_t
pick_timeout(struct soak *soak)
{
    switch (pick(soak, 0, 9)) {
    case 0:
        return 1;
    case 1:
        return NSEC_PER_SEC;
    case 2:
        return HUB_TIMEOUT_NONE;
    default:
        return HUB_TIMEOUT_DEFAULT;
    }
}

static void
ask(struct soak *soak, int32_t worker, struct hub_op op)
{
    op.timeout = pick_timeout(soak);
    op.enclosed = pick(soak, 0, 9) == 0;
    op.given_up = pick(soak, 0, 1) == 0;
    op.text = "some error";
    soak->asked++;
    if (pick(soak, 0, 9) == 0)
        play_try(&soak->play, worker, op);
    else
        submit(&soak->play, worker, 0, op);
}

/* Two barriers of a whole workload, two with parties for both workloads. */
static void
meet(struct soak *soak, int32_t worker)
{
    static const enum hub_op_type types[] = {
        HUB_OP_BARRIER_WAIT,  HUB_OP_BARRIER_WAIT,  HUB_OP_BARRIER_WAIT,
        HUB_OP_BARRIER_WAIT,  HUB_OP_BARRIER_WAIT,  HUB_OP_BARRIER_ACTED,
        HUB_OP_BARRIER_RESET, HUB_OP_BARRIER_RESET, HUB_OP_BARRIER_STATE,
        HUB_OP_BARRIER_ABORT, HUB_OP_FREE,
    };
    bool acts = answer_of(&soak->play, worker)->status == HUB_ACT;
    enum hub_op_type type =
        types[pick(soak, 0, (int64_t)(sizeof(types) / sizeof(types[0])) - 1)];
    int64_t which = pick(soak, 0, 3);
    if (acts && pick(soak, 0, 1) == 0) {
        type = HUB_OP_BARRIER_ACTED;
        which = soak->acting[worker];
    }
    soak->acting[worker] = which;
    char name[16];
    snprintf(name, sizeof(name), "%s%d",
             which >= 2                  ? "few"
             : worker >= FIRST_OF_OTHERS ? "meet"
                                         : "start",
             (int)which);
    struct value *value = value_from_integer(worker);
    ask(soak, worker,
        (struct hub_op){
            .type = type,
            .object = HUB_BARRIER,
            .name = name,
            .options = {.given = which > 0,
                        .parties = which >= 2 ? 3 : 0,
                        .shrink = which % 2 == 1},
            .value = value,
            .exchange = pick(soak, 0, 1) == 0,
            .has_action = pick(soak, 0, 2) == 0,
            .failed = pick(soak, 0, 3) == 0,
            .round = pick(soak, 0, 19) == 0 ? pick(soak, 1, 6) : 0,
        });
    value_unref(value);
}

static void
coordinate(struct soak *soak, int32_t worker)
{
    if (pick(soak, 0, 2) == 0 ||
        answer_of(&soak->play, worker)->status == HUB_ACT) {
        meet(soak, worker);
        return;
    }
    static const enum hub_op_type types[] = {
        HUB_OP_NOTIFIER_WRITTEN,
        HUB_OP_NOTIFIER_WRITTEN,
        HUB_OP_NOTIFIER_WRITTEN,
        HUB_OP_NOTIFIER_WAIT_WRITER,
        HUB_OP_NOTIFIER_WAIT_WRITER,
        HUB_OP_NOTIFIER_WAIT_WRITER,
        HUB_OP_NOTIFIER_ONE_READ,
        HUB_OP_NOTIFIER_ONE_READ,
        HUB_OP_NOTIFIER_WAIT_READERS,
        HUB_OP_VAR_GET,
        HUB_OP_VAR_GET_OR_MAKE,
        HUB_OP_VAR_GET_OR_MAKE,
        HUB_OP_VAR_MADE,
        HUB_OP_VAR_MAKE_FAILED,
        HUB_OP_VAR_SET,
        HUB_OP_VAR_DELETE,
        HUB_OP_VAR_DELETE,
        HUB_OP_VAR_ADD,
        HUB_OP_VAR_LOCK,
        HUB_OP_VAR_UNLOCK,
        HUB_OP_VAR_UNLOCK,
        HUB_OP_VAR_WAIT,
        HUB_OP_VAR_WAIT_CHANGE,
        HUB_OP_FREE,
    };
    enum hub_op_type type =
        types[pick(soak, 0, (int64_t)(sizeof(types) / sizeof(types[0])) - 1)];
    bool of_variable = type >= HUB_OP_VAR_GET;
    char name[16];
    snprintf(name, sizeof(name), "%s%d",
             of_variable                 ? "v"
             : worker >= FIRST_OF_OTHERS ? "others"
                                         : "pad",
             (int)pick(soak, 0, 1));
    struct value *value = value_from_integer(pick(soak, 0, 2));
    struct hub_op op = {
        .type = type,
        .object = of_variable ? HUB_VARIABLE : HUB_NOTIFIER,
        .name = name,
        .value = value,
        .has_value = pick(soak, 0, 1) == 0,
        .round = pick(soak, 0, 19) == 0 ? pick(soak, 1, 6) : 0,
        .version = pick(soak, -1, 5),
    };
    ask(soak, worker, op);
    value_unref(value);
}

static void
leave_for_good(struct soak *soak, int32_t worker)
{
    soak->dropped += answer_of(&soak->play, worker)->waiting;
    leave(&soak->play, worker);
}

static void
live(struct soak *soak, int32_t worker)
{
    struct play *play = &soak->play;
    const struct member *m = member_of(soak, worker);
    int64_t dice = pick(soak, 0, 99);
    bool waits = answer_of(play, worker)->waiting;
    if (waits && dice < 3)
        cancel(play, worker);
    else if (waits && dice == 99 && pick(soak, 0, 9) == 0)
        leave_for_good(soak, worker);
    if (waits)
        return;
    switch (m->state) {
    case MEMBER_PLANNED:
        if (!play->hub->draining)
            start(play, worker);
        return;
    case MEMBER_STARTED:
    case MEMBER_IDLE:
        if (dice < 1 || play->hub->draining) {
            runs_over(play, worker);
        } else if (dice < 70) {
            soak->asked++;
            begin(play, worker);
        } else if (m->state == MEMBER_STARTED) {
            coordinate(soak, worker);
        }
        return;
    case MEMBER_RUNNING:
        if (dice < 80)
            coordinate(soak, worker);
        else if (dice < 90)
            end(play, worker);
        else if (dice < 95)
            end_delayed(play, worker);
        else
            fail_run(play, worker, "an error");
        return;
    case MEMBER_TEARDOWN:
        if (dice < 20)
            leave_for_good(soak, worker);
        else
            coordinate(soak, worker);
        return;
    case MEMBER_ENDED:
    case MEMBER_STATES:
        return;
    }
}

static void
check_round(const struct round *round)
{
    const struct cohort *cohort = round->notifier->lockstep.cohort;
    int32_t done = 0, barred = 0;
    for (int32_t i = 0; i < cohort->size; i++) {
        done += round_is_done(round, &cohort->members[i]);
        barred += !round_may_be_written_by(round, &cohort->members[i]);
    }
    assert_int_equal(round->done_count, done);
    assert_int_equal(round->over, round->written && done == cohort->size);
    if (!round->written)
        assert_int_equal(round->barred_count, barred);
    assert_int_equal(list_empty(&round->waiters), round->written);
    assert_false(round_is_lost(round));
}

static void
check_meeting(const struct meeting *meeting)
{
    const struct cohort *cohort = meeting->barrier->lockstep.cohort;
    int32_t waiting = 0, used = 0;
    for (int32_t i = 0; i < meeting->count; i++)
        waiting += meeting->arrivals[i].wait != NULL;
    for (int32_t i = 0; i < cohort->size; i++)
        used += lockstep_has_used(&meeting->at, &cohort->members[i]);
    assert_true(waiting + meeting_is_acting(meeting) == meeting->present);
    assert_true(meeting->used_count >= meeting->present);
    assert_in_range(meeting->used_count + meeting->passed_count +
                        meeting->gone_count,
                    0, cohort->size);
    if (meeting->broken) {
        assert_int_equal(waiting, 0);
        return;
    }
    /* Nobody is missed for ever, and nobody has gone round it. */
    assert_int_equal(meeting->passed_count, 0);
    assert_int_equal(meeting->used_count, used);
    assert_true(meeting_is_acting(meeting) ||
                meeting->present + meeting->gone_count < cohort->size);
}

static void
check_kept(struct lockstep_round *round)
{
    if (round->lockstep->object.type == HUB_BARRIER)
        check_meeting(container_of(round, struct meeting, at));
    else
        check_round(container_of(round, struct round, at));
}

/* In DRAIN, members that have left still count as they were. */
static void
check_rounds(const struct hub *hub)
{
    for (size_t c = 0; !hub->draining && c < hub->cohort_count; c++)
        for (const struct step_rounds *at = hub->cohorts[c]->by_step; at;
             at = at->hh.next)
            list_for_each (it, &at->rounds)
                check_kept(container_of(it, struct lockstep_round, by_step));
}

/* Counters that are kept up to date say what a look at everything says. */
static void
check_books(struct soak *soak)
{
    const struct hub *hub = soak->play.hub;
    size_t waiting = 0, gated = 0;
    for (size_t c = 0; c < hub->cohort_count; c++) {
        const struct cohort *cohort = hub->cohorts[c];
        int32_t stuck = 0;
        int64_t min_over = INT64_MAX;
        for (int32_t i = 0; i < cohort->size; i++) {
            const struct member *m = &cohort->members[i];
            stuck += m->stuck;
            gated += m->gated;
            waiting += !list_empty(&m->waits);
            if (m->over < min_over)
                min_over = m->over;
            bool answered = !answer_of(&soak->play, m->id)->waiting;
            assert_int_equal(answered, list_empty(&m->waits) && !m->gated);
        }
        assert_int_equal(cohort->stuck_count, stuck);
        assert_int_equal(heap_first(&cohort->over)->at, min_over);
    }
    check_rounds(hub);
    assert_int_equal(hub->wait_count, waiting);
    assert_int_equal(hub->gated_count, gated);
    assert_int_equal(hub_waiting(hub, NSEC_NEVER), waiting);
    assert_true(hub_next_deadline(hub) > soak->play.now);
}

static void
open_soak(struct soak *soak, uint64_t seed, enum hub_on_deadlock what)
{
    *soak = (struct soak){0};
    rng_init(&soak->rng, seed, 0);
    play_open(&soak->play, WORKERS,
              &(struct hub_config){
                  .on_deadlock_do = what,
                  .wait_timeout = seed % 3 == 0 ? 0 : 60 * NSEC_PER_SEC,
              });
    struct hub_config config = soak->play.hub->config;
    hub_destroy(soak->play.hub);
    soak->play.hub = hub_create(&config);
    hub_add_cohort(soak->play.hub, "pad", 0, FIRST_OF_OTHERS, true);
    hub_add_cohort(soak->play.hub, "others", FIRST_OF_OTHERS,
                   WORKERS - FIRST_OF_OTHERS, true);
}

/* Everybody waits and nothing else can happen: something must. */
static void
bring_on(struct soak *soak)
{
    struct play *play = &soak->play;
    nsec_t deadline = hub_next_deadline(play->hub);
    int64_t replies = play->replies;
    int deadlocks = play->deadlocks;
    bool did = quiescent(play);
    if (!did && deadline != NSEC_NEVER)
        advance(play, deadline - play->now);
    if (!did && play->hub->recheck_at == NSEC_NEVER &&
        play->replies == replies && play->deadlocks == deadlocks &&
        !play->hub->deadlocked && play->hub->wait_count > 0 &&
        play->hub->own_timeout_count == 0)
        fail_msg("a play that does not go on");
}

static void
run_soak(uint64_t seed, enum hub_on_deadlock what)
{
    enum { TURNS = 2000 };
    struct soak soak;
    open_soak(&soak, seed, what);
    struct play *play = &soak.play;
    for (int turn = 0; turn < TURNS; turn++) {
        if (turn == TURNS * 3 / 4 || play->hub->deadlocked)
            hub_drain(play->hub, play->now);
        live(&soak, (int32_t)pick(&soak, 0, WORKERS - 1));
        check_books(&soak);
        if (pick(&soak, 0, 9) == 0)
            advance(play, pick(&soak, 0, 200 * NSEC_PER_MSEC));
        bool all_wait = true;
        for (int32_t i = 0; i < WORKERS; i++)
            all_wait &= answer_of(play, i)->waiting ||
                        member_of(&soak, i)->state == MEMBER_ENDED;
        if (all_wait)
            bring_on(&soak);
        check_books(&soak);
    }
    hub_drain(play->hub, play->now);
    hub_stop_waits(play->hub, play->now);
    for (int32_t i = 0; i < WORKERS; i++)
        assert_false(answer_of(play, i)->waiting);
    assert_int_equal(hub_waiting(play->hub, NSEC_NEVER), 0);
    assert_int_equal(play->replies, soak.asked - soak.dropped);
    for (int32_t i = 0; i < WORKERS; i++)
        leave(play, i);
    assert_true(list_empty(&play->hub->global.holdings));
    play_close(play);
}

/* SOAK_SEEDS: how many, where a checker has less time. */
static uint64_t
seeds(void)
{
    const char *text = getenv("SOAK_SEEDS");
    return text != NULL ? (uint64_t)atoi(text) : 100;
}

static void
test_soak_stop(void **state)
{
    for (uint64_t seed = 0; seed < seeds(); seed++)
        run_soak(seed, HUB_DEADLOCK_STOP);
}

static void
test_soak_break(void **state)
{
    for (uint64_t seed = 100; seed < 100 + seeds(); seed++)
        run_soak(seed, HUB_DEADLOCK_BREAK);
}

/* --- the same operations at the same times, the same answers --- */

static void
describe(struct soak *soak, struct buf *out)
{
    for (int32_t i = 0; i < WORKERS; i++) {
        const struct answer *answer = answer_of(&soak->play, i);
        buf_printf(out, "%d %d %lld %s;", answer->waiting, answer->status,
                   (long long)answer->waited, answer->text ? answer->text : "");
    }
}

static void
test_same_again(void **state)
{
    struct buf texts[2] = {{0}, {0}};
    for (int time = 0; time < 2; time++) {
        struct soak soak;
        open_soak(&soak, 7, HUB_DEADLOCK_BREAK);
        for (int turn = 0; turn < 500; turn++) {
            live(&soak, (int32_t)pick(&soak, 0, WORKERS - 1));
            advance(&soak.play, pick(&soak, 0, NSEC_PER_SEC));
            describe(&soak, &texts[time]);
        }
        play_close(&soak.play);
    }
    assert_string_equal(texts[0].data, texts[1].data);
    buf_finish(&texts[0]);
    buf_finish(&texts[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_soak_stop),
        cmocka_unit_test(test_soak_break),
        cmocka_unit_test(test_same_again),
    };
    return cmocka_run_group_tests_name("soak", tests, NULL, NULL);
}
