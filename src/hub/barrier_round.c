/* Barriers of a whole cohort: a round waits for every member, and who passes it
 * without having come breaks it, but not the next one. */
#include <inttypes.h>
#include <stdlib.h>

#include "hub/barrier.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

static struct meeting *
meeting_of(struct lockstep_round *round)
{
    return round ? container_of(round, struct meeting, at) : NULL;
}

static bool
shrinks(const struct meeting *meeting)
{
    return meeting->barrier->lockstep.object.options.shrink;
}

/* Before this round: a run that ended without coming has passed it all the
 * same, whatever became of its worker. */
static bool
has_ended_before(const struct lockstep_round *round,
                 const struct member *member)
{
    if (round->step == HUB_STEP_TEARDOWN)
        return member->state == MEMBER_ENDED;
    return (member->state == MEMBER_TEARDOWN ||
            member->state == MEMBER_ENDED) &&
           member->last_run < round->step;
}

/* It is not waited for, and that is no reason to break. */
static bool
is_gone(const struct meeting *meeting, const struct member *member)
{
    return shrinks(meeting) && member->over >= meeting->at.step &&
           has_ended_before(&meeting->at, member) &&
           !lockstep_has_used(&meeting->at, member);
}

static bool
has_missed(const struct meeting *meeting, const struct member *member)
{
    return lockstep_has_passed(&meeting->at, member) &&
           !is_gone(meeting, member);
}

static bool
is_awaited(const struct meeting *meeting, const struct member *member)
{
    return !lockstep_has_used(&meeting->at, member) &&
           !lockstep_has_passed(&meeting->at, member);
}

/* --- breaking --- */

static void
tell_round(const struct meeting *meeting, struct buf *out)
{
    buf_printf(out, "round %" PRId64 " of ", meeting->at.n);
    step_describe(meeting->at.step, out);
}

static void
break_round(struct hub *hub, struct meeting *meeting, const char *reason,
            const struct member *culprit)
{
    struct buf text = {0};
    object_describe(&meeting->barrier->lockstep.object, &text);
    buf_append_str(&text, ": ");
    tell_round(meeting, &text);
    buf_printf(&text, " is broken: %s", reason);
    meeting_break(hub, meeting, text.data, culprit->id);
    buf_finish(&text);
}

void
barrier_round_break(struct hub *hub, struct meeting *meeting,
                    const char *reason, const struct member *culprit)
{
    break_round(hub, meeting, reason, culprit);
    barrier_round_settle(meeting);
}

/* Of those who have passed it: there is one. */
static const struct member *
find_culprit(const struct meeting *meeting)
{
    const struct member *first = meeting->barrier->lockstep.cohort->members;
    const struct member *end = first + meeting->barrier->lockstep.cohort->size;
    while (first + 1 < end && !has_missed(meeting, first))
        first++;
    for (const struct member *m = first + 1; m < end; m++)
        if (has_missed(meeting, m) &&
            lockstep_is_culprit(&meeting->at, m, first))
            first = m;
    return first;
}

static void
break_passed(struct hub *hub, struct meeting *meeting)
{
    const struct cohort *cohort = meeting->barrier->lockstep.cohort;
    const struct member *first = find_culprit(meeting);
    struct buf reason = {0};
    buf_append_str(&reason, "passed by ");
    struct roll roll = {.out = &reason};
    roll_add(&roll, first);
    for (int32_t i = 0; i < cohort->size; i++) {
        const struct member *m = &cohort->members[i];
        if (m != first && has_missed(meeting, m))
            roll_add(&roll, m);
    }
    roll_end(&roll);
    if (lockstep_has_failed(&meeting->at, first))
        buf_printf(&reason, "; worker %" PRId32 " had failed: %s", first->id,
                   first->error);
    hub->effort += (uint64_t)cohort->size;
    break_round(hub, meeting, reason.data, first);
    buf_finish(&reason);
}

void
barrier_round_settle(struct meeting *meeting)
{
    int32_t done =
        meeting->used_count + meeting->passed_count + meeting->gone_count;
    if (done < meeting->barrier->lockstep.cohort->size ||
        meeting->present > 0 || meeting_is_acting(meeting))
        return;
    lockstep_remove_round(&meeting->at);
    meeting_destroy(meeting);
}

/* --- using a round --- */

/* One that is kept, or a new one: then nobody has used it. One that somebody
 * has passed already is broken from the beginning. */
static struct meeting *
refer(struct hub *hub, struct barrier *barrier, int64_t step, int64_t n)
{
    struct lockstep *lockstep = &barrier->lockstep;
    struct meeting *meeting =
        meeting_of(lockstep_find_round(lockstep, step, n));
    if (meeting)
        return meeting;
    meeting = meeting_create(barrier);
    lockstep_add_round(lockstep, &meeting->at, step, n);
    const struct cohort *cohort = lockstep->cohort;
    for (int32_t i = 0; i < cohort->size; i++) {
        meeting->gone_count += is_gone(meeting, &cohort->members[i]);
        meeting->passed_count += has_missed(meeting, &cohort->members[i]);
    }
    hub->effort += (uint64_t)cohort->size;
    if (meeting->passed_count > 0)
        break_passed(hub, meeting);
    return meeting;
}

/* The member's next round, which this operation uses; those before that it
 * leaves out are passed. */
static struct meeting *
use(struct hub *hub, struct barrier *barrier, struct place *place,
    struct member *member, int64_t n)
{
    int64_t step = place->step, from = place->used + 1;
    place->used = n;
    place->reached = n;
    struct lockstep_round *next;
    while (
        (next = lockstep_round_at_or_after(&barrier->lockstep, step, from)) &&
        next->step == step && next->n < n) {
        struct meeting *passed = meeting_of(next);
        from = next->n + 1;
        passed->passed_count++;
        if (!passed->broken)
            break_passed(hub, passed);
        barrier_round_settle(passed);
    }
    struct meeting *meeting = refer(hub, barrier, step, n);
    meeting->used_count++;
    return meeting;
}

/* --- wait --- */

static void
tell_what(const struct wait *wait, struct buf *out)
{
    tell_round(wait->meeting, out);
    buf_append_str(out, " not met by all");
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    const struct meeting *meeting = wait->meeting;
    const struct cohort *cohort = meeting->barrier->lockstep.cohort;
    if (meeting_is_acting(meeting)) {
        holding_tell(&meeting->actor, "runs the action", out);
        return;
    }
    buf_append_str(out, "missing: ");
    struct roll roll = {.out = out};
    for (int32_t i = 0; i < cohort->size; i++)
        if (is_awaited(meeting, &cohort->members[i]))
            roll_add(&roll, &cohort->members[i]);
    roll_end(&roll);
    hub->effort += (uint64_t)cohort->size;
}

static const struct wait_ops round_wait_ops = {
    .name = "wait",
    .object = HUB_BARRIER,
    .lockstep = true,
    .withdraw = meeting_withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
};

static bool
is_complete(const struct meeting *meeting)
{
    return !meeting->broken && meeting->present > 0 &&
           meeting->present + meeting->gone_count ==
               meeting->barrier->lockstep.cohort->size;
}

static void
wait_in(struct hub *hub, struct barrier *barrier, struct member *member,
        const struct hub_op *op)
{
    struct lockstep *lockstep = &barrier->lockstep;
    struct place *place = lockstep_place(lockstep, member);
    int64_t n = lockstep_choose_round(hub, place, op);
    if (n == 0)
        return;
    struct meeting *meeting = use(hub, barrier, place, member, n);
    if (meeting->broken) {
        wait_count_at_once(hub, op->name, &round_wait_ops, HUB_BROKEN);
        meeting_reply_broken(hub, meeting, op->id);
        barrier_round_settle(meeting);
        return;
    }
    int32_t index = meeting_add(hub, meeting, member, op);
    if (is_complete(meeting)) {
        wait_count_at_once(hub, op->name, &round_wait_ops, HUB_GRANTED);
        if (meeting_complete(hub, meeting))
            barrier_round_settle(meeting);
        return;
    }
    struct wait *wait = meeting_wait(hub, meeting, index, op, &round_wait_ops);
    if (op->timeout == 0)
        wait_time_out(hub, wait);
    else
        wait_arm(hub, wait, op,
                 cohort_clock(hub, lockstep->cohort, place->step));
}

/* --- other operations --- */

static void
abort_next(struct hub *hub, struct barrier *barrier, struct member *member,
           const struct hub_op *op)
{
    struct place *place = lockstep_place(&barrier->lockstep, member);
    int64_t n = place->used + 1;
    struct meeting *meeting = use(hub, barrier, place, member, n);
    hub_reply_granted(hub, op->id,
                      &(struct hub_reply){
                          .round = n,
                      });
    if (meeting->broken) {
        barrier_round_settle(meeting);
        return;
    }
    struct buf reason = {0};
    buf_printf(&reason, "worker %" PRId32 " aborted it at %s", member->id,
               op->where ? op->where : "?");
    barrier_round_break(hub, meeting, reason.data, member);
    buf_finish(&reason);
}

/* Of the round the member waits in, else of its next one: that is kept from now
 * on, so that who asks again and again costs no look at all members. */
static void
tell_state(struct hub *hub, struct barrier *barrier,
           const struct member *member, const struct hub_op *op)
{
    const struct place *place = lockstep_place(&barrier->lockstep, member);
    int64_t n = place->wait ? place->used : place->used + 1;
    const struct meeting *meeting = refer(hub, barrier, place->step, n);
    hub_reply_granted(hub, op->id,
                      &(struct hub_reply){
                          .round = n,
                          .number = meeting->present,
                          .index = barrier->lockstep.cohort->size,
                          .broken = meeting->broken,
                      });
}

static struct meeting *
meeting_of_actor(struct barrier *barrier, const struct member *member)
{
    struct lockstep *lockstep = &barrier->lockstep;
    const struct place *place = lockstep_place(lockstep, member);
    struct meeting *meeting =
        meeting_of(lockstep_find_round(lockstep, place->step, place->used));
    return meeting && meeting->actor.member == member ? meeting : NULL;
}

void
barrier_round_op(struct hub *hub, struct barrier *barrier,
                 struct member *member, const struct hub_op *op)
{
    struct meeting *acting =
        barrier->acting > 0 ? meeting_of_actor(barrier, member) : NULL;
    if (op->type == HUB_OP_BARRIER_STATE) {
        tell_state(hub, barrier, member, op);
    } else if (op->type == HUB_OP_BARRIER_RESET) {
        hub_reply_misuse(hub, op->id,
                         "barrier '%s': reset is for barriers with parties; in "
                         "one of all workers a break ends with its round",
                         op->name);
    } else if (op->type == HUB_OP_BARRIER_ACTED) {
        if (acting && holding_is(&acting->actor, member, op->id.task))
            meeting_acted(hub, acting, member, op);
        else
            hub_reply_misuse(hub, op->id, "barrier '%s': no action is run here",
                             op->name);
    } else if (acting) {
        hub_reply_misuse(hub, op->id,
                         "barrier '%s': this worker runs its action (for the "
                         "wait at %s): use it again after that",
                         op->name, acting->actor.where);
    } else if (!lockstep_is_free(hub, &barrier->lockstep, member, op)) {
        return;
    } else if (op->type == HUB_OP_BARRIER_ABORT) {
        abort_next(hub, barrier, member, op);
    } else {
        wait_in(hub, barrier, member, op);
    }
}

/* --- events --- */

static void
pass(struct hub *hub, struct lockstep_round *round, struct member *member)
{
    struct meeting *meeting = meeting_of(round);
    hub->effort++;
    if (lockstep_has_used(round, member))
        return;
    if (is_gone(meeting, member)) {
        meeting->gone_count++;
        if (is_complete(meeting) && !meeting_complete(hub, meeting))
            return;
    } else {
        meeting->passed_count++;
        if (!meeting->broken)
            break_passed(hub, meeting);
    }
    barrier_round_settle(meeting);
}

const struct lockstep_ops barrier_lockstep_ops = {
    .instead = "an event, a queue or barrier{parties = n}",
    .pass = pass,
};
