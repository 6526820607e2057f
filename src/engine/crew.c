#include "engine/crew.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/life.h"
#include "engine/runs.h"
#include "engine/stages.h"

/* Streams of random numbers apart from those of workers. */
#define ROOM_PICK_STREAM (UINT64_C(1) << 63)

static struct member *
of_parked(struct list *link)
{
    return container_of(link, struct member, parked);
}

/* --- scenarios --- */

static void
load_choices(struct crew *crew)
{
    const struct plan *plan = crew->shard->config.plan;
    const struct plan_workload *workload = crew->workload;
    size_t count = workload->turn_count > 0 ? workload->turn_count
                                            : workload->choice_count;
    crew->numbers = xcalloc(count, sizeof(*crew->numbers));
    for (size_t i = 0; i < count; i++) {
        size_t scenario = workload->turn_count > 0
                              ? workload->turns[i].scenario
                              : workload->choices[i].scenario;
        crew->numbers[i] = plan->scenarios[scenario].candidate;
        if (workload->turn_count == 0)
            crew->total_weight += workload->choices[i].weight;
    }
}

/* Where the next step's pick falls, in [0, 1). All members of a room must come
 * to the same without talking to each other. */
static double
draw_pick(struct member *m)
{
    const struct plan_workload *workload = m->crew->workload;
    if (workload->room_size == 0)
        return rng_double(&m->pick);
    uint64_t room = (uint64_t)cast_room_of(workload, m->index);
    uint64_t step = (uint64_t)m->worker->step + 1;
    struct rng rng;
    rng_init(&rng, m->shard->config.plan->options->seed,
             ROOM_PICK_STREAM | room << 32 | (step & UINT32_MAX));
    return rng_double(&rng);
}

size_t
crew_pick(struct member *m)
{
    const struct crew *crew = m->crew;
    const struct plan_workload *workload = crew->workload;
    if (workload->turn_count > 0)
        return crew->numbers[m->runs];
    double at = draw_pick(m) * crew->total_weight;
    size_t picked = 0;
    for (size_t i = 0; i < workload->choice_count; i++) {
        if (workload->choices[i].weight <= 0)
            continue;
        picked = i; /* the last one, should rounding run past the end */
        at -= workload->choices[i].weight;
        if (at < 0)
            break;
    }
    return crew->numbers[picked];
}

/* --- who may run --- */

static void
end_by_time(struct crew *crew)
{
    pool_catch_up(crew);
    crew_end(crew, false);
}

struct executor_due
crew_next(struct member *m)
{
    struct crew *crew = m->crew;
    struct shard *shard = m->shard;
    const struct executor_due over = {EXECUTOR_OVER, 0};
    nsec_t at = clock_now();
    nsec_t now = at - crew->started_at;
    /* Who leaves because the time is over leaves in a workload or a test that
     * ends, also if something kept the loop from ringing for it. */
    if (!crew->pool.offering) {
        if (at >= shard->deadline)
            shard->config.host.on_time_over(shard->config.host.data);
        else if (now >= crew->workload->duration)
            end_by_time(crew);
    }
    if (shard->draining || crew->over || m->worker->quit)
        return over;
    if (crew->executor->open)
        return crew->started_at == NSEC_NEVER
                   ? (struct executor_due){EXECUTOR_PARKED, 0}
                   : pool_next(crew, now);
    return crew->executor->next_run(crew->workload, &crew->state, m->index,
                                    m->runs, now);
}

void
crew_park(struct member *m)
{
    list_append(&m->crew->parked, &m->parked);
    pool_count_starts(m->crew);
    pool_tell_if_free(m->crew);
}

void
crew_unpark(struct member *m)
{
    list_remove(&m->parked);
    pool_count_starts(m->crew);
}

void
crew_wake(struct crew *crew)
{
    struct list woken;
    list_init(&woken);
    list_splice(&woken, &crew->parked);
    while (!list_empty(&woken)) {
        struct member *m = of_parked(woken.next);
        crew_unpark(m);
        if (m->life == LIFE_PLANNED)
            crew_plan_start(m);
        else
            runs_next(m);
    }
}

void
crew_plan_start(struct member *m)
{
    struct crew *crew = m->crew;
    nsec_t now = clock_now() - crew->started_at;
    /* What is due before the start of the workload is due at its start. */
    struct executor_due due = crew->executor->next_run(
        crew->workload, &crew->state, m->index, 0, now > 0 ? now : 0);
    switch (due.answer) {
    case EXECUTOR_NOW:
    case EXECUTOR_LATER:
        m->shard->pending_starts++;
        timer_start(&m->timer, nsec_add(crew->started_at, due.at));
        return;
    case EXECUTOR_PARKED:
        crew_park(m);
        return;
    case EXECUTOR_OVER:
        life_never(m);
        return;
    }
}

/* --- runs --- */

void
crew_run_asked(struct member *m)
{
    m->crew->state.runs_begun++;
    if (m->crew->executor->open)
        pool_take(m->crew);
}

void
crew_run_refused(struct member *m)
{
    struct crew *crew = m->crew;
    crew->state.runs_begun--;
    if (crew->executor->open)
        pool_drop(crew);
    else
        crew_wake(crew);
}

void
crew_run_over(struct member *m, bool all)
{
    const struct plan_workload *workload = m->crew->workload;
    if (workload->turn_count == 0)
        return;
    if (!all) {
        stages_turn_over(m->shard, workload->turns[m->runs - 1].stage);
        return;
    }
    for (size_t i = (size_t)m->runs; i < workload->turn_count; i++)
        stages_turn_over(m->shard, workload->turns[i].stage);
}

void
crew_change_workers(struct crew *crew, int64_t change)
{
    const struct plan_workload *workload = crew->workload;
    if (crew->executor->type != EXECUTOR_MANUAL || crew->over ||
        crew->started_at == NSEC_NEVER)
        return;
    int64_t wanted = crew->state.workers_wanted + change;
    wanted = wanted < 0                   ? 0
             : wanted > workload->workers ? workload->workers
                                          : wanted;
    crew->state.workers_wanted = (int32_t)wanted;
    /* All shards come to the same number; one tells it. */
    if (crew->shard->config.index == 0)
        log_info("workload '%s': %d of at most %d workers", workload->name,
                 (int)wanted, (int)workload->workers);
    crew_wake(crew);
}

/* --- its life --- */

static nsec_t
teardown_patience(const struct crew *crew)
{
    nsec_t patience = crew->workload->graceful_stop;
    return patience > TASK_CLEANUP ? patience : TASK_CLEANUP;
}

/* Runs in flight have had their time, then teardowns. */
static void
stop_waits(struct crew *crew)
{
    const struct plan_workload *workload = crew->workload;
    const struct shard_host *host = &crew->shard->config.host;
    bool teardowns = crew->stops++ > 0;
    host->stop_waits(host->data, workload->first_worker, workload->workers,
                     teardowns);
    for (int32_t i = 0; i < crew->count; i++)
        life_stop_waits(&crew->members[i], teardowns);
    timer_start(&crew->end, nsec_add(clock_now(), teardown_patience(crew)));
}

static void
on_end(struct timer *timer)
{
    struct crew *crew = container_of(timer, struct crew, end);
    if (crew->over) {
        stop_waits(crew);
        return;
    }
    end_by_time(crew);
}

void
crew_init(struct crew *crew, struct shard *shard,
          const struct plan_workload *workload, struct member *members,
          int32_t count)
{
    const struct shard_config *config = &shard->config;
    struct plan_segment segment =
        plan_segment_of(workload, config->index, config->shards);
    *crew = (struct crew){
        .shard = shard,
        .workload = workload,
        .executor = executor_find(workload->executor),
        .state.workers_wanted = workload->workers_at_start,
        .segment = segment,
        .members = members,
        .count = count,
        .started_at = NSEC_NEVER,
    };
    list_init(&crew->parked);
    timer_init(&crew->end, shard->config.loop, on_end);
    load_choices(crew);
    pool_init(crew);
}

void
crew_finish(struct crew *crew)
{
    timer_stop(&crew->end);
    pool_finish(crew);
    free(crew->numbers);
}

static void
tell_deserted(const struct crew *crew)
{
    const struct shard_host *host = &crew->shard->config.host;
    host->on_deserted(host->data, crew->workload);
}

void
crew_start(struct crew *crew, nsec_t test_started_at)
{
    const struct plan_workload *workload = crew->workload;
    if (crew->over)
        return;
    crew->started_at = nsec_add(test_started_at, workload->start);
    nsec_t end = nsec_add(crew->started_at, workload->duration);
    /* That of the whole test is the driver's. */
    if (end < crew->shard->deadline)
        timer_start(&crew->end, end);
    if (crew->executor->open) {
        if (crew->count > 0)
            pool_start(crew);
        else
            tell_deserted(crew);
        return;
    }
    for (int32_t i = 0; i < crew->count; i++)
        crew_plan_start(&crew->members[i]);
}

void
crew_end(struct crew *crew, bool patient)
{
    const struct plan_workload *workload = crew->workload;
    const struct shard *shard = crew->shard;
    if (crew->over)
        return;
    crew->over = true;
    pool_stop(crew);
    if (!shard->draining)
        shard->config.host.on_workload_over(shard->config.host.data, workload);
    if (patient || crew->ended == crew->count)
        timer_stop(&crew->end);
    else
        timer_start(&crew->end, nsec_add(clock_now(), workload->graceful_stop));
    for (int32_t i = 0; i < crew->count; i++)
        life_end_runs(&crew->members[i]);
}

void
crew_one_ended(struct crew *crew)
{
    if (++crew->ended < crew->count)
        return;
    if (!crew->over && crew->executor->open)
        tell_deserted(crew);
    else
        timer_stop(&crew->end);
}
