#include "engine/pool.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/crew.h"
#include "engine/life.h"
#include "engine/runs.h"
#include "stats/recorder.h"

static struct crew *
of_pool(struct pool *pool)
{
    return container_of(pool, struct crew, pool);
}

static nsec_t
now_in(const struct crew *crew)
{
    return clock_now() - crew->started_at;
}

void
pool_drop(const struct crew *crew)
{
    recorder_run_dropped(crew->shard->recorder, crew->workload->name);
}

/* --- arrivals that wait --- */

static void
arm_expiry(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    nsec_t at = NSEC_NEVER;
    if (pool->waiting.count > 0)
        at = nsec_add(crew->started_at + backlog_first(&pool->waiting),
                      crew->workload->max_lag);
    if (at !=
        (timer_is_armed(&pool->expiry) ? pool->expiry.node.at : NSEC_NEVER))
        timer_start(&pool->expiry, at);
}

static void
wait_here(struct crew *crew, nsec_t due)
{
    backlog_add(&crew->pool.waiting, due);
    arm_expiry(crew);
}

static nsec_t
take_first(struct crew *crew)
{
    nsec_t due = backlog_pop(&crew->pool.waiting);
    arm_expiry(crew);
    return due;
}

static void
drop_late(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    nsec_t now = now_in(crew);
    while (pool->waiting.count > 0 &&
           now - backlog_first(&pool->waiting) >= crew->workload->max_lag) {
        backlog_pop(&pool->waiting);
        pool_drop(crew);
    }
}

static void
on_expiry(struct timer *timer)
{
    struct crew *crew = of_pool(container_of(timer, struct pool, expiry));
    drop_late(crew);
    arm_expiry(crew);
}

struct executor_due
pool_next(struct crew *crew, nsec_t now)
{
    struct pool *pool = &crew->pool;
    /* Who finds a free worker at once starts, however late the loop is. */
    if (!pool->offering) {
        drop_late(crew);
        arm_expiry(crew);
    }
    if (pool->waiting.count == 0)
        return (struct executor_due){EXECUTOR_PARKED, 0};
    return (struct executor_due){EXECUTOR_NOW, backlog_first(&pool->waiting)};
}

void
pool_take(struct crew *crew)
{
    take_first(crew);
}

/* --- arrivals --- */

bool
pool_has_taker(const struct crew *crew)
{
    return crew->executor->open && !crew->over &&
           (!list_empty(&crew->parked) || crew->pool.started < crew->count);
}

void
pool_count_starts(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    bool counts = pool->due != NSEC_NEVER && pool_has_taker(crew);
    crew->shard->pending_starts += (size_t)counts;
    crew->shard->pending_starts -= (size_t)pool->counts;
    pool->counts = counts;
}

static void
set_due(struct crew *crew, nsec_t due)
{
    crew->pool.due = due;
    pool_count_starts(crew);
}

static void
start_next(struct crew *crew)
{
    struct member *m = &crew->members[crew->pool.started++];
    pool_count_starts(crew);
    life_start(m);
}

static void
go_to_next(struct crew *crew)
{
    nsec_t due;
    bool more = arrivals_next(&crew->pool.arrivals, &due);
    set_due(crew, more ? due : NSEC_NEVER);
}

static void
take(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    pool->offering = true;
    if (!list_empty(&crew->parked)) {
        struct member *m =
            container_of(crew->parked.prev, struct member, parked);
        crew_unpark(m);
        runs_next(m);
    } else if (pool->started < crew->count) {
        start_next(crew);
    }
    pool->offering = false;
}

/* Nobody is idle here. Of those that wait the first goes to look elsewhere, so
 * that each of them gets there, and none is overtaken. */
static void
pass_on(struct crew *crew, const struct arrival *arrival)
{
    struct pool *pool = &crew->pool;
    const struct shard_host *host = &crew->shard->config.host;
    struct arrival passed = *arrival;
    passed.may_start |= pool->started < crew->count;
    if (passed.asked++ == 0)
        passed.heard = pool->heard;
    if (pool->waiting.count > 0 && backlog_first(&pool->waiting) < passed.due) {
        wait_here(crew, passed.due);
        passed.due = take_first(crew);
    }
    passed.more |= pool->waiting.count > 0;
    host->on_unserved(host->data, &passed);
}

/* After the first time round it is known whether anybody could be started,
 * after the second the arrival is where it came from. A new one need not ask if
 * one before it has in vain and nobody has become free since. */
static bool
may_ask(const struct pool *pool, const struct arrival *arrival, int32_t shards)
{
    if (arrival->asked == 0)
        return !pool->in_vain;
    return arrival->asked < shards ||
           (arrival->may_start && arrival->asked < 2 * shards);
}

static void
arrive(struct crew *crew, nsec_t due)
{
    pool_arrive(crew, &(struct arrival){
                          .workload = crew->workload,
                          .due = due,
                      });
}

/* Others who are idle come before one more here, unless it is too late to ask:
 * the time is over, and what was due in time begins now. */
static bool
may_start_here(const struct crew *crew, const struct arrival *arrival)
{
    int32_t shards = crew->shard->config.shards;
    return crew->pool.started < crew->count &&
           (shards == 1 || arrival->asked >= shards ||
            now_in(crew) >= crew->workload->duration);
}

void
pool_arrive(struct crew *crew, const struct arrival *arrival)
{
    const struct shard *shard = crew->shard;
    struct pool *pool = &crew->pool;
    int32_t shards = shard->config.shards;
    if (crew->over || shard->draining) {
        pool_drop(crew);
        return;
    }
    bool idle = !list_empty(&crew->parked);
    bool taken = idle || may_start_here(crew, arrival);
    if (arrival->asked % shards != 0)
        pool->wanted |= !taken || arrival->more;
    if (taken) {
        wait_here(crew, arrival->due);
        take(crew);
        pool_tell_if_free(crew);
    } else if (shards > 1 && may_ask(pool, arrival, shards)) {
        pass_on(crew, arrival);
    } else if (arrival->asked > 0 && arrival->heard != pool->heard) {
        /* Whoever has become free since may be one whom it had asked before. */
        arrive(crew, arrival->due);
    } else {
        pool->in_vain |= arrival->asked > 0;
        wait_here(crew, arrival->due);
    }
}

void
pool_tell_if_free(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    const struct shard_host *host = &crew->shard->config.host;
    if (!pool->wanted || crew->over || list_empty(&crew->parked))
        return;
    pool->wanted = false;
    host->on_free(host->data, crew->workload);
}

void
pool_hear_of_free(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    pool->heard++;
    pool->in_vain = false;
    if (crew->over)
        return;
    drop_late(crew);
    arm_expiry(crew);
    if (pool->waiting.count > 0)
        arrive(crew, take_first(crew));
}

void
pool_catch_up(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    if (!crew->executor->open || crew->started_at == NSEC_NEVER || crew->over)
        return;
    nsec_t now = now_in(crew);
    while (pool->due <= now) {
        nsec_t due = pool->due;
        go_to_next(crew);
        arrive(crew, due);
        if (crew->over)
            return;
    }
    drop_late(crew);
    arm_expiry(crew);
}

static void
on_due(void *data)
{
    struct crew *crew = data;
    pool_catch_up(crew);
    if (crew->pool.due != NSEC_NEVER)
        pacer_start(crew->pool.pacer,
                    nsec_add(crew->started_at, crew->pool.due));
}

/* --- life --- */

void
pool_init(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    struct loop *loop = crew->shard->config.loop;
    pool->due = NSEC_NEVER;
    timer_init(&pool->expiry, loop, on_expiry);
    if (!crew->executor->open)
        return;
    pool->pacer = pacer_create(loop, on_due, crew);
    arrivals_init(&pool->arrivals, crew->workload, crew->segment,
                  crew->shard->config.plan->options->seed);
}

void
pool_finish(struct crew *crew)
{
    timer_stop(&crew->pool.expiry);
    pacer_destroy(crew->pool.pacer);
    backlog_finish(&crew->pool.waiting);
}

void
pool_prepare(struct crew *crew)
{
    int32_t count = crew->executor->open ? crew->workload->pre_allocated : 0;
    while (crew->pool.started < crew->count && !crew->over &&
           crew->members[crew->pool.started].index < count) {
        struct member *m = &crew->members[crew->pool.started++];
        m->preparing = true;
        crew->shard->preparing++;
        life_start(m);
    }
}

void
pool_start(struct crew *crew)
{
    go_to_next(crew);
    if (crew->pool.due != NSEC_NEVER)
        pacer_start(crew->pool.pacer,
                    nsec_add(crew->started_at, crew->pool.due));
}

void
pool_stop(struct crew *crew)
{
    struct pool *pool = &crew->pool;
    if (!crew->executor->open)
        return;
    pacer_stop(pool->pacer);
    timer_stop(&pool->expiry);
    set_due(crew, NSEC_NEVER);
    for (; pool->waiting.count > 0; backlog_pop(&pool->waiting))
        pool_drop(crew);
}
