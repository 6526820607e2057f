#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/quiescence.h"

/* Shards that work, wait for messages and ask for some, in random order: is
 * what quiescence_holds says true, and does it say so in the end? */

#define SHARDS 4
#define MAX_QUEUE 64

struct model {
    struct quiescence quiescence;
    struct rng rng;
    struct {
        int inbox;    /* messages on their way to it */
        uint64_t got; /* it has had so many */
        int work;     /* what it can do without a message */
        bool told;    /* that it is idle, since it was last active */
        /* On their way to the one who looks: an ask, or (n >= 0) that it was
         * idle after n messages. */
        int64_t outbox[MAX_QUEUE];
        int out;
    } shards[SHARDS];
    int asks_left; /* what all of them together will still ask for */
};

#define ASK INT64_C(-1)

static void
put(struct model *m, int shard, int64_t what)
{
    assert_true(m->shards[shard].out < MAX_QUEUE);
    m->shards[shard].outbox[m->shards[shard].out++] = what;
}

static void
send(struct model *m, int shard)
{
    m->shards[shard].inbox++;
    quiescence_sent(&m->quiescence, (size_t)shard);
}

static void
step_of_shard(struct model *m, int i)
{
    if (m->shards[i].inbox > 0 && rng_int(&m->rng, 0, 1) == 0) {
        m->shards[i].inbox--;
        m->shards[i].got++;
        m->shards[i].told = false;
        m->shards[i].work += (int)rng_int(&m->rng, 0, 2);
    } else if (m->shards[i].work > 0) {
        m->shards[i].work--;
        m->shards[i].told = false;
        if (m->asks_left > 0 && m->shards[i].out < MAX_QUEUE - 1) {
            m->asks_left--;
            put(m, i, ASK);
        }
    } else if (!m->shards[i].told && m->shards[i].out < MAX_QUEUE) {
        m->shards[i].told = true;
        put(m, i, (int64_t)m->shards[i].got);
    }
}

/* The one who looks takes a message of that shard; an ask is answered to any
 * shard, or to nobody. */
static void
step_of_hub(struct model *m, int i)
{
    if (m->shards[i].out == 0)
        return;
    int64_t what = m->shards[i].outbox[0];
    m->shards[i].out--;
    for (int k = 0; k < m->shards[i].out; k++)
        m->shards[i].outbox[k] = m->shards[i].outbox[k + 1];
    if (what != ASK)
        quiescence_idle(&m->quiescence, (size_t)i, (uint64_t)what);
    else if (rng_int(&m->rng, 0, 3) > 0)
        send(m, (int)rng_int(&m->rng, 0, SHARDS - 1));
}

static bool
anything_can_happen(const struct model *m)
{
    for (int i = 0; i < SHARDS; i++) {
        if (m->shards[i].inbox > 0 || m->shards[i].work > 0)
            return true;
        for (int k = 0; k < m->shards[i].out; k++)
            if (m->shards[i].outbox[k] == ASK)
                return true;
    }
    return false;
}

static void
play(uint64_t seed)
{
    struct model m = {.asks_left = 200};
    quiescence_init(&m.quiescence, SHARDS);
    rng_init(&m.rng, seed, 0);
    for (int i = 0; i < SHARDS; i++)
        send(&m, i);
    bool held = false;
    for (int step = 0; step < 20000 && !held; step++) {
        int i = (int)rng_int(&m.rng, 0, SHARDS - 1);
        if (rng_int(&m.rng, 0, 1) == 0)
            step_of_shard(&m, i);
        else
            step_of_hub(&m, i);
        held = quiescence_holds(&m.quiescence);
        if (held && anything_can_happen(&m))
            fail_msg("seed %llu, step %d: said to be quiet and is not",
                     (unsigned long long)seed, step);
    }
    if (!held)
        fail_msg("seed %llu: never quiet", (unsigned long long)seed);
    quiescence_finish(&m.quiescence);
}

static void
test_true_and_in_the_end_told(void **state)
{
    for (uint64_t seed = 1; seed <= 2000; seed++)
        play(seed);
}

static void
test_a_message_on_its_way_counts(void **state)
{
    struct quiescence quiescence;
    quiescence_init(&quiescence, 1);
    assert_false(quiescence_holds(&quiescence)); /* it has never told */
    quiescence_idle(&quiescence, 0, 0);
    assert_true(quiescence_holds(&quiescence));
    quiescence_sent(&quiescence, 0);
    assert_false(quiescence_holds(&quiescence));
    quiescence_idle(&quiescence, 0, 0); /* from before it came */
    assert_false(quiescence_holds(&quiescence));
    quiescence_idle(&quiescence, 0, 1);
    assert_true(quiescence_holds(&quiescence));
    quiescence_finish(&quiescence);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_and_in_the_end_told),
        cmocka_unit_test(test_a_message_on_its_way_counts),
    };
    return cmocka_run_group_tests_name("quiescence", tests, NULL, NULL);
}
