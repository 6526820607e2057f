#include "hub/notifier.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/readers.h"
#include "hub/round.h"
#include "hub/wait.h"
#include "stats/recorder.h"

struct object *
notifier_create(const char *name, struct hub_options options)
{
    struct notifier *notifier = xmalloc(sizeof(*notifier));
    *notifier = (struct notifier){
        .object =
            {
                .name = xstrdup(name),
                .type = HUB_NOTIFIER,
                .options = options,
            },
        .last_step = -1,
    };
    list_init(&notifier->by_cohort);
    list_init(&notifier->by_read_waited);
    list_init(&notifier->read_waits);
    return &notifier->object;
}

static struct notifier *
notifier_of(struct object *object)
{
    return container_of(object, struct notifier, object);
}

void
notifier_destroy(struct hub *hub, struct object *object)
{
    struct notifier *notifier = notifier_of(object);
    notifier_free_rounds(hub, notifier);
    list_remove(&notifier->by_cohort);
    free(notifier->object.name);
    free(notifier);
}

const char *
notifier_refuses_free(const struct notifier *notifier)
{
    if (notifier->wait_count > 0)
        return "a worker waits on it";
    if (notifier->cohort && notifier->cohort->min_over < notifier->last_step)
        return "not all have passed its rounds";
    return NULL;
}

/* --- who may use it --- */

static bool
may_use(struct hub *hub, const struct member *member, const struct hub_op *op)
{
    if (!member->cohort) {
        hub_reply_misuse(hub, op->id,
                         "notifier '%s' cannot be used in a global fixture: "
                         "it belongs to the workers of one workload",
                         op->name);
        return false;
    }
    if (!member->cohort->fixed) {
        hub_reply_misuse(
            hub, op->id,
            "notifier '%s': workload '%s' has no fixed number of workers, so "
            "nobody knows who takes part in a round; use an event, a queue or "
            "a barrier{parties = n}",
            op->name, member->cohort->workload);
        return false;
    }
    switch (member->state) {
    case MEMBER_STARTED:
    case MEMBER_RUNNING:
    case MEMBER_TEARDOWN:
        return true;
    case MEMBER_PLANNED:
    case MEMBER_IDLE:
    case MEMBER_ENDED:
    case MEMBER_STATES:
        break;
    }
    hub_reply_misuse(hub, op->id, "notifier '%s': used outside of a run",
                     op->name);
    return false;
}

static bool
fits_cohort(struct hub *hub, const struct notifier *notifier,
            const struct cohort *cohort, const struct hub_op *op)
{
    if (notifier->cohort && notifier->cohort != cohort) {
        hub_reply_misuse(hub, op->id,
                         "notifier '%s' belongs to the workers of workload "
                         "'%s'; those of workload '%s' cannot use it",
                         op->name, notifier->cohort->workload,
                         cohort->workload);
        return false;
    }
    int32_t readers = notifier->object.options.readers;
    if (readers > cohort->size - 1) {
        hub_reply_misuse(hub, op->id,
                         "notifier '%s' wants %" PRId32 " readers, but "
                         "workload '%s' has only %" PRId32
                         " workers beside the writer",
                         op->name, readers, cohort->workload, cohort->size - 1);
        return false;
    }
    return true;
}

/* The rounds of a run's step are counted per worker, so two of its tasks would
 * take each other's. */
static bool
is_free_for_task(struct hub *hub, const struct place *place,
                 const struct hub_op *op)
{
    if (!place->wait)
        return true;
    hub_reply_misuse(hub, op->id,
                     "notifier '%s': another task of this run waits in it (%s "
                     "at %s)",
                     op->name, place->wait->ops->name, place->wait->where);
    return false;
}

/* The n of the round that the operation means; 0 after a MISUSE. */
static int64_t
choose_round(struct hub *hub, const struct place *place,
             const struct hub_op *op)
{
    if (op->round <= 0)
        return place->used + 1;
    if (op->round > place->used)
        return op->round;
    hub_reply_misuse(hub, op->id,
                     "notifier '%s': {round = %" PRId64 "} after round %" PRId64
                     " was used: rounds are named in ascending order",
                     op->name, op->round, place->used);
    return 0;
}

/* --- wait_for_writer --- */

static void
leave(struct wait *wait)
{
    list_remove(&wait->queue);
    notifier_place(wait->notifier, wait->member)->wait = NULL;
    wait->notifier->wait_count--;
}

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    leave(wait);
    if (!consumed)
        round_give_back(wait->notifier,
                        notifier_place(wait->notifier, wait->member),
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
    place->received = round->n;
    place->read = false;
}

static void
wait_for_writer(struct hub *hub, struct notifier *notifier,
                struct member *member, const struct hub_op *op)
{
    struct place *place = notifier_place(notifier, member);
    int64_t n = choose_round(hub, place, op);
    if (n == 0)
        return;
    round_advance(hub, notifier, member, place, n);
    readers_update(hub, notifier, member);
    struct round *round = round_find(notifier, place->step, n);
    if (round && round->written) {
        receive(place, round);
        wait_count_at_once(hub, op->name, &writer_wait_ops, HUB_GRANTED);
        hub_reply(hub, &(struct hub_reply){
                           .id = op->id,
                           .status = HUB_GRANTED,
                           .value = round->value,
                           .round = n,
                           .remaining = NSEC_NEVER,
                           .culprit = HUB_GLOBAL,
                       });
        return;
    }
    if (!round)
        round = round_create(hub, notifier, place->step, n);
    struct wait *wait =
        wait_begin(hub, member, op, &writer_wait_ops, notifier->object.name);
    wait->notifier = notifier;
    wait->round = round;
    wait->step = round->step;
    wait->n = n;
    place->wait = wait;
    notifier->wait_count++;
    list_append(&round->waiters, &wait->queue);
    if (round_is_lost(round))
        round_break(hub, round);
    else if (op->timeout == 0)
        wait_time_out(hub, wait);
    else
        wait_arm(hub, wait, op,
                 cohort_clock(hub, notifier->cohort, wait->step));
}

/* --- written --- */

static void
reply_exhausted(struct hub *hub, const struct notifier *notifier,
                const struct hub_op *op)
{
    const struct cohort *cohort = notifier->cohort;
    const struct round *oldest = notifier->rounds[notifier->first];
    const struct member *last = NULL;
    for (int32_t i = 0; i < cohort->size; i++) {
        const struct member *m = &cohort->members[i];
        if (!round_is_done(oldest, m) && (!last || m->over < last->over))
            last = m;
    }
    struct buf text = {0};
    buf_printf(&text, "notifier '%s' keeps %d rounds already", op->name,
               NOTIFIER_MAX_ROUNDS);
    if (last) {
        buf_append_str(&text, "; furthest behind is ");
        member_describe(last, &text);
    }
    hub_reply(hub, &(struct hub_reply){
                       .id = op->id,
                       .status = HUB_EXHAUSTED,
                       .remaining = NSEC_NEVER,
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
        receive(notifier_place(wait->notifier, wait->member), round);
        wait_grant(hub, wait,
                   &(struct hub_reply){
                       .status = HUB_GRANTED,
                       .value = round->value,
                       .round = round->n,
                       .happened_at = hub->now,
                   });
    }
}

static void
written(struct hub *hub, struct notifier *notifier, struct member *member,
        const struct hub_op *op)
{
    struct place *place = notifier_place(notifier, member);
    int64_t n = choose_round(hub, place, op);
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
    hub_reply(hub, &(struct hub_reply){
                       .id = op->id,
                       .status = HUB_GRANTED,
                       .round = n,
                       .remaining = NSEC_NEVER,
                       .culprit = HUB_GLOBAL,
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
    struct place *place = notifier_place(notifier, member);
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
            recorder_coord_visibility(
                recorder, hub_object_type_name(HUB_NOTIFIER),
                notifier->object.name, hub->now - round->done_at);
        round_mark_read(hub, round, member);
        readers_update(hub, notifier, member);
    }
    place->read = true;
    hub_reply(hub, &(struct hub_reply){
                       .id = op->id,
                       .status = HUB_GRANTED,
                       .round = place->received,
                       .remaining = NSEC_NEVER,
                       .culprit = HUB_GLOBAL,
                   });
}

/* --- dispatch --- */

static bool
may_wait(enum hub_op_type type)
{
    return type == HUB_OP_NOTIFIER_WAIT_WRITER ||
           type == HUB_OP_NOTIFIER_WAIT_READERS;
}

void
notifier_op(struct hub *hub, const struct hub_op *op)
{
    struct member *member = hub_member(hub, op->id.worker);
    if (member->stopped && may_wait(op->type)) {
        hub_reply_status(hub, op->id, HUB_STOPPED);
        return;
    }
    if (!may_use(hub, member, op))
        return;
    struct object *object = object_refer(hub, op);
    if (!object)
        return;
    struct notifier *notifier = notifier_of(object);
    struct cohort *cohort = member->cohort;
    if (!fits_cohort(hub, notifier, cohort, op))
        return;
    if (!notifier->cohort) {
        notifier->cohort = cohort;
        list_append(&cohort->notifiers, &notifier->by_cohort);
        cohort->uses_lockstep = true;
    }
    if (!is_free_for_task(hub, notifier_place(notifier, member), op))
        return;
    int64_t step = member_current_step(member);
    if (step > notifier->last_step)
        notifier->last_step = step;
    if (op->type == HUB_OP_NOTIFIER_WRITTEN)
        written(hub, notifier, member, op);
    else if (op->type == HUB_OP_NOTIFIER_WAIT_WRITER)
        wait_for_writer(hub, notifier, member, op);
    else if (op->type == HUB_OP_NOTIFIER_ONE_READ)
        one_read(hub, notifier, member, op);
    else
        readers_wait(hub, notifier, member, op);
}
