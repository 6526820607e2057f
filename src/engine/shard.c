#include "engine/shard.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/life.h"
#include "stats/recorder.h"

/* Streams of random numbers apart from those that scripts draw from. */
#define PICK_STREAM (UINT64_C(1) << 40)

static void
on_held(struct job *job)
{
    life_on_held(container_of(job, struct member, held));
}

static void
on_timer(struct timer *timer)
{
    life_on_timer(container_of(timer, struct member, timer));
}

static void
on_leave(struct timer *timer)
{
    life_on_leave(container_of(timer, struct member, leave));
}

/* --- stages of single_run --- */

static void
count_stages(struct shard *shard)
{
    for (size_t i = 0; i < shard->crew_count; i++) {
        const struct plan_workload *workload = shard->crews[i].workload;
        for (size_t j = 0; j < workload->turn_count; j++) {
            int32_t stage = workload->turns[j].stage;
            if (stage >= shard->stage_count) {
                shard->stage_runs =
                    xrealloc(shard->stage_runs,
                             ((size_t)stage + 1) * sizeof(*shard->stage_runs));
                while (shard->stage_count <= stage)
                    shard->stage_runs[shard->stage_count++] = 0;
            }
            shard->stage_runs[stage] += workload->workers;
        }
    }
}

void
shard_turn_over(struct shard *shard, int32_t stage)
{
    shard->stage_runs[stage]--;
    int32_t current = 0;
    while (current < shard->stage_count && shard->stage_runs[current] <= 0)
        current++;
    for (size_t i = 0; i < shard->crew_count; i++) {
        if (shard->crews[i].workload->turn_count == 0 ||
            shard->crews[i].state.stage == current)
            continue;
        shard->crews[i].state.stage = current;
        shard->stage_over = true;
    }
}

void
shard_go_on(struct shard *shard)
{
    if (!shard->stage_over)
        return;
    shard->stage_over = false;
    for (size_t i = 0; i < shard->crew_count; i++)
        crew_wake(&shard->crews[i]);
}

/* --- life --- */

static void
init_member(struct member *m, struct crew *crew, int32_t index)
{
    struct shard *shard = crew->shard;
    *m = (struct member){
        .shard = shard,
        .crew = crew,
        .id = crew->workload->first_worker + index,
        .index = index,
    };
    list_init(&m->parked);
    timer_init(&m->timer, shard->config.loop, on_timer);
    timer_init(&m->leave, shard->config.loop, on_leave);
    job_init(&m->held, on_held);
    rng_init(&m->pick, shard->config.plan->options->seed,
             PICK_STREAM + (uint64_t)m->id);
}

struct shard *
shard_create(const struct shard_config *config)
{
    const struct plan *plan = config->plan;
    struct shard *shard = xmalloc(sizeof(*shard));
    *shard = (struct shard){
        .config = *config,
        .deadline = NSEC_NEVER,
        .member_count = plan->workers,
        .members = xcalloc((size_t)plan->workers, sizeof(struct member)),
        .crew_count = plan->workload_count,
        .crews = xcalloc(plan->workload_count, sizeof(struct crew)),
    };
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        struct member *members = &shard->members[workload->first_worker];
        crew_init(&shard->crews[i], shard, workload, members);
        for (int32_t j = 0; j < workload->workers; j++)
            init_member(&members[j], &shard->crews[i], j);
    }
    count_stages(shard);
    return shard;
}

void
shard_destroy(struct shard *shard)
{
    if (!shard)
        return;
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        timer_stop(&m->timer);
        timer_stop(&m->leave);
        loop_unpost(shard->config.loop, &m->held);
        worker_destroy(m->worker);
        free(m->settling.leaks);
        free(m->pick_error);
    }
    for (size_t i = 0; i < shard->crew_count; i++)
        crew_finish(&shard->crews[i]);
    free(shard->crews);
    free(shard->members);
    free(shard->stage_runs);
    free(shard);
}

bool
shard_prepare(struct shard *shard)
{
    /* Some may be ready at once: not all of them before all are asked. */
    shard->preparing = 1;
    for (size_t i = 0; i < shard->crew_count; i++)
        pool_prepare(&shard->crews[i]);
    return --shard->preparing > 0;
}

void
shard_start(struct shard *shard, nsec_t started_at)
{
    shard->started_at = started_at;
    shard->deadline = nsec_add(started_at, plan_deadline(shard->config.plan));
    for (size_t i = 0; i < shard->crew_count; i++)
        crew_start(&shard->crews[i], started_at);
}

void
shard_catch_up(struct shard *shard)
{
    for (size_t i = 0; i < shard->crew_count; i++)
        pool_catch_up(&shard->crews[i]);
}

nsec_t
shard_patience(const struct shard *shard)
{
    nsec_t patience = 0;
    for (size_t i = 0; i < shard->crew_count; i++)
        if (shard->crews[i].workload->graceful_stop > patience)
            patience = shard->crews[i].workload->graceful_stop;
    return patience;
}

void
shard_drain(struct shard *shard)
{
    if (shard->draining)
        return;
    shard->draining = true;
    nsec_t patience = shard_patience(shard);
    for (size_t i = 0; i < shard->crew_count; i++) {
        struct crew *crew = &shard->crews[i];
        crew_end(crew, crew->workload->graceful_stop == patience);
    }
}

void
shard_change_workers(struct shard *shard, int64_t change)
{
    for (size_t i = 0; i < shard->crew_count; i++)
        crew_change_workers(&shard->crews[i], change);
}

int32_t
shard_wanted_workers(const struct shard *shard)
{
    int32_t wanted = 0;
    for (size_t i = 0; i < shard->crew_count; i++)
        wanted += shard->crews[i].state.workers_wanted;
    return wanted;
}

void
shard_stop_waits(struct shard *shard, bool teardowns)
{
    for (int32_t i = 0; i < shard->member_count; i++)
        life_stop_waits(&shard->members[i], teardowns);
}

void
shard_reset_runs(struct shard *shard)
{
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        if (m->worker && !life_is_in_teardown(m))
            life_reset(m);
    }
}

void
shard_abandon(struct shard *shard)
{
    shard->abandoned = true;
    for (int32_t i = 0; i < shard->member_count; i++) {
        struct member *m = &shard->members[i];
        if (m->worker)
            life_reset(m);
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
