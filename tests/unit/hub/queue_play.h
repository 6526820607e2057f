#ifndef MOLO_TESTS_HUB_QUEUE_PLAY_H
#define MOLO_TESTS_HUB_QUEUE_PLAY_H

#include "driver.h"

/* Operations on the queue "jobs". */
#define UNBOUNDED (-1)

static inline struct hub_op
queue_op(enum hub_op_type type)
{
    return (struct hub_op){.type = type, .object = HUB_QUEUE, .name = "jobs"};
}

static inline void
use(struct play *play, int32_t worker, enum hub_op_type type)
{
    submit(play, worker, 0, queue_op(type));
}

static inline void
open_queue(struct play *play, int32_t workers, int64_t capacity)
{
    play_open_running(play, workers);
    struct hub_op op = queue_op(HUB_OP_DECLARE);
    if (capacity != UNBOUNDED)
        op.options = (struct hub_options){
            .given = true,
            .bounded = true,
            .capacity = capacity,
        };
    submit(play, HUB_GLOBAL, 0, op);
    assert_granted(play, HUB_GLOBAL);
}

static inline void
give(struct play *play, int32_t worker, struct hub_op op, const char *text)
{
    op.value = text_value(text);
    submit(play, worker, 0, op);
    value_unref(op.value);
}

static inline void
put(struct play *play, int32_t worker, const char *text)
{
    give(play, worker, queue_op(HUB_OP_QUEUE_PUT), text);
}

static inline void
get(struct play *play, int32_t worker)
{
    use(play, worker, HUB_OP_QUEUE_GET);
}

static inline void
attempt(struct play *play, int32_t worker, enum hub_op_type type,
        const char *text)
{
    struct hub_op op = queue_op(type);
    op.attempt = true;
    give(play, worker, op, text);
}

static inline void
give_back(struct play *play, int32_t worker, const char *text)
{
    give(play, worker, queue_op(HUB_OP_GIVE_BACK), text);
    assert_granted(play, worker);
}

static inline void
done(struct play *play, int32_t worker)
{
    use(play, worker, HUB_OP_QUEUE_DONE);
    assert_granted(play, worker);
}

static inline int64_t
size(struct play *play, int32_t worker)
{
    use(play, worker, HUB_OP_QUEUE_STATE);
    assert_granted(play, worker);
    return answer_of(play, worker)->number;
}

static inline void
expect_get(struct play *play, int32_t worker, const char *text)
{
    get(play, worker);
    assert_news(play, worker, text);
}

#endif
