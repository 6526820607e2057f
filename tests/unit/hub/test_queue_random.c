/* Random plays on a queue against a model of a few lines: who is answered, with
 * what, and in the end every item that was put was got once, or is still there.
 */
#include "driver.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"

#define WORKERS 6
#define MAX_ITEMS 4096
#define PLAYS 300
#define MOVES 400

struct line { /* of waiting workers, first come first */
    int32_t workers[WORKERS];
    int count;
};

struct model {
    int64_t capacity; /* negative: none */
    bool closed;
    int64_t items[MAX_ITEMS], undone;
    int first, count; /* from the middle on, so that there is room in front */
    struct line getters, putters, joiners;
    int64_t offered[WORKERS];  /* what a putter waits with */
    nsec_t deadlines[WORKERS]; /* of waits; NSEC_NEVER: none */
    bool waiting[WORKERS];
    enum hub_status status[WORKERS]; /* of the last answer */
    int64_t value[WORKERS];          /* 0: none */
    bool unseen[WORKERS];            /* got, and could be given back */
    int64_t puts, consumed;          /* sums of all items, and squares */
    int64_t puts2, consumed2;
};

struct game {
    struct play play;
    struct model model;
    struct rng rng;
    int64_t next_item;
    uint64_t seed;
};

static void
line_add(struct line *line, int32_t worker)
{
    line->workers[line->count++] = worker;
}

static void
line_drop(struct line *line, int32_t worker)
{
    int kept = 0;
    for (int i = 0; i < line->count; i++)
        if (line->workers[i] != worker)
            line->workers[kept++] = line->workers[i];
    line->count = kept;
}

static int32_t
line_shift(struct line *line)
{
    int32_t worker = line->workers[0];
    line_drop(line, worker);
    return worker;
}

static void
answer(struct model *model, int32_t worker, enum hub_status status,
       int64_t value)
{
    model->waiting[worker] = false;
    model->status[worker] = status;
    model->value[worker] = value;
}

static void
hand(struct model *model, int32_t worker, int64_t item)
{
    answer(model, worker, HUB_GRANTED, item);
    model->unseen[worker] = true;
}

static void
accept(struct model *model, int64_t item)
{
    model->undone++;
    model->puts += item;
    model->puts2 += item * item;
}

static bool
has_room(const struct model *model)
{
    return model->capacity < 0 || model->count < model->capacity;
}

static void
append(struct model *model, int64_t item)
{
    model->items[model->first + model->count++] = item;
}

static void
model_put(struct model *model, int32_t worker, int64_t item, bool attempt)
{
    if (model->closed) {
        answer(model, worker, HUB_CLOSED, 0);
    } else if (model->getters.count > 0) {
        accept(model, item);
        hand(model, line_shift(&model->getters), item);
        answer(model, worker, HUB_GRANTED, 0);
    } else if (has_room(model)) {
        accept(model, item);
        append(model, item);
        answer(model, worker, HUB_GRANTED, 0);
    } else if (attempt) {
        answer(model, worker, HUB_WOULD_WAIT, 0);
    } else {
        model->waiting[worker] = true;
        model->offered[worker] = item;
        line_add(&model->putters, worker);
    }
}

static int64_t
model_release_putter(struct model *model)
{
    int32_t putter = line_shift(&model->putters);
    accept(model, model->offered[putter]);
    answer(model, putter, HUB_GRANTED, 0);
    return model->offered[putter];
}

static void
model_get(struct model *model, int32_t worker, bool attempt)
{
    if (model->count > 0) {
        model->count--;
        hand(model, worker, model->items[model->first++]);
        while (model->putters.count > 0 && has_room(model))
            append(model, model_release_putter(model));
    } else if (model->putters.count > 0) {
        hand(model, worker, model_release_putter(model));
    } else if (model->closed) {
        answer(model, worker, HUB_CLOSED, 0);
    } else if (attempt) {
        answer(model, worker, HUB_WOULD_WAIT, 0);
    } else {
        model->waiting[worker] = true;
        line_add(&model->getters, worker);
    }
}

static void
model_give_back(struct model *model, int32_t worker)
{
    int64_t item = model->value[worker];
    model->unseen[worker] = false;
    answer(model, worker, HUB_GRANTED, 0);
    if (model->getters.count > 0) {
        hand(model, line_shift(&model->getters), item);
    } else {
        model->items[--model->first] = item;
        model->count++;
    }
}

static void
model_end_wait(struct model *model, int32_t worker, enum hub_status status)
{
    line_drop(&model->getters, worker);
    line_drop(&model->putters, worker);
    line_drop(&model->joiners, worker);
    answer(model, worker, status, 0);
}

static void
model_done(struct model *model, int32_t worker)
{
    if (model->undone == 0) {
        answer(model, worker, HUB_MISUSE, 0);
        return;
    }
    answer(model, worker, HUB_GRANTED, 0);
    if (--model->undone == 0)
        while (model->joiners.count > 0)
            answer(model, line_shift(&model->joiners), HUB_GRANTED, 0);
}

static void
model_close(struct model *model, int32_t worker)
{
    model->closed = true;
    answer(model, worker, HUB_GRANTED, 0);
    while (model->getters.count > 0)
        answer(model, line_shift(&model->getters), HUB_CLOSED, 0);
    while (model->putters.count > 0)
        answer(model, line_shift(&model->putters), HUB_CLOSED, 0);
}

/* --- the same move on both --- */

static void
compare(struct game *game, int move)
{
    for (int32_t i = 0; i < WORKERS; i++) {
        const struct answer *got = answer_of(&game->play, i);
        const struct model *model = &game->model;
        struct value *value =
            model->value[i] ? value_from_integer(model->value[i]) : NULL;
        bool same = got->waiting == model->waiting[i] &&
                    (got->waiting || (got->status == model->status[i] &&
                                      value_equal(got->value, value)));
        value_unref(value);
        if (!same)
            fail_msg("seed %llu, move %d: worker %d is %s, not %s, or with "
                     "another value",
                     (unsigned long long)game->seed, move, (int)i,
                     got->waiting ? "waiting" : hub_status_name(got->status),
                     model->waiting[i] ? "waiting"
                                       : hub_status_name(model->status[i]));
    }
}

static struct hub_op
queue_op(enum hub_op_type type)
{
    return (struct hub_op){.type = type, .object = HUB_QUEUE, .name = "jobs"};
}

static void
submit_with(struct game *game, int32_t worker, struct hub_op op, int64_t item)
{
    op.value = item ? value_from_integer(item) : NULL;
    op.timeout = HUB_TIMEOUT_NONE;
    game->model.deadlines[worker] = NSEC_NEVER;
    if (rng_int(&game->rng, 0, 2) == 0) {
        op.timeout = rng_int(&game->rng, 1, 5);
        game->model.deadlines[worker] = game->play.now + op.timeout;
    }
    submit(&game->play, worker, 0, op);
    value_unref(op.value);
}

/* The worker has seen its item. */
static void
consume(struct model *model, int32_t worker)
{
    if (!model->unseen[worker])
        return;
    model->unseen[worker] = false;
    model->consumed += model->value[worker];
    model->consumed2 += model->value[worker] * model->value[worker];
}

static void
pass_time(struct game *game)
{
    advance(&game->play, 1);
    for (int32_t i = 0; i < WORKERS; i++)
        if (game->model.waiting[i] &&
            game->model.deadlines[i] <= game->play.now)
            model_end_wait(&game->model, i, HUB_TIMEOUT);
}

static void
move_of(struct game *game, int32_t worker)
{
    struct model *model = &game->model;
    int64_t dice = rng_int(&game->rng, 0, 99);
    struct hub_op op;
    if (model->waiting[worker]) {
        if (dice < 30) {
            cancel(&game->play, worker);
            model_end_wait(model, worker, HUB_CANCELLED);
        }
        return;
    }
    if (model->unseen[worker] && dice < 40) {
        int64_t item = model->value[worker];
        model_give_back(model, worker);
        submit_with(game, worker, queue_op(HUB_OP_GIVE_BACK), item);
        return;
    }
    if (model->unseen[worker] && dice < 50) {
        /* The item came before the cancellation. */
        cancel(&game->play, worker);
        return;
    }
    consume(model, worker);
    dice = rng_int(&game->rng, 0, 99);
    if (dice < 42) {
        op = queue_op(HUB_OP_QUEUE_PUT);
        op.attempt = dice < 8;
        model_put(model, worker, ++game->next_item, op.attempt);
        submit_with(game, worker, op, game->next_item);
    } else if (dice < 86) {
        op = queue_op(HUB_OP_QUEUE_GET);
        op.attempt = dice < 50;
        model_get(model, worker, op.attempt);
        submit_with(game, worker, op, 0);
    } else if (dice < 96) {
        model_done(model, worker);
        submit_with(game, worker, queue_op(HUB_OP_QUEUE_DONE), 0);
    } else if (dice < 99) {
        if (model->undone == 0) {
            answer(model, worker, HUB_GRANTED, 0);
        } else {
            model->waiting[worker] = true;
            line_add(&model->joiners, worker);
        }
        submit_with(game, worker, queue_op(HUB_OP_QUEUE_JOIN), 0);
    } else if (rng_int(&game->rng, 0, 4) == 0) {
        model_close(model, worker);
        submit_with(game, worker, queue_op(HUB_OP_QUEUE_CLOSE), 0);
    }
}

/* What is left in the queue, in order, and what nobody has seen yet. */
static void
take_the_rest(struct game *game)
{
    struct model *model = &game->model;
    for (int32_t i = 0; i < WORKERS; i++) {
        consume(model, i);
        if (model->waiting[i]) {
            cancel(&game->play, i);
            model_end_wait(model, i, HUB_CANCELLED);
        }
    }
    while (model->count > 0) {
        struct hub_op op = queue_op(HUB_OP_QUEUE_GET);
        op.attempt = true;
        model_get(model, 0, true);
        submit_with(game, 0, op, 0);
        compare(game, -1);
        consume(model, 0);
    }
    assert_int_equal(model->consumed, model->puts);
    assert_int_equal(model->consumed2, model->puts2);
    submit_with(game, 1, queue_op(HUB_OP_QUEUE_STATE), 0);
    assert_int_equal(answer_of(&game->play, 1)->number, 0);
    assert_int_equal(hub_waiting(game->play.hub, NSEC_NEVER), 0);
}

static void
play_once(uint64_t seed)
{
    static const int64_t capacities[] = {-1, 0, 1, 2, 5};
    static struct game game;
    game = (struct game){
        .seed = seed,
        .model = {.capacity = capacities[seed % 5], .first = MAX_ITEMS / 2},
    };
    rng_init(&game.rng, seed, 0);
    play_open_running(&game.play, WORKERS);
    struct hub_op declare = queue_op(HUB_OP_DECLARE);
    if (game.model.capacity >= 0)
        declare.options = (struct hub_options){
            .given = true,
            .bounded = true,
            .capacity = game.model.capacity,
        };
    submit(&game.play, HUB_GLOBAL, 0, declare);
    for (int move = 0; move < MOVES; move++) {
        if (rng_int(&game.rng, 0, 3) == 0)
            pass_time(&game);
        else
            move_of(&game, (int32_t)rng_int(&game.rng, 0, WORKERS - 1));
        compare(&game, move);
    }
    take_the_rest(&game);
    play_close(&game.play);
}

static void
test_against_a_model(void **state)
{
    for (uint64_t seed = 1; seed <= PLAYS; seed++)
        play_once(seed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_model),
    };
    return cmocka_run_group_tests_name("queue_random", tests, NULL, NULL);
}
