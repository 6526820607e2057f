/* The operations of a notifier. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/readers.h"
#include "hub/round.h"
#include "hub/wait.h"
#include "stats/recorder.h"

static struct notifier *
notifier_of(struct object *object)
{
    return container_of(object, struct notifier, lockstep.object);
}

static const struct lockstep_ops notifier_lockstep_ops = {
    .instead = "an event, a queue or a barrier{parties = n}",
    .pass = round_pass,
    .forget = round_forget_passed,
};

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct notifier *notifier = xmalloc(sizeof(*notifier));
    *notifier = (struct notifier){0};
    lockstep_init(&notifier->lockstep, &notifier_lockstep_ops);
    list_init(&notifier->by_read_waited);
    list_init(&notifier->read_waits);
    return &notifier->lockstep.object;
}

/* Those that wait may have enough readers now. */
static bool
adopt(struct hub *hub, struct object *object, const struct hub_op *op)
{
    object->options.readers = op->options.readers;
    readers_serve(hub, notifier_of(object));
    return true;
}

static void
destroy(struct hub *hub, struct object *object)
{
    struct notifier *notifier = notifier_of(object);
    notifier_free_rounds(hub, notifier);
    lockstep_finish(&notifier->lockstep);
    free(notifier);
}

static const char *
refuses_free(struct object *object)
{
    return lockstep_refuses_free(&notifier_of(object)->lockstep);
}

/* --- who may use it --- */

static bool
may_use(struct hub *hub, const struct member *member, const struct hub_op *op)
{
    return lockstep_may_use(hub, &notifier_lockstep_ops, member, op);
}

static bool
has_readers_enough(struct hub *hub, const struct notifier *notifier,
                   const struct cohort *cohort, const struct hub_op *op)
{
    int32_t readers = notifier->lockstep.object.options.readers;
    if (readers <= cohort->size - 1)
        return true;
    struct buf who = {0};
    cohort_describe(cohort, &who);
    hub_reply_misuse(hub, op->id,
                     "notifier '%s' wants %" PRId32 " readers, but %s has only "
                     "%" PRId32 " beside the writer",
                     op->name, readers, who.data, cohort->size - 1);
    buf_finish(&who);
    return false;
}

/* --- wait_for_writer --- */

static void
leave(struct wait *wait)
{
    list_remove(&wait->queue);
    lockstep_place(&wait->notifier->lockstep, wait->member)->wait = NULL;
    wait->notifier->lockstep.wait_count--;
}

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    leave(wait);
    if (!consumed)
        round_give_back(wait->notifier,
                        lockstep_place(&wait->notifier->lockstep, wait->member),
                        wait->step, wait->n);
    round_release(hub, wait->round);
}

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_printf(out, "round %" PRId64 " of ", wait->n);
    step_describe(wait->step, out);
    buf_append_str(out, " not written");
}

/* When many time out together, all are told what the first one is: those that
 * have just timed out are not who was missing. */
static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    struct round *round = wait->round;
    if (!round->missing || round->missing_at != hub->now) {
        struct buf text = {0};
        round_tell_writers(hub, round, &text);
        free(round->missing);
        round->missing = buf_take(&text);
        round->missing_at = hub->now;
    }
    buf_append_str(out, round->missing);
}

static const struct wait_ops writer_wait_ops = {
    .name = "wait_for_writer",
    .object = HUB_NOTIFIER,
    .lockstep = true,
    .withdraw = withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
};

static void
receive(struct place *place, const struct round *round)
{
    place->received = round->at.n;
    place->read = false;
}

static void
wait_for_writer(struct hub *hub, struct notifier *notifier,
                struct member *member, const struct hub_op *op)
{
    struct place *place = lockstep_place(&notifier->lockstep, member);
    int64_t n = lockstep_choose_round(hub, place, op);
    if (n == 0)
        return;
    round_advance(hub, notifier, member, place, n);
    readers_update(hub, notifier, member);
    struct round *round = round_find(notifier, place->step, n);
    if (round && round->written) {
        receive(place, round);
        wait_count_at_once(hub, op->name, &writer_wait_ops, HUB_GRANTED);
        hub_reply_granted(hub, op->id,
                          &(struct hub_reply){
                              .value = round->value,
                              .round = n,
                          });
        return;
    }
    if (!round)
        round = round_create(hub, notifier, place->step, n);
    struct wait *wait = wait_begin(hub, member, op, &writer_wait_ops,
                                   notifier->lockstep.object.name);
    wait->notifier = notifier;
    wait->round = round;
    wait->step = round->at.step;
    wait->n = n;
    place->wait = wait;
    notifier->lockstep.wait_count++;
    list_append(&round->waiters, &wait->queue);
    if (round_is_lost(round))
        round_break(hub, round);
    else if (op->timeout == 0)
        wait_time_out(hub, wait);
    else
        wait_arm(hub, wait, op,
                 cohort_clock(hub, notifier->lockstep.cohort, wait->step));
}

/* --- written --- */

static void
reply_exhausted(struct hub *hub, const struct notifier *notifier,
                const struct hub_op *op)
{
    const struct cohort *cohort = notifier->lockstep.cohort;
    const struct round *oldest = container_of(
        lockstep_first_round(&notifier->lockstep), struct round, at);
    const struct member *last = NULL;
    for (int32_t i = 0; i < cohort->size; i++) {
        const struct member *m = &cohort->members[i];
        if (!round_is_done(oldest, m) && (!last || m->over < last->over))
            last = m;
    }
    struct buf text = {0};
    object_describe(&notifier->lockstep.object, &text);
    buf_printf(&text, " keeps %d rounds already", NOTIFIER_MAX_ROUNDS);
    if (last) {
        buf_append_str(&text, "; furthest behind is ");
        member_describe(last, &text);
    }
    hub_reply(hub, &(struct hub_reply){
                       .id = op->id,
                       .status = HUB_EXHAUSTED,
                       .text = text.data,
                       .culprit = last ? last->id : HUB_GLOBAL,
                   });
    buf_finish(&text);
}

static void
serve_waiters(struct hub *hub, struct round *round)
{
    list_for_each (it, &round->waiters) {
        struct wait *wait = container_of(it, struct wait, queue);
        leave(wait);
        receive(lockstep_place(&wait->notifier->lockstep, wait->member), round);
        wait_grant(hub, wait,
                   &(struct hub_reply){
                       .status = HUB_GRANTED,
                       .value = round->value,
                       .round = round->at.n,
                       .happened_at = hub->now,
                   });
    }
}

static void
written(struct hub *hub, struct notifier *notifier, struct member *member,
        const struct hub_op *op)
{
    struct place *place = lockstep_place(&notifier->lockstep, member);
    int64_t n = lockstep_choose_round(hub, place, op);
    if (n == 0)
        return;
    struct round *round = round_find(notifier, place->step, n);
    if (round && round->written) {
        struct buf step = {0};
        step_describe(place->step, &step);
        hub_reply_misuse(hub, op->id,
                         "notifier '%s': round %" PRId64 " of %s has been "
                         "written by worker %" PRId32
                         " already: a round has one writer",
                         op->name, n, step.data, round->writer->id);
        buf_finish(&step);
        return;
    }
    if (notifier->written_count >= NOTIFIER_MAX_ROUNDS) {
        reply_exhausted(hub, notifier, op);
        return;
    }
    round_advance(hub, notifier, member, place, n);
    if (!round)
        round = round_create(hub, notifier, place->step, n);
    round->written = true;
    round->value = value_ref(op->value);
    round->writer = member;
    round->written_at = hub->now;
    round->done_at = op->done_at;
    notifier->written_count++;
    serve_waiters(hub, round);
    hub_reply_granted(hub, op->id,
                      &(struct hub_reply){
                          .round = n,
                      });
    struct round *previous =
        round_last_written(notifier, place->step, n - 1, true);
    if (previous)
        round_forget_if_over(previous);
    readers_round_written(hub, notifier, round);
    round_mark_read(hub, round, member);
    readers_update(hub, notifier, member);
}

/* --- one_read --- */

static void
one_read(struct hub *hub, struct notifier *notifier, struct member *member,
         const struct hub_op *op)
{
    struct place *place = lockstep_place(&notifier->lockstep, member);
    if (place->received == 0) {
        hub_reply_misuse(hub, op->id,
                         "notifier '%s': one_read before anything was received "
                         "in this run",
                         op->name);
        return;
    }
    struct round *round = round_find(notifier, place->step, place->received);
    if (!place->read && round) {
        struct recorder *recorder = hub->config.recorder;
        if (round->done_at > 0 && recorder)
            recorder_coord_time(
                recorder, COORD_VISIBILITY, hub_object_type_name(HUB_NOTIFIER),
                notifier->lockstep.object.name, hub->now - round->done_at);
        round_mark_read(hub, round, member);
        readers_update(hub, notifier, member);
    }
    place->read = true;
    hub_reply_granted(hub, op->id,
                      &(struct hub_reply){
                          .round = place->received,
                      });
}

/* --- dispatch --- */

static void
notifier_op(struct hub *hub, struct object *object, struct member *member,
            const struct hub_op *op)
{
    struct notifier *notifier = notifier_of(object);
    if (!has_readers_enough(hub, notifier, member->cohort, op) ||
        !lockstep_join(hub, &notifier->lockstep, member, op) ||
        !lockstep_is_free(hub, &notifier->lockstep, member, op))
        return;
    if (op->type == HUB_OP_NOTIFIER_WRITTEN)
        written(hub, notifier, member, op);
    else if (op->type == HUB_OP_NOTIFIER_WAIT_WRITER)
        wait_for_writer(hub, notifier, member, op);
    else if (op->type == HUB_OP_NOTIFIER_ONE_READ)
        one_read(hub, notifier, member, op);
    else
        readers_wait(hub, notifier, member, op);
}

const struct object_ops notifier_object_ops = {
    .create = create,
    .adopt = adopt,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .may_use = may_use,
    .op = notifier_op,
};
