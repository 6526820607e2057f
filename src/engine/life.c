#include "engine/life.h"

#include <stdio.h>

#include "base/log.h"
#include "stats/recorder.h"

/* Streams of random numbers apart from those of workers. */
#define ROOM_PICK_STREAM (UINT64_C(1) << 63)

static void
submit(struct member *m, struct hub_op *op)
{
    op->id.worker = m->id;
    op->step = m->worker->step;
    m->shard->config.port->submit(m->shard->config.port, op);
}

static void
tell(struct member *m, enum hub_op_type type)
{
    struct hub_op op = {.type = type};
    submit(m, &op);
}

static void
emit(struct member *m, enum event_type type, const struct call_result *result)
{
    struct script *script = m->shard->config.script;
    if (!script_listens(script, type))
        return;
    struct event event = {.type = type, .worker = m->worker, .duration = -1};
    if (result) {
        event.duration = result->duration;
        event.kind = result->kind;
        event.message = result->kind ? result->message : NULL;
    }
    script_emit(script, &event);
}

void
shard_report_error(struct recorder *recorder, const struct worker *worker,
                   const struct call_result *result, nsec_t started_at)
{
    char message[1024];
    bool in_run = worker->phase == PHASE_RUN;
    snprintf(message, sizeof(message), "%s%s%s",
             in_run ? "" : worker_phase_name(worker->phase), in_run ? "" : ": ",
             result->message);
    recorder_error(recorder, result->kind, message,
                   &(struct error_first){
                       .worker_id = worker->id,
                       .step = worker->step,
                       .at = clock_now() - started_at,
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

static void
describe_failure(const struct call_result *result, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", result->where, result->where[0] ? ": " : "",
             result->message);
}

static void
call_fixture(struct member *m, enum life life, enum worker_phase phase)
{
    m->life = life;
    worker_call(m->worker, phase, 0);
}

static bool
has_fixture(const struct member *m, enum worker_phase phase)
{
    return script_has_fixture(m->shard->config.script, phase);
}

static void
life_end(struct member *m)
{
    struct shard *shard = m->shard;
    tell(m, HUB_OP_WORKER_END);
    emit(m, EVENT_WORKER_END, NULL);
    m->life = LIFE_ENDED;
    worker_destroy(m->worker);
    m->worker = NULL;
    shard->alive--;
    if (++shard->ended == shard->member_count)
        shard->config.host.on_all_ended(shard->config.host.data);
}

static void
life_teardown(struct member *m)
{
    if (!m->shard->abandoned && has_fixture(m, PHASE_TEARDOWN))
        call_fixture(m, LIFE_TEARDOWN, PHASE_TEARDOWN);
    else
        life_end(m);
}

void
life_go_home(struct member *m, const struct call_result *failure)
{
    char text[512] = "";
    if (failure)
        describe_failure(failure, text, sizeof(text));
    struct hub_op op = {
        .type = HUB_OP_RUNS_OVER,
        .failed = failure != NULL,
        .text = text,
    };
    submit(m, &op);
    m->worker->scenario = NULL;
    if (!m->shard->abandoned && m->session_set_up &&
        has_fixture(m, PHASE_TEARDOWN_SESSION))
        call_fixture(m, LIFE_TEARDOWN_SESSION, PHASE_TEARDOWN_SESSION);
    else
        life_teardown(m);
}

static void
life_setup_session(struct member *m)
{
    m->session_set_up = true;
    if (has_fixture(m, PHASE_SETUP_SESSION))
        call_fixture(m, LIFE_SETUP_SESSION, PHASE_SETUP_SESSION);
    else
        life_next_run(m);
}

void
life_start(struct member *m)
{
    struct shard *shard = m->shard;
    m->life = LIFE_SETUP; /* no end of the test may take it for one to come */
    m->worker =
        worker_create(shard->config.script, m->id, m->index, m->workload, m);
    shard->alive++;
    tell(m, HUB_OP_WORKER_START);
    emit(m, EVENT_WORKER_START, NULL);
    if (has_fixture(m, PHASE_SETUP))
        call_fixture(m, LIFE_SETUP, PHASE_SETUP);
    else
        life_setup_session(m);
}

void
life_never(struct member *m)
{
    struct shard *shard = m->shard;
    struct hub_op op = {.type = HUB_OP_WORKER_END, .id.worker = m->id};
    shard->config.port->submit(shard->config.port, &op);
    m->life = LIFE_ENDED;
    shard->ended++;
}

/* Where the next step's pick falls, in [0, 1). All members of a room must come
 * to the same without talking to each other. */
static double
draw_pick(struct member *m)
{
    if (m->workload->room_size == 0)
        return rng_double(&m->pick);
    uint64_t room = (uint64_t)cast_room_of(m->workload, m->index);
    uint64_t step = (uint64_t)m->worker->step + 1;
    struct rng rng;
    rng_init(&rng, m->shard->config.plan->options->seed,
             ROOM_PICK_STREAM | room << 32 | (step & UINT32_MAX));
    return rng_double(&rng);
}

static size_t
pick_scenario(struct member *m)
{
    const struct plan *plan = m->shard->config.plan;
    double at = draw_pick(m) * m->shard->total_weight;
    size_t picked = 0;
    for (size_t i = 0; i < plan->scenario_count; i++) {
        if (plan->scenarios[i].weight <= 0)
            continue;
        picked = i; /* the last one, should rounding run past the end */
        at -= plan->scenarios[i].weight;
        if (at < 0)
            break;
    }
    return m->shard->scenario_numbers[picked];
}

static void
life_run(struct member *m)
{
    m->life = LIFE_RUNNING;
    m->runs++;
    recorder_run_start(m->shard->config.recorder);
    worker_call(m->worker, PHASE_RUN, m->scenario);
    emit(m, EVENT_SCENARIO_START, NULL);
}

void
life_begin_answered(struct member *m)
{
    m->begin_answered = false;
    if (m->begin_granted && !m->shard->draining) {
        life_run(m);
        return;
    }
    m->worker->step--;
    if (m->begin_granted) {
        /* Granted as the test began to end: the step was never run. */
        struct hub_op op = {.type = HUB_OP_RUN_END};
        submit(m, &op);
    }
    life_go_home(m, NULL);
}

static bool
may_run(const struct member *m)
{
    const struct shard_config *config = &m->shard->config;
    nsec_t now = clock_now() - m->shard->started_at;
    /* Who leaves because the time is over leaves in a test that ends, also if
     * something kept the loop from ringing for it. */
    if (now >= plan_deadline(config->plan))
        config->host.on_time_over(config->host.data);
    return !m->shard->draining && !m->worker->quit &&
           m->executor
                   ->next_run(m->workload, &(struct executor_state){0},
                              m->index, m->runs, now)
                   .answer == EXECUTOR_NOW;
}

void
life_next_run(struct member *m)
{
    m->life = LIFE_WAITING_TO_RUN;
    if (!may_run(m)) {
        life_go_home(m, NULL);
        return;
    }
    m->scenario = pick_scenario(m);
    m->worker->step++;
    m->begin_seq = ++m->worker->task.wait.seq;
    m->begin_submitting = true;
    struct hub_op op = {.type = HUB_OP_RUN_BEGIN, .id.seq = m->begin_seq};
    submit(m, &op);
    m->begin_submitting = false;
    if (m->begin_answered)
        life_begin_answered(m);
}

static nsec_t
pick_delay(struct member *m)
{
    nsec_t low = m->workload->delay_low, high = m->workload->delay_high;
    script_scenario_delay(m->shard->config.script, m->scenario, &low, &high);
    return low == high ? low : rng_int(&m->pick, low, high);
}

static enum run_outcome
outcome_of(const struct call_result *result)
{
    switch (result->status) {
    case CALL_OK:
        return result->stopped ? RUN_INTERRUPTED : RUN_OK;
    case CALL_FAILED:
        return result->stopped ? RUN_INTERRUPTED : RUN_FAILED;
    case CALL_RESET:
        break;
    }
    return RUN_INTERRUPTED;
}

void
life_count_run(const struct member *m, enum run_outcome outcome,
               nsec_t duration, nsec_t active)
{
    const struct shard_config *config = &m->shard->config;
    const char *scenario = m->worker->scenario;
    recorder_run_end(config->recorder, scenario, outcome, duration, active);
    const char *role =
        cast_role_of(config->plan, m->workload, m->index, scenario);
    if (role)
        recorder_run_role(config->recorder, scenario, role, outcome);
}

static void
life_run_over(struct member *m, const struct call_result *result)
{
    struct shard *shard = m->shard;
    enum run_outcome outcome = outcome_of(result);
    life_count_run(m, outcome, result->duration, result->active);
    if (outcome == RUN_FAILED) {
        shard_report_error(shard->config.recorder, m->worker, result,
                           shard->started_at);
        emit(m, EVENT_SCENARIO_FAILURE, result);
        shard->config.host.on_run_failed(shard->config.host.data);
    } else if (outcome == RUN_OK) {
        emit(m, EVENT_SCENARIO_SUCCESS, result);
    }
    /* Who has no more runs does not keep others waiting for a delay. */
    nsec_t delay = may_run(m) ? pick_delay(m) : 0;
    char text[512] = "";
    if (outcome == RUN_FAILED)
        describe_failure(result, text, sizeof(text));
    struct hub_op op = {
        .type = HUB_OP_RUN_END,
        .failed = outcome == RUN_FAILED,
        .delayed = delay > 0,
        .text = text,
    };
    submit(m, &op);
    if (delay == 0) {
        life_next_run(m);
        return;
    }
    m->life = LIFE_DELAY;
    shard->pending_starts++;
    timer_start(&m->timer, nsec_add(clock_now(), delay));
}

static bool
fixture_failed(struct member *m, const struct call_result *result)
{
    if (result->status != CALL_FAILED || result->stopped)
        return false;
    shard_report_error(m->shard->config.recorder, m->worker, result,
                       m->shard->started_at);
    m->shard->config.host.on_fixture_failed(m->shard->config.host.data,
                                            m->worker->phase);
    return true;
}

void
life_call_over(struct member *m, const struct call_result *result)
{
    switch (m->life) {
    case LIFE_SETUP:
        if (fixture_failed(m, result))
            life_go_home(m, result);
        else
            life_setup_session(m);
        return;
    case LIFE_SETUP_SESSION:
        if (fixture_failed(m, result))
            life_go_home(m, result);
        else
            life_next_run(m);
        return;
    case LIFE_RUNNING:
        life_run_over(m, result);
        return;
    case LIFE_TEARDOWN_SESSION:
        fixture_failed(m, result);
        life_teardown(m);
        return;
    case LIFE_TEARDOWN:
        fixture_failed(m, result);
        life_end(m);
        return;
    case LIFE_PLANNED:
    case LIFE_WAITING_TO_RUN:
    case LIFE_DELAY:
    case LIFE_ENDED:
        return;
    }
}

void
shard_on_call_done(struct worker *worker, const struct call_result *result)
{
    settle_call(worker->owner, result);
}
