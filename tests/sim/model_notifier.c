/* Notifier: rounds, who has passed, read and may still write them. */
#include "model.h"

#define MAX_ROUNDS 96
#define MAX_PLACES 64

struct model_round {
    int64_t step, n, value;
    int writer;
    bool read[MAX_WORKERS]; /* or written */
};

/* Of one member in one step. */
struct model_place {
    int member;
    int64_t step, used, reached, received;
};

struct notifier {
    struct model_round rounds[MAX_ROUNDS]; /* written ones */
    int round_count;
    struct model_place places[MAX_PLACES];
    int place_count;
};

static struct model_place *
find_place(struct notifier *notifier, int member, int64_t step)
{
    for (int i = 0; i < notifier->place_count; i++)
        if (notifier->places[i].member == member &&
            notifier->places[i].step == step)
            return &notifier->places[i];
    return NULL;
}

static struct model_place *
place_of(struct world *world, struct notifier *notifier,
         const struct model_member *member)
{
    int64_t step = world_current_step(member);
    struct model_place *place = find_place(notifier, member->id, step);
    if (place)
        return place;
    if (notifier->place_count == MAX_PLACES) {
        world_fail(world, "the model of notifiers is too small");
        notifier->place_count = 0;
    }
    place = &notifier->places[notifier->place_count++];
    *place = (struct model_place){.member = member->id, .step = step};
    return place;
}

static struct model_round *
find_round(struct notifier *notifier, int64_t step, int64_t n)
{
    for (int i = 0; i < notifier->round_count; i++)
        if (notifier->rounds[i].step == step && notifier->rounds[i].n == n)
            return &notifier->rounds[i];
    return NULL;
}

static bool
is_later(int64_t step, int64_t n, const struct model_round *than)
{
    return !than || step > than->step || (step == than->step && n > than->n);
}

/* The last one written from `from` on up to (step, n). */
static struct model_round *
last_written(struct notifier *notifier, int64_t from, int64_t step, int64_t n)
{
    struct model_round *last = NULL;
    for (int i = 0; i < notifier->round_count; i++) {
        struct model_round *round = &notifier->rounds[i];
        bool in_reach =
            round->step < step || (round->step == step && round->n <= n);
        if (in_reach && round->step >= from &&
            is_later(round->step, round->n, last))
            last = round;
    }
    return last;
}

static bool
has_passed(struct notifier *notifier, const struct model_member *member,
           int64_t step, int64_t n)
{
    const struct model_place *place = find_place(notifier, member->id, step);
    return member->over >= step || (place && place->reached > n);
}

static bool
may_write(struct notifier *notifier, const struct model_member *member,
          int64_t step, int64_t n)
{
    const struct model_place *place = find_place(notifier, member->id, step);
    return member->over < step && !(place && place->used >= n);
}

/* --- who waits --- */

static bool
is_passed(struct world *world, const struct model_wait *wait)
{
    for (int i = 0; i < world->program->worker_count; i++)
        if (world_plays_with(world, &world->members[i], wait->member) &&
            has_passed(wait->object->state, &world->members[i], wait->step,
                       wait->n))
            return true;
    return false;
}

static bool
is_lost(struct world *world, const struct model_wait *wait)
{
    for (int i = 0; i < world->program->worker_count; i++)
        if (world_plays_with(world, &world->members[i], wait->member) &&
            may_write(wait->object->state, &world->members[i], wait->step,
                      wait->n))
            return false;
    return is_passed(world, wait);
}

static bool
is_behind(const struct model_wait *wait, const struct model_member *m)
{
    struct notifier *notifier = wait->object->state;
    const struct model_round *last =
        last_written(notifier, 0, wait->step, wait->n);
    if (last && !last->read[m->id] &&
        !has_passed(notifier, m, last->step, last->n))
        return true;
    if (wait->step < 2 || m->over >= wait->step - 1)
        return false;
    const struct model_round *before =
        last_written(notifier, wait->step - 1, wait->step - 1, INT64_MAX);
    return !before || !before->read[m->id];
}

/* Nobody asks for it any more: all have done with it, and it is not the last
 * one of a step that somebody has still to end. */
static bool
is_forgotten(struct world *world, const struct model_wait *wait,
             const struct model_round *round)
{
    struct notifier *notifier = wait->object->state;
    bool is_last =
        last_written(notifier, round->step, round->step, INT64_MAX) == round;
    for (int i = 0; i < world->program->worker_count; i++) {
        const struct model_member *m = &world->members[i];
        if (!world_plays_with(world, m, wait->member))
            continue;
        if (is_last ? m->over < round->step
                    : !round->read[i] &&
                          !has_passed(notifier, m, round->step, round->n))
            return false;
    }
    return true;
}

static bool
is_read_by_enough(struct world *world, const struct model_wait *wait)
{
    struct notifier *notifier = wait->object->state;
    int enough = wait->object->plan->options.readers;
    const struct model_round *last =
        last_written(notifier, 0, wait->step, wait->n);
    if (enough == 0 || !last || is_forgotten(world, wait, last))
        return false;
    int count = 0;
    for (int i = 0; i < MAX_WORKERS; i++)
        count += last->read[i] && i != last->writer;
    return count >= enough;
}

static bool
is_read(struct world *world, const struct model_wait *wait)
{
    if (is_read_by_enough(world, wait))
        return true;
    for (int i = 0; i < world->program->worker_count; i++) {
        const struct model_member *m = &world->members[i];
        if (m != wait->member && world_plays_with(world, m, wait->member) &&
            is_behind(wait, m))
            return false;
    }
    return true;
}

static void
serve_writer_wait(struct world *world, struct model_wait *wait)
{
    struct notifier *notifier = wait->object->state;
    struct model_round *round = find_round(notifier, wait->step, wait->n);
    if (round) {
        find_place(notifier, wait->member->id, wait->step)->received = wait->n;
        struct expected *expected =
            world_grant_value(world, wait, HUB_GRANTED, round->value);
        expected->answer.round = round->n;
        expected->checks |= CHECK_ROUND;
    } else if (is_lost(world, wait)) {
        world_refuse(world, wait, HUB_BROKEN);
    }
}

static void
settle(struct world *world, struct model_object *object)
{
    for (int i = 0; i < world->wait_count;) {
        struct model_wait *wait = world->waits[i];
        int before = world->wait_count;
        if (wait->object == object) {
            if (wait->op.type == HUB_OP_NOTIFIER_WAIT_WRITER)
                serve_writer_wait(world, wait);
            else if (is_read(world, wait))
                world_grant(world, wait, HUB_GRANTED);
        }
        i = world->wait_count < before ? 0 : i + 1;
    }
}

static void
withdraw(struct world *world, struct model_object *object,
         struct model_wait *wait, enum hub_status why)
{
    if (wait->op.type != HUB_OP_NOTIFIER_WAIT_WRITER || why == HUB_BROKEN)
        return;
    find_place(object->state, wait->member->id, wait->step)->used = wait->n - 1;
}

static bool
is_to_come(const struct model_member *m)
{
    return m->phase == PHASE_PLANNED ||
           (m->phase == PHASE_BETWEEN && m->delayed);
}

static bool
stands_still(struct world *world, const struct model_wait *wait)
{
    bool for_writer = wait->op.type == HUB_OP_NOTIFIER_WAIT_WRITER;
    for (int i = 0; i < world->program->worker_count; i++) {
        const struct model_member *m = &world->members[i];
        if (m == wait->member || !world_plays_with(world, m, wait->member) ||
            !is_to_come(m))
            continue;
        if (for_writer ? may_write(wait->object->state, m, wait->step, wait->n)
                       : is_behind(wait, m))
            return true;
    }
    return false;
}

/* --- operations --- */

/* 0: misuse. */
static int64_t
choose_round(const struct model_place *place, const struct hub_op *op)
{
    if (op->round == 0)
        return place->used + 1;
    return op->round > place->used ? op->round : 0;
}

static void
use(struct model_place *place, int64_t n)
{
    place->used = n;
    if (n > place->reached)
        place->reached = n;
}

static void
reply_round(struct world *world, const struct model_call *call, int64_t n)
{
    struct expected *expected = world_reply(world, call, HUB_GRANTED);
    expected->answer.round = n;
    expected->checks |= CHECK_ROUND;
}

static void
written(struct world *world, const struct model_call *call,
        struct notifier *notifier, struct model_place *place)
{
    int64_t n = choose_round(place, call->op);
    if (n == 0 || find_round(notifier, place->step, n)) {
        world_reply(world, call, HUB_MISUSE);
        return;
    }
    use(place, n);
    if (notifier->round_count == MAX_ROUNDS) {
        world_fail(world, "the model of rounds is too small");
        return;
    }
    struct model_round *round = &notifier->rounds[notifier->round_count++];
    *round = (struct model_round){
        .step = place->step,
        .n = n,
        .value = call->value,
        .writer = call->member->id,
    };
    round->read[call->member->id] = true;
    reply_round(world, call, n);
}

static bool
another_task_waits(struct world *world, const struct model_call *call)
{
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->object == call->object &&
            world->waits[i]->member == call->member)
            return true;
    return false;
}

static void
op(struct world *world, const struct model_call *call)
{
    struct notifier *notifier = call->object->state;
    if (call->object->plan->options.readers >
        program_room_size(world->program, call->member->room) - 1) {
        world_reply(world, call, HUB_MISUSE);
        return;
    }
    world->uses_lockstep[call->member->room] = true;
    if (another_task_waits(world, call)) {
        world_reply(world, call, HUB_MISUSE);
        return;
    }
    struct model_place *place = place_of(world, notifier, call->member);
    if (call->op->type == HUB_OP_NOTIFIER_WRITTEN) {
        written(world, call, notifier, place);
    } else if (call->op->type == HUB_OP_NOTIFIER_WAIT_WRITER) {
        int64_t n = choose_round(place, call->op);
        if (n == 0) {
            world_reply(world, call, HUB_MISUSE);
            return;
        }
        use(place, n);
        struct model_wait *wait = world_wait(world, call);
        wait->lockstep = true;
        wait->step = place->step;
        wait->n = n;
    } else if (call->op->type == HUB_OP_NOTIFIER_WAIT_READERS) {
        struct model_wait *wait = world_wait(world, call);
        wait->lockstep = true;
        wait->step = place->step;
        wait->n = call->op->round > 0 ? call->op->round : place->used;
    } else if (place->received == 0) {
        world_reply(world, call, HUB_MISUSE);
    } else {
        find_round(notifier, place->step, place->received)
            ->read[call->member->id] = true;
        reply_round(world, call, place->received);
    }
}

/* --- when nothing else can happen --- */

static bool
is_passed_in_vain(struct world *world, const struct model_object *object,
                  const struct model_wait *wait)
{
    return wait->object == object &&
           wait->op.type == HUB_OP_NOTIFIER_WAIT_WRITER &&
           is_passed(world, wait);
}

static int64_t
lowest_passed(struct world *world, struct model_object *object)
{
    int64_t lowest = -1;
    for (int i = 0; i < world->wait_count; i++) {
        const struct model_wait *wait = world->waits[i];
        if (is_passed_in_vain(world, object, wait) &&
            (lowest < 0 || wait->step < lowest))
            lowest = wait->step;
    }
    return lowest;
}

static void
break_passed(struct world *world, struct model_object *object, int64_t step)
{
    for (int i = 0; i < world->wait_count;) {
        struct model_wait *wait = world->waits[i];
        if (wait->step == step && is_passed_in_vain(world, object, wait)) {
            world_refuse(world, wait, HUB_BROKEN);
            i = 0;
        } else {
            i++;
        }
    }
}

const struct model_ops model_notifier_ops = {
    .state_size = sizeof(struct notifier),
    .op = op,
    .withdraw = withdraw,
    .settle = settle,
    .stands_still = stands_still,
    .lowest_passed = lowest_passed,
    .break_passed = break_passed,
};
