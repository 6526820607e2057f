#include "engine/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/life.h"
#include "stats/recorder.h"

/* Streams of random numbers apart from those that scripts draw from. */
#define PICK_STREAM (UINT64_C(1) << 40)

static void
on_held(struct job *job)
{
    struct member *m = container_of(job, struct member, held);
    if (m->settling.active)
        settle_answered(m);
    else
        life_begin_answered(m);
}

/* The start, or the end of a delay. */
static void
on_timer(struct timer *timer)
{
    struct member *m = container_of(timer, struct member, timer);
    m->shard->pending_starts--;
    if (m->life == LIFE_PLANNED)
        life_start(m);
    else
        life_next_run(m);
}

static size_t
number_in_script(const struct script *script, const char *name)
{
    size_t count = script_scenario_count(script);
    for (size_t i = 0; i < count; i++)
        if (strcmp(script_scenario_name(script, i), name) == 0)
            return i;
    abort(); /* the plan was made from these names */
}

struct shard *
shard_create(const struct shard_config *config)
{
    const struct plan *plan = config->plan;
    struct shard *shard = xmalloc(sizeof(*shard));
    *shard = (struct shard){
        .config = *config,
        .member_count = plan->workers,
        .members = xcalloc((size_t)plan->workers, sizeof(struct member)),
        .scenario_numbers = xcalloc(plan->scenario_count, sizeof(size_t)),
    };
    for (size_t i = 0; i < plan->scenario_count; i++) {
        shard->scenario_numbers[i] =
            number_in_script(config->script, plan->scenarios[i].name);
        shard->total_weight += plan->scenarios[i].weight;
    }
    for (int32_t id = 0; id < plan->workers; id++) {
        struct member *m = &shard->members[id];
        const struct plan_workload *workload = plan_workload_of(plan, id);
        *m = (struct member){
            .shard = shard,
            .id = id,
            .index = id - workload->first_worker,
            .workload = workload,
            .executor = executor_find(workload->executor),
        };
        timer_init(&m->timer, config->loop, on_timer);
        job_init(&m->held, on_held);
        rng_init(&m->pick, plan->options->seed, PICK_STREAM + (uint64_t)id);
    }
    return shard;
}

void
shard_destroy(struct shard *shard)
{
    if (!shard)
        return;
    for (int32_t i = 0; i < shard->member_count; i++) {
        timer_stop(&shard->members[i].timer);
        loop_unpost(shard->config.loop, &shard->members[i].held);
        worker_destroy(shard->members[i].worker);
        free(shard->members[i].settling.leaks);
    }
    free(shard->members);
    free(shard->scenario_numbers);
    free(shard);
}

void
shard_start(struct shard *shard, nsec_t started_at)
{
    shard->started_at = started_at;
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        struct executor_due due = m->executor->next_run(
            m->workload, &(struct executor_state){0}, m->index, 0, 0);
        if (due.answer == EXECUTOR_OVER) {
            life_never(m);
            continue;
        }
        shard->pending_starts++;
        timer_start(&m->timer, nsec_add(started_at, due.at));
    }
}

void
shard_drain(struct shard *shard)
{
    if (shard->draining)
        return;
    shard->draining = true;
    shard->pending_starts = 0;
    int32_t never_started = 0;
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        timer_stop(&m->timer);
        if (m->life == LIFE_PLANNED) {
            m->life = LIFE_ENDED;
            never_started++;
        } else if (m->life == LIFE_DELAY) {
            life_go_home(m, NULL);
        }
    }
    shard->ended += never_started;
    if (never_started > 0 && shard->ended == shard->member_count)
        shard->config.host.on_all_ended(shard->config.host.data);
}

static bool
is_in_teardown(const struct member *m)
{
    return m->life == LIFE_TEARDOWN_SESSION || m->life == LIFE_TEARDOWN;
}

void
shard_stop_waits(struct shard *shard, bool teardowns)
{
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        if (m->worker && (teardowns || !is_in_teardown(m)))
            worker_stop(m->worker);
    }
}

static void
reset(struct member *m)
{
    if (m->life == LIFE_WAITING_TO_RUN) {
        loop_unpost(m->shard->config.loop, &m->held);
        life_go_home(m, NULL);
    } else {
        worker_reset(m->worker);
    }
}

void
shard_reset_runs(struct shard *shard)
{
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        if (m->worker && !is_in_teardown(m))
            reset(m);
    }
}

void
shard_abandon(struct shard *shard)
{
    shard->abandoned = true;
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        if (m->worker)
            reset(m);
    }
}

void
shard_give_up_runs(struct shard *shard)
{
    nsec_t now = clock_now();
    for (int32_t i = 0; i < shard->member_count; i++) {
        const struct member *m = &shard->members[i];
        if (m->life == LIFE_RUNNING)
            life_count_run(m, RUN_INTERRUPTED, now - m->worker->called_at, 0);
    }
}

size_t
shard_pending_starts(const struct shard *shard)
{
    return shard->pending_starts;
}

int32_t
shard_workers_alive(const struct shard *shard)
{
    return shard->alive;
}

void
shard_on_reply(struct shard *shard, const struct hub_reply *reply)
{
    struct member *m = &shard->members[reply->id.worker];
    if (!m->worker)
        return;
    if (m->settling.active) {
        settle_on_reply(m, reply);
        return;
    }
    if (m->life != LIFE_WAITING_TO_RUN) {
        worker_on_reply(m->worker, reply);
        return;
    }
    if (reply->id.seq != m->begin_seq || m->begin_answered)
        return;
    m->begin_answered = true;
    m->begin_granted = reply->status == HUB_GRANTED;
    if (!m->begin_submitting)
        loop_post(shard->config.loop, &m->held);
}
