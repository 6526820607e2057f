#include "hub/round_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/readers.h"
#include "stats/recorder.h"

#define PLACES_PER_BLOCK 16

/* --- places --- */

const struct place *
notifier_peek_place(const struct notifier *notifier,
                    const struct member *member)
{
    if (!notifier->places)
        return NULL;
    int32_t index = member_index(member);
    struct place *block = notifier->places[index / PLACES_PER_BLOCK];
    return block ? &block[index % PLACES_PER_BLOCK] : NULL;
}

static size_t
count_blocks(const struct cohort *cohort)
{
    return ((size_t)cohort->size + PLACES_PER_BLOCK - 1) / PLACES_PER_BLOCK;
}

struct place *
notifier_place(struct notifier *notifier, const struct member *member)
{
    int32_t index = member_index(member);
    if (!notifier->places)
        notifier->places =
            xcalloc(count_blocks(member->cohort), sizeof(*notifier->places));
    struct place **block = &notifier->places[index / PLACES_PER_BLOCK];
    if (!*block)
        *block = xcalloc(PLACES_PER_BLOCK, sizeof(**block));
    struct place *place = &(*block)[index % PLACES_PER_BLOCK];
    int64_t step = member_current_step(member);
    if (place->step != step && !place->wait)
        *place = (struct place){.step = step};
    return place;
}

/* --- the life of a round --- */

bool
round_is_done(const struct round *round, const struct member *member)
{
    return round_has_bit(round->bits, member_index(member));
}

bool
round_is_read(const struct round *round, const struct member *member)
{
    return round_has_bit(round->bits + round->words, member_index(member));
}

bool
round_may_be_written_by(const struct round *round, const struct member *member)
{
    const struct place *place = notifier_peek_place(round->notifier, member);
    return member->over < round->step &&
           !(place && place->step == round->step && place->used >= round->n);
}

static bool
has_passed(const struct round *round, const struct member *member)
{
    const struct place *place = notifier_peek_place(round->notifier, member);
    return member->over >= round->step ||
           (place && place->step == round->step && place->reached > round->n);
}

bool
round_failed_in(const struct round *round, const struct member *member)
{
    return member->error && member->error_step == round->step;
}

/* Of those that had passed it before anybody cared: a run that has failed tells
 * more than one that is over; then who is furthest ahead, and of these who got
 * there first. */
static bool
is_earlier_culprit(const struct round *round, const struct member *a,
                   const struct member *b)
{
    if (!b)
        return true;
    bool a_failed = round_failed_in(round, a);
    if (a_failed != round_failed_in(round, b))
        return a_failed;
    if (a->over != b->over)
        return a->over > b->over;
    return a->over_order < b->over_order;
}

struct step_rounds *
round_step(struct cohort *cohort, int64_t step)
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
round_step_release(struct cohort *cohort, struct step_rounds *rounds)
{
    if (rounds->held || !list_empty(&rounds->rounds))
        return;
    HASH_DEL(cohort->by_step, rounds);
    free(rounds);
}

struct round *
round_create(struct hub *hub, struct notifier *notifier, int64_t step,
             int64_t n)
{
    struct cohort *cohort = notifier->cohort;
    size_t words = ((size_t)cohort->size + 63) / 64;
    struct round *round =
        xcalloc(1, sizeof(*round) + 2 * words * sizeof(round->bits[0]));
    *round = (struct round){
        .notifier = notifier, .step = step, .n = n, .words = words};
    list_init(&round->waiters);
    for (int32_t i = 0; i < cohort->size; i++) {
        struct member *m = &cohort->members[i];
        round->barred_count += !round_may_be_written_by(round, m);
        if (!has_passed(round, m))
            continue;
        round_set_bit(round->bits, i);
        round->done_count++;
        if (is_earlier_culprit(round, m, round->culprit))
            round->culprit = m;
    }
    hub->effort += (uint64_t)cohort->size;
    round_index_add(notifier, round);
    round->step_rounds = round_step(cohort, step);
    list_append(&round->step_rounds->rounds, &round->by_step);
    return round;
}

static void
destroy(struct round *round)
{
    struct notifier *notifier = round->notifier;
    round_index_remove(notifier, round);
    notifier->written_count -= round->written;
    list_remove(&round->by_step);
    round_step_release(notifier->cohort, round->step_rounds);
    value_unref(round->value);
    free(round->missing);
    free(round);
}

void
round_release(struct hub *hub, struct round *round)
{
    if (!round->written && !round->held && list_empty(&round->waiters))
        destroy(round);
}

void
round_forget_if_over(struct round *round)
{
    struct notifier *notifier = round->notifier;
    if (!round->over || round->held)
        return;
    if (notifier->cohort->min_over < round->step &&
        round_last_written(notifier, round->step, INT64_MAX, true) == round)
        return;
    readers_forget_round(notifier, round);
    destroy(round);
}

void
round_end_if_all_done(struct hub *hub, struct round *round)
{
    const struct notifier *notifier = round->notifier;
    if (!round->written || round->over ||
        round->done_count < notifier->cohort->size)
        return;
    round->over = true;
    const char *type = hub_object_type_name(HUB_NOTIFIER);
    const char *name = notifier->object.name;
    if (hub->config.recorder) {
        recorder_coord_event(hub->config.recorder, type, name, COORD_ROUND);
        recorder_coord_round(hub->config.recorder, type, name,
                             hub->now - round->written_at);
    }
    if (hub->config.on_round_end)
        hub->config.on_round_end(hub->config.data, HUB_NOTIFIER, name,
                                 round->step, round->n);
    round_forget_if_over(round);
}

void
round_mark_read(struct hub *hub, struct round *round,
                const struct member *member)
{
    int32_t i = member_index(member);
    if (round_set_bit(round->bits + round->words, i) && round->writer != member)
        round->read_count++;
    round->done_count += round_set_bit(round->bits, i);
    round_end_if_all_done(hub, round);
}

/* --- forgetting --- */

void
notifiers_forget(struct hub *hub, struct cohort *cohort)
{
    list_for_each (it, &cohort->notifiers) {
        struct notifier *notifier =
            container_of(it, struct notifier, by_cohort);
        while (notifier->first < notifier->end) {
            struct round *round = notifier->rounds[notifier->first];
            if (round->step > cohort->min_over || !round->over)
                break;
            round_forget_if_over(round);
        }
        if (notifier->last_step <= cohort->min_over &&
            notifier->wait_count == 0 && !notifier->object.options.given)
            object_destroy(hub, &notifier->object);
    }
}

void
notifier_free_rounds(struct hub *hub, struct notifier *notifier)
{
    while (notifier->first < notifier->end) {
        struct round *round = notifier->rounds[notifier->first];
        assert(list_empty(&round->waiters));
        destroy(round);
    }
    if (notifier->places)
        for (size_t i = 0; i < count_blocks(notifier->cohort); i++)
            free(notifier->places[i]);
    free(notifier->places);
    free(notifier->rounds);
}
