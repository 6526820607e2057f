/* What the hub has answered, beside what it had to answer. */
#include <inttypes.h>

#include "model.h"

static const struct answer *
find_answer(const struct event *event, struct hub_id id)
{
    for (int i = 0; i < event->count; i++)
        if (event->answers[i].id.worker == id.worker &&
            event->answers[i].id.task == id.task &&
            event->answers[i].id.seq == id.seq)
            return &event->answers[i];
    return NULL;
}

const struct answer *
world_actual(const struct world *world, const struct model_wait *wait)
{
    return find_answer(world->event, wait->id);
}

static void
compare(struct world *world, const struct answer *is,
        const struct expected *expected)
{
    const struct answer *shall = &expected->answer;
    const struct {
        unsigned check;
        const char *name;
        int64_t is, shall;
    } fields[] = {
        {CHECK_VALUE, "value", is->value, shall->value},
        {CHECK_ROUND, "round", is->round, shall->round},
        {CHECK_INDEX, "index", is->index, shall->index},
        {CHECK_NUMBER, "number", is->number, shall->number},
        {CHECK_BROKEN, "broken", is->broken, shall->broken},
        {CHECK_WAITED, "waited", is->waited, shall->waited},
        {CHECK_TABLE, "size of the table", is->table_count, shall->table_count},
    };
    if (is->status != shall->status) {
        world_fail(world, "worker %d task %u: answered %s, should be %s",
                   is->id.worker, is->id.task, hub_status_name(is->status),
                   hub_status_name(shall->status));
        return;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if ((expected->checks & fields[i].check) &&
            fields[i].is != fields[i].shall)
            world_fail(world,
                       "worker %d task %u: %s is %" PRId64
                       ", should be %" PRId64,
                       is->id.worker, is->id.task, fields[i].name, fields[i].is,
                       fields[i].shall);
    if (expected->checks & CHECK_TABLE)
        for (int i = 0; i < shall->table_count; i++)
            if (is->table[i] != shall->table[i])
                world_fail(world, "worker %d: values[%d] is wrong",
                           is->id.worker, i + 1);
    if (!is->text[0] &&
        (is->status == HUB_MISUSE || is->status == HUB_TIMEOUT ||
         is->status == HUB_BROKEN || is->status == HUB_LEAKED))
        world_fail(world, "worker %d: an error without a text", is->id.worker);
}

bool
world_is_gone(const struct event *event, const struct hub_id *id)
{
    if (event->cause != CAUSE_OP || event->op->id.worker != id->worker)
        return false;
    enum hub_op_type type = event->op->type;
    return type == HUB_OP_RUN_END || type == HUB_OP_RUNS_OVER ||
           type == HUB_OP_WORKER_END;
}

static const struct expected *
find_expected(const struct world *world, struct hub_id id)
{
    for (int i = 0; i < world->expected_count; i++)
        if (world->expected[i].answer.id.worker == id.worker &&
            world->expected[i].answer.id.task == id.task &&
            world->expected[i].answer.id.seq == id.seq)
            return &world->expected[i];
    return NULL;
}

/* Those who wait in a queue are served in its order. */
static void
compare_order(struct world *world, const struct event *event)
{
    for (int i = 0; i < event->count; i++) {
        const struct expected *a = find_expected(world, event->answers[i].id);
        for (int k = 0; a && a->place && k < i; k++) {
            const struct expected *b =
                find_expected(world, event->answers[k].id);
            if (b && b->object == a->object && b->type == a->type &&
                b->place > a->place)
                world_fail(world, "%s serves worker %d out of turn",
                           a->object->plan->name, b->answer.id.worker);
        }
    }
}

void
world_compare(struct world *world)
{
    const struct event *event = world->event;
    for (int i = 0; i < world->expected_count; i++) {
        struct expected *expected = &world->expected[i];
        const struct answer *is = find_answer(event, expected->answer.id);
        if (is)
            compare(world, is, expected);
        else
            world_fail(world, "worker %d task %u: no answer, should be %s",
                       expected->answer.id.worker, expected->answer.id.task,
                       hub_status_name(expected->answer.status));
    }
    for (int k = 0; k < event->count; k++) {
        const struct answer *is = &event->answers[k];
        if (!find_expected(world, is->id) && !world_is_gone(event, &is->id))
            world_fail(world,
                       "worker %d task %u: answered %s, should have none now",
                       is->id.worker, is->id.task, hub_status_name(is->status));
        if (find_answer(event, is->id) != is)
            world_fail(world, "worker %d task %u: answered twice",
                       is->id.worker, is->id.task);
    }
    compare_order(world, event);
}
