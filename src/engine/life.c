#include "engine/life.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/runs.h"

void
life_submit(struct member *m, struct hub_op *op)
{
    op->id.worker = m->id;
    op->step = m->worker->step;
    m->shard->config.port->submit(m->shard->config.port, op);
}

static void
tell(struct member *m, enum hub_op_type type)
{
    struct hub_op op = {.type = type};
    life_submit(m, &op);
}

void
life_emit(struct member *m, enum event_type type,
          const struct call_result *result)
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
life_describe_failure(const struct call_result *result, char *out, size_t size)
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
life_ended(struct member *m)
{
    struct shard *shard = m->shard;
    m->life = LIFE_ENDED;
    crew_one_ended(m->crew);
    if (++shard->ended == shard->member_count)
        shard->config.host.on_all_ended(shard->config.host.data);
}

static void
life_end(struct member *m)
{
    tell(m, HUB_OP_WORKER_END);
    life_emit(m, EVENT_WORKER_END, NULL);
    worker_destroy(m->worker);
    m->worker = NULL;
    m->shard->alive--;
    life_ended(m);
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
life_stop_timer(struct member *m)
{
    m->shard->pending_starts -= (size_t)timer_is_armed(&m->timer);
    timer_stop(&m->timer);
}

void
life_is_ready(struct member *m)
{
    struct shard *shard = m->shard;
    if (!m->preparing)
        return;
    m->preparing = false;
    if (--shard->preparing == 0)
        shard->config.host.on_ready(shard->config.host.data);
}

void
life_go_home(struct member *m, const struct call_result *failure)
{
    char text[512] = "";
    if (failure)
        life_describe_failure(failure, text, sizeof(text));
    struct hub_op op = {
        .type = HUB_OP_RUNS_OVER,
        .failed = failure != NULL,
        .text = text,
    };
    life_submit(m, &op);
    runs_forget_leaving(m);
    life_is_ready(m);
    crew_run_over(m, true);
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
        runs_next(m);
}

void
life_start(struct member *m)
{
    struct shard *shard = m->shard;
    m->life = LIFE_SETUP; /* no end of the test may take it for one to come */
    m->worker = worker_create(shard->config.script, m->id, m->index,
                              m->crew->workload, m);
    shard->alive++;
    tell(m, HUB_OP_WORKER_START);
    life_emit(m, EVENT_WORKER_START, NULL);
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
    /* In a test that ends nobody counts on it any more. */
    if (!shard->draining)
        shard->config.port->submit(shard->config.port, &op);
    life_ended(m);
}

void
life_end_runs(struct member *m)
{
    switch (m->life) {
    case LIFE_PLANNED:
        life_stop_timer(m);
        crew_unpark(m);
        life_never(m);
        return;
    case LIFE_DELAY:
    case LIFE_PARKED:
        life_stop_timer(m);
        crew_unpark(m);
        life_go_home(m, NULL);
        return;
    case LIFE_SETUP:
    case LIFE_SETUP_SESSION:
    case LIFE_WAITING_TO_RUN:
    case LIFE_RUNNING:
    case LIFE_TEARDOWN_SESSION:
    case LIFE_TEARDOWN:
    case LIFE_ENDED:
        return;
    }
}

static bool
fixture_failed(struct member *m, const struct call_result *result)
{
    if (result->status != CALL_FAILED || result->stopped)
        return false;
    shard_report_error(m->shard, m->worker, result);
    m->shard->config.host.on_fixture_failed(m->shard->config.host.data,
                                            m->worker->phase);
    return true;
}

/* What follows would find only half of what it is to set up. */
static void
end_in_setup(struct member *m, const struct call_result *result)
{
    m->shard->late_setups++;
    if (result->status != CALL_OK && m->crew->stopped_setups++ == 0)
        log_warning("workload '%s': %s of worker %d was not over when the "
                    "time for runs was",
                    m->crew->workload->name,
                    worker_phase_name(m->worker->phase), (int)m->id);
    life_go_home(m, NULL);
}

void
life_call_over(struct member *m, const struct call_result *result)
{
    switch (m->life) {
    case LIFE_SETUP:
        if (fixture_failed(m, result))
            life_go_home(m, result);
        else if (m->crew->over)
            end_in_setup(m, result);
        else
            life_setup_session(m);
        return;
    case LIFE_SETUP_SESSION:
        if (fixture_failed(m, result))
            life_go_home(m, result);
        else if (m->crew->over)
            end_in_setup(m, result);
        else
            runs_next(m);
        return;
    case LIFE_RUNNING:
        runs_over(m, result);
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
    case LIFE_PARKED:
    case LIFE_ENDED:
        return;
    }
}

/* --- what comes from outside --- */

void
life_on_timer(struct member *m)
{
    m->shard->pending_starts--;
    if (m->life != LIFE_PLANNED) {
        runs_next(m);
        return;
    }
    /* Its runs may have gone to others meanwhile. */
    const struct crew *crew = m->crew;
    nsec_t now = clock_now() - crew->started_at;
    if (crew->executor->next_run(crew->workload, &crew->state, m->index, 0, now)
            .answer == EXECUTOR_NOW)
        life_start(m);
    else
        crew_plan_start(m);
}

void
life_on_held(struct member *m)
{
    if (m->settling.active)
        settle_answered(m);
    else if (m->life == LIFE_RUNNING)
        runs_fail_pick(m);
    else
        runs_begin_answered(m);
}

bool
life_is_in_teardown(const struct member *m)
{
    return m->life == LIFE_TEARDOWN_SESSION || m->life == LIFE_TEARDOWN;
}

void
life_stop_waits(struct member *m, bool teardowns)
{
    if (m->worker && (teardowns || !life_is_in_teardown(m)))
        worker_stop(m->worker);
}

void
life_reset(struct member *m)
{
    if (m->life == LIFE_WAITING_TO_RUN) {
        runs_withdraw(m);
    } else if (m->life == LIFE_RUNNING && m->pick_error) {
        loop_unpost(m->shard->config.loop, &m->held);
        runs_fail_pick(m);
    } else {
        worker_reset(m->worker);
    }
}
