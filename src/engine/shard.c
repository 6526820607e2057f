#include "engine/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/life.h"
#include "engine/runs.h"
#include "engine/stages.h"
#include "http/transport.h"
#include "script/late.h"
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
    runs_on_leave(container_of(timer, struct member, leave));
}

static void
init_member(struct shard *shard, struct member *m, size_t crew, int32_t index)
{
    const struct plan *plan = shard->config.plan;
    *m = (struct member){
        .shard = shard,
        .crew = &shard->crews[crew],
        .id = plan->workloads[crew].first_worker + index,
        .index = index,
    };
    list_init(&m->parked);
    timer_init(&m->timer, shard->config.loop, on_timer);
    timer_init(&m->leave, shard->config.loop, on_leave);
    job_init(&m->held, on_held);
    rng_init(&m->pick, plan->options->seed, PICK_STREAM + (uint64_t)m->id);
}

static void
make_members(struct shard *shard)
{
    const struct plan *plan = shard->config.plan;
    const struct shard_config *config = &shard->config;
    shard->by_id = xcalloc((size_t)plan->workers, sizeof(*shard->by_id));
    for (int32_t id = 0; id < plan->workers; id++)
        shard->member_count +=
            plan_shard_of(plan, id, config->shards) == config->index;
    shard->members =
        xcalloc((size_t)shard->member_count, sizeof(struct member));
    struct member *next = shard->members;
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        struct crew *crew = &shard->crews[i];
        struct member *first = next;
        for (int32_t j = 0; j < workload->workers; j++) {
            int32_t id = workload->first_worker + j;
            if (plan_shard_of(plan, id, config->shards) != config->index)
                continue;
            shard->by_id[id] = next;
            init_member(shard, next++, i, j);
        }
        crew_init(crew, shard, workload, first, (int32_t)(next - first));
    }
}

static void
warn_of_parked(const struct worker *worker, const char *where)
{
    char who[32] = "";
    if (worker->id != HUB_GLOBAL)
        snprintf(who, sizeof(who), " of worker %d", (int)worker->id);
    log_warning("%s%s did not yield and was taken down%s%s",
                worker_phase_name(worker->phase), who, where[0] ? " at " : "",
                where);
}

static void
on_call_done(void *data, struct worker *worker,
             const struct call_result *result)
{
    struct shard *shard = data;
    shard->config.host.on_call_over(shard->config.host.data);
    if (result->parked)
        warn_of_parked(worker, result->where);
    if (worker->id == HUB_GLOBAL)
        global_call_over(shard, result);
    else
        settle_call(worker->owner, result);
}

static void
on_stop(void *data, const char *reason)
{
    const struct shard *shard = data;
    shard->config.host.on_stop(shard->config.host.data, reason);
}

static void
on_abort(void *data, const char *reason)
{
    const struct shard *shard = data;
    shard->config.host.on_abort(shard->config.host.data, reason);
}

static void
on_request(void *data, const struct request_sample *sample)
{
    struct shard *shard = data;
    const struct shard_host *host = &shard->config.host;
    if (sample->kind != NULL && strcmp(sample->kind, "generator") == 0)
        shard->shortages++;
    if (host->on_request != NULL)
        host->on_request(host->data, clock_now() - shard->started_at, sample);
}

static void
on_error(void *data, const char *kind, const char *message,
         const struct error_first *occurrence)
{
    const struct shard *shard = data;
    const struct shard_host *host = &shard->config.host;
    if (host->on_error != NULL)
        host->on_error(host->data, clock_now() - shard->started_at, kind,
                       message, occurrence);
}

static struct transport *
make_transport(const struct shard_config *config, struct err *err)
{
    const struct options *options = config->options;
    const struct transport_ops *transport =
        options->sim ? &transport_sim : &transport_curl;
    return transport->create(config->loop,
                             &(struct transport_config){
                                 .insecure = options->insecure,
                                 .seed = options->seed,
                                 .latency_low = options->sim_latency_low,
                                 .latency_high = options->sim_latency_high,
                                 .failure_rate = options->sim_failures / 100,
                             },
                             err);
}

static void
attach_script(struct shard *shard)
{
    const struct shard_config *config = &shard->config;
    recorder_observe(shard->recorder, &(struct recorder_observer){
                                          .data = shard,
                                          .on_request = on_request,
                                          .on_error = on_error,
                                      });
    script_attach(config->script, &(struct script_env){
                                      .loop = config->loop,
                                      .transport = shard->transport,
                                      .port = config->port,
                                      .recorder = shard->recorder,
                                      .plan = config->plan,
                                      .options = config->options,
                                      .host =
                                          {
                                              .data = shard,
                                              .on_call_done = on_call_done,
                                              .on_stop = on_stop,
                                              .on_abort = on_abort,
                                          },
                                  });
}

struct shard *
shard_create(const struct shard_config *config, struct err *err)
{
    struct transport *transport = make_transport(config, err);
    if (transport == NULL)
        return NULL;
    struct shard *shard = xmalloc(sizeof(*shard));
    *shard = (struct shard){
        .config = *config,
        .transport = transport,
        .recorder = recorder_create(),
        .deadline = NSEC_NEVER,
        .crew_count = config->plan->workload_count,
        .crews = xcalloc(config->plan->workload_count, sizeof(struct crew)),
    };
    attach_script(shard);
    make_members(shard);
    stages_init(shard);
    global_init(shard);
    return shard;
}

void
shard_stop(struct shard *shard)
{
    if (!shard || !shard->transport)
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
    global_finish(shard);
    for (size_t i = 0; i < shard->crew_count; i++)
        crew_finish(&shard->crews[i]);
    free(shard->crews);
    free(shard->members);
    free(shard->by_id);
    stages_finish(shard);
    /* What is still asked for has nobody to count any more. */
    shard->crew_count = 0;
    shard->member_count = 0;
    shard->transport->ops->destroy(shard->transport);
    shard->transport = NULL;
}

void
shard_destroy(struct shard *shard)
{
    if (!shard)
        return;
    shard_stop(shard);
    recorder_destroy(shard->recorder);
    free(shard);
}

const struct snapshot *
shard_snapshot(const struct shard *shard)
{
    return recorder_snapshot(shard->recorder);
}

struct shard_figures
shard_figures(const struct shard *shard)
{
    const struct script *script = shard->config.script;
    struct shard_figures figures = {
        .workers_alive = shard->alive,
        .late_setups = shard->late_setups,
        .shortages = shard->shortages,
        .lua_memory = script_lua_memory(script),
        .gc_cycles = script_gc_cycles(script),
    };
    for (size_t i = 0; i < shard->crew_count; i++)
        figures.workers_wanted += shard->crews[i].state.workers_wanted;
    return figures;
}

void
shard_set_started_at(struct shard *shard, nsec_t at)
{
    shard->started_at = at;
    script_set_started_at(shard->config.script, at);
}

void
shard_set_data(struct shard *shard, struct value *data)
{
    script_set_data(shard->config.script, data);
}

void
shard_emit_round_end(struct shard *shard, const char *name, int64_t step,
                     int64_t round)
{
    struct script *script = shard->config.script;
    if (!script_listens(script, EVENT_ROUND_END))
        return;
    script_emit(script, &(struct event){
                            .type = EVENT_ROUND_END,
                            .name = name,
                            .step = step,
                            .round = round,
                            .duration = -1,
                        });
}

void
shard_prepare(struct shard *shard)
{
    /* Some may be ready at once: not all of them before all are asked. */
    shard->preparing = 1;
    for (size_t i = 0; i < shard->crew_count; i++)
        pool_prepare(&shard->crews[i]);
    if (--shard->preparing == 0)
        shard->config.host.on_ready(shard->config.host.data);
}

/* With few workers, or rooms, some shards have none. */
static void
end_without_workers(struct shard *shard)
{
    if (shard->member_count > 0 || shard->none_ended)
        return;
    shard->none_ended = true;
    shard->config.host.on_all_ended(shard->config.host.data);
}

void
shard_start(struct shard *shard, nsec_t started_at)
{
    shard_set_started_at(shard, started_at);
    stages_tell(shard);
    end_without_workers(shard);
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

static struct crew *
crew_of(struct shard *shard, const struct plan_workload *workload)
{
    return &shard->crews[workload - shard->config.plan->workloads];
}

void
shard_arrive(struct shard *shard, const struct arrival *arrival)
{
    pool_arrive(crew_of(shard, arrival->workload), arrival);
}

void
shard_hear_of_free(struct shard *shard, const struct plan_workload *workload)
{
    pool_hear_of_free(crew_of(shard, workload));
}

void
shard_end_workload(struct shard *shard, const struct plan_workload *workload)
{
    crew_end(crew_of(shard, workload), false);
}

void
shard_drain(struct shard *shard)
{
    if (shard->draining)
        return;
    shard->draining = true;
    end_without_workers(shard);
    nsec_t patience = plan_patience(shard->config.plan);
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

void
shard_stop_waits(struct shard *shard, bool teardowns)
{
    if (shard->global)
        worker_stop(shard->global);
    for (int32_t i = 0; i < shard->member_count; i++)
        life_stop_waits(&shard->members[i], teardowns);
}

void
shard_reset_runs(struct shard *shard)
{
    if (shard->global)
        worker_stop(shard->global);
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
    if (shard->global)
        worker_reset(shard->global);
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
            runs_count(m, RUN_INTERRUPTED, now - m->worker->called_at, 0);
    }
}

struct shard_demand
shard_demand(const struct shard *shard)
{
    struct shard_demand demand = {0};
    for (size_t i = 0; i < shard->crew_count; i++) {
        const struct crew *crew = &shard->crews[i];
        uint64_t bit = UINT64_C(1) << i % 64;
        bool taker = pool_has_taker(crew);
        if (taker)
            demand.takers |= bit;
        else if (crew->pool.due != NSEC_NEVER || crew->pool.waiting.count > 0)
            demand.arrivals |= bit;
    }
    return demand;
}

bool
shard_is_idle(const struct shard *shard)
{
    return !loop_has_jobs(shard->config.loop) &&
           script_outside_waits(shard->config.script) == 0 &&
           shard->pending_starts == 0;
}

void
shard_report_error(struct shard *shard, const struct worker *worker,
                   const struct call_result *result)
{
    char message[1024];
    bool in_run = worker->phase == PHASE_RUN;
    snprintf(message, sizeof(message), "%s%s%s",
             in_run ? "" : worker_phase_name(worker->phase), in_run ? "" : ": ",
             result->message);
    recorder_error(shard->recorder, worker->context, result->kind, message,
                   &(struct error_first){
                       .worker_id = worker->id,
                       .step = worker->step,
                       .at = clock_now() - shard->started_at,
                       .where = (char *)(uintptr_t)result->where,
                   });
    enum log_level level = in_run ? LOG_VERBOSE : LOG_ERROR;
    char who[64] = "";
    if (worker->id != HUB_GLOBAL)
        snprintf(who, sizeof(who), "worker %d, step %lld, ", (int)worker->id,
                 (long long)worker->step);
    log_print(level, "%s%s%s: %s%s%s: %s", who, in_run ? "scenario " : "",
              in_run ? worker->scenario : worker_phase_name(worker->phase),
              result->where, result->where[0] ? ": " : "", result->kind,
              result->message);
    if (result->traceback)
        log_print(LOG_VERBOSE, "%s", result->traceback);
}

void
shard_on_reply(struct shard *shard, const struct hub_reply *reply)
{
    if (late_on_reply(shard->config.script, reply))
        return;
    if (reply->id.worker == HUB_GLOBAL) {
        if (shard->global)
            worker_on_reply(shard->global, reply);
        return;
    }
    struct member *m = shard->by_id[reply->id.worker];
    if (!m->worker)
        return;
    if (m->settling.active)
        settle_on_reply(m, reply);
    else if (m->life == LIFE_WAITING_TO_RUN)
        runs_on_reply(m, reply);
    else
        worker_on_reply(m->worker, reply);
}
