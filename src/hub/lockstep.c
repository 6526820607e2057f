#include "hub/lockstep.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

#define PLACES_PER_BLOCK 16

static size_t
count_blocks(const struct cohort *cohort)
{
    return ((size_t)cohort->size + PLACES_PER_BLOCK - 1) / PLACES_PER_BLOCK;
}

void
lockstep_init(struct lockstep *lockstep, const struct lockstep_ops *ops)
{
    *lockstep = (struct lockstep){.ops = ops, .last_step = -1};
    list_init(&lockstep->by_cohort);
}

void
lockstep_finish(struct lockstep *lockstep)
{
    if (lockstep->places)
        for (size_t i = 0; i < count_blocks(lockstep->cohort); i++)
            free(lockstep->places[i]);
    free(lockstep->places);
    free(lockstep->rounds);
    list_remove(&lockstep->by_cohort);
}

/* --- who may use it --- */

bool
lockstep_may_use(struct hub *hub, const struct lockstep_ops *ops,
                 const struct member *member, const struct hub_op *op)
{
    const char *type = hub_object_type_name(op->object);
    if (!member->cohort) {
        hub_reply_misuse(hub, op->id,
                         "%s '%s' cannot be used in a global fixture: it "
                         "belongs to the workers of one workload",
                         type, op->name);
        return false;
    }
    if (!member->cohort->fixed) {
        hub_reply_misuse(
            hub, op->id,
            "%s '%s': workload '%s' has no fixed number of workers, so nobody "
            "knows who takes part in a round; use %s",
            type, op->name, member->cohort->workload, ops->instead);
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
    hub_reply_misuse(hub, op->id, "%s '%s': used outside of a run", type,
                     op->name);
    return false;
}

static void
refuse_stranger(struct hub *hub, const struct lockstep *lockstep,
                const struct cohort *cohort, const struct hub_op *op)
{
    struct buf owner = {0}, stranger = {0};
    const char *type = hub_object_type_name(op->object);
    cohort_describe(lockstep->cohort, &owner);
    cohort_describe(cohort, &stranger);
    bool rooms = cohort->room != HUB_NO_ROOM;
    hub_reply_misuse(hub, op->id,
                     "%s '%s' belongs to the workers of %s; those of %s cannot "
                     "use it%s%s%s",
                     type, op->name, owner.data, stranger.data,
                     rooms ? ": make one for each room with session.room:" : "",
                     rooms ? type : "", rooms ? "(name)" : "");
    buf_finish(&owner);
    buf_finish(&stranger);
}

bool
lockstep_join(struct hub *hub, struct lockstep *lockstep,
              const struct member *member, const struct hub_op *op)
{
    struct cohort *cohort = member->cohort;
    if (lockstep->cohort && lockstep->cohort != cohort) {
        refuse_stranger(hub, lockstep, cohort, op);
        return false;
    }
    if (!lockstep->cohort) {
        lockstep->cohort = cohort;
        list_append(&cohort->locksteps, &lockstep->by_cohort);
        cohort->uses_lockstep = true;
    }
    int64_t step = member_current_step(member);
    if (step > lockstep->last_step)
        lockstep->last_step = step;
    return true;
}

/* The rounds of a run's step are counted per worker, so two of its tasks would
 * take each other's. */
bool
lockstep_is_free(struct hub *hub, struct lockstep *lockstep,
                 const struct member *member, const struct hub_op *op)
{
    const struct wait *wait = lockstep_place(lockstep, member)->wait;
    if (!wait)
        return true;
    hub_reply_misuse(hub, op->id,
                     "%s '%s': another task of this run waits in it (%s at %s)",
                     hub_object_type_name(op->object), op->name,
                     wait->ops->name, wait->where);
    return false;
}

int64_t
lockstep_choose_round(struct hub *hub, const struct place *place,
                      const struct hub_op *op)
{
    if (op->round <= 0)
        return place->used + 1;
    if (op->round > place->used)
        return op->round;
    hub_reply_misuse(hub, op->id,
                     "%s '%s': {round = %" PRId64 "} after round %" PRId64
                     " was used: rounds are named in ascending order",
                     hub_object_type_name(op->object), op->name, op->round,
                     place->used);
    return 0;
}

/* --- places --- */

const struct place *
lockstep_peek_place(const struct lockstep *lockstep,
                    const struct member *member)
{
    if (!lockstep->places)
        return NULL;
    int32_t index = member_index(member);
    struct place *block = lockstep->places[index / PLACES_PER_BLOCK];
    return block ? &block[index % PLACES_PER_BLOCK] : NULL;
}

struct place *
lockstep_place(struct lockstep *lockstep, const struct member *member)
{
    int32_t index = member_index(member);
    if (!lockstep->places)
        lockstep->places =
            xcalloc(count_blocks(member->cohort), sizeof(*lockstep->places));
    struct place **block = &lockstep->places[index / PLACES_PER_BLOCK];
    if (!*block)
        *block = xcalloc(PLACES_PER_BLOCK, sizeof(**block));
    struct place *place = &(*block)[index % PLACES_PER_BLOCK];
    int64_t step = member_current_step(member);
    if (place->step != step && !place->wait)
        *place = (struct place){.step = step};
    return place;
}

bool
lockstep_has_used(const struct lockstep_round *round,
                  const struct member *member)
{
    const struct place *place = lockstep_peek_place(round->lockstep, member);
    return place && place->step == round->step && place->used >= round->n;
}

bool
lockstep_has_passed(const struct lockstep_round *round,
                    const struct member *member)
{
    const struct place *place = lockstep_peek_place(round->lockstep, member);
    return member->over >= round->step ||
           (place && place->step == round->step && place->reached > round->n);
}

bool
lockstep_has_failed(const struct lockstep_round *round,
                    const struct member *member)
{
    return member->error && member->error_step == round->step;
}

/* A run that has failed tells more than one that is over; then who is furthest
 * ahead, and of these who got there first. */
bool
lockstep_is_culprit(const struct lockstep_round *round, const struct member *a,
                    const struct member *b)
{
    if (!b)
        return true;
    bool a_failed = lockstep_has_failed(round, a);
    if (a_failed != lockstep_has_failed(round, b))
        return a_failed;
    if (a->over != b->over)
        return a->over > b->over;
    return a->over_order < b->over_order;
}

/* --- the rounds of a step --- */

struct step_rounds *
lockstep_step(struct cohort *cohort, int64_t step)
{
    struct step_rounds *rounds;
    HASH_FIND(hh, cohort->by_step, &step, sizeof(step), rounds);
    if (rounds)
        return rounds;
    rounds = xmalloc(sizeof(*rounds));
    *rounds = (struct step_rounds){.step = step};
    list_init(&rounds->rounds);
    HASH_ADD(hh, cohort->by_step, step, sizeof(step), rounds);
    return rounds;
}

void
lockstep_release_step(struct cohort *cohort, struct step_rounds *rounds)
{
    if (rounds->held || !list_empty(&rounds->rounds))
        return;
    HASH_DEL(cohort->by_step, rounds);
    free(rounds);
}

/* --- events --- */

static void
pass_step(struct hub *hub, struct step_rounds *rounds, struct member *member)
{
    rounds->held = true;
    list_for_each (it, &rounds->rounds) {
        struct lockstep_round *round =
            container_of(it, struct lockstep_round, by_step);
        round->lockstep->ops->pass(hub, round, member);
    }
    rounds->held = false;
    lockstep_release_step(member->cohort, rounds);
}

void
lockstep_pass_steps(struct hub *hub, struct member *member, int64_t before)
{
    struct cohort *cohort = member->cohort;
    struct step_rounds *rounds, *next;
    if (member->over - before <= 2) {
        for (int64_t step = before + 1; step <= member->over; step++) {
            HASH_FIND(hh, cohort->by_step, &step, sizeof(step), rounds);
            if (rounds)
                pass_step(hub, rounds, member);
        }
    } else {
        HASH_ITER (hh, cohort->by_step, rounds, next)
            if (rounds->step > before && rounds->step <= member->over)
                pass_step(hub, rounds, member);
    }
}

void
locksteps_forget(struct hub *hub, struct cohort *cohort)
{
    list_for_each (it, &cohort->locksteps) {
        struct lockstep *lockstep =
            container_of(it, struct lockstep, by_cohort);
        if (lockstep->ops->forget)
            lockstep->ops->forget(lockstep);
        if (lockstep->last_step <= cohort->min_over &&
            lockstep->wait_count == 0 && !lockstep->object.options.given)
            object_destroy(hub, &lockstep->object);
    }
}

const char *
lockstep_refuses_free(const struct lockstep *lockstep)
{
    if (lockstep->wait_count > 0)
        return "a worker waits on it";
    if (lockstep->cohort && lockstep->cohort->min_over < lockstep->last_step)
        return "not all have passed its rounds";
    return NULL;
}
