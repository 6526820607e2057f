#include "engine/runs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/life.h"
#include "stats/recorder.h"

void
runs_forget_leaving(struct member *m)
{
    timer_stop(&m->leave);
    m->leaving = NOT_LEAVING;
}

/* --- to begin --- */

/* What a picker has chosen; else the weights do. */
static size_t
choose_scenario(struct member *m)
{
    struct script *script = m->shard->config.script;
    size_t number = SIZE_MAX;
    struct err err;
    if (script_has_picker(script) &&
        !script_pick_scenario(script, m->worker, m->worker->step + 1, &number,
                              &err))
        m->pick_error = xstrdup(err.message);
    return number != SIZE_MAX ? number : crew_pick(m);
}

static void
watch_leaving(struct member *m)
{
    const struct crew *crew = m->crew;
    if (!crew->executor->leaves_at)
        return;
    nsec_t now = clock_now() - crew->started_at;
    nsec_t at = crew->executor->leaves_at(crew->workload, m->index, now);
    timer_start(&m->leave,
                at == NSEC_NEVER ? NSEC_NEVER : nsec_add(crew->started_at, at));
}

static void
start_run(struct member *m)
{
    struct recorder *recorder = m->shard->recorder;
    const char *workload = m->crew->workload->name;
    m->life = LIFE_RUNNING;
    m->runs++;
    m->began_at = clock_now();
    m->worker->due_at = m->due_at;
    watch_leaving(m);
    recorder_run_start(recorder, workload);
    if (m->due_at > 0)
        recorder_start_lag(recorder, workload, m->began_at - m->due_at);
    if (m->pick_error) {
        /* In a later turn, as any other run: a picker that always fails must
         * not keep the loop to itself. */
        m->worker->scenario = "scenario_picker";
        loop_post(m->shard->config.loop, &m->held);
        return;
    }
    worker_call(m->worker, PHASE_RUN, m->scenario);
    life_emit(m, EVENT_SCENARIO_START, NULL);
}

void
runs_fail_pick(struct member *m)
{
    char *message = m->pick_error;
    m->pick_error = NULL;
    m->worker->phase = PHASE_RUN;
    life_call_over(m, &(struct call_result){
                          .status = CALL_FAILED,
                          .kind = "script",
                          .message = message,
                          .where = "",
                      });
    free(message);
}

/* What was due and asked for before the time was over is not lost because the
 * answer has taken until after it. */
static bool
was_due_in_time(const struct member *m)
{
    const struct crew *crew = m->crew;
    nsec_t now = clock_now() - crew->started_at;
    return crew->executor->scheduled && now >= crew->workload->duration;
}

void
runs_withdraw(struct member *m)
{
    loop_unpost(m->shard->config.loop, &m->held);
    m->worker->step--;
    if (m->begin_answered && m->begin_granted) {
        /* Granted as the test began to end: the step was never run. */
        struct hub_op op = {.type = HUB_OP_RUN_END};
        life_submit(m, &op);
    }
    m->begin_answered = false;
    free(m->pick_error);
    m->pick_error = NULL;
    crew_run_refused(m);
    life_go_home(m, NULL);
}

void
runs_begin_answered(struct member *m)
{
    if (!m->begin_granted || (m->crew->over && !was_due_in_time(m))) {
        runs_withdraw(m);
        return;
    }
    m->begin_answered = false;
    start_run(m);
}

void
runs_on_reply(struct member *m, const struct hub_reply *reply)
{
    if (reply->id.seq != m->begin_seq || m->begin_answered)
        return;
    m->begin_answered = true;
    m->begin_granted = reply->status == HUB_GRANTED;
    if (!m->begin_submitting)
        loop_post(m->shard->config.loop, &m->held);
}

static void
begin_run(struct member *m, nsec_t due)
{
    const struct crew *crew = m->crew;
    m->due_at = crew->executor->scheduled ? crew->started_at + due : 0;
    m->scenario = choose_scenario(m);
    crew_run_asked(m);
    m->worker->step++;
    m->rests = false;
    m->begin_seq = ++m->worker->task.wait.seq;
    m->begin_submitting = true;
    struct hub_op op = {.type = HUB_OP_RUN_BEGIN, .id.seq = m->begin_seq};
    life_submit(m, &op);
    m->begin_submitting = false;
    if (m->begin_answered)
        runs_begin_answered(m);
}

/* Others need not wait for it as for one that is about to go on. */
static void
rest(struct member *m)
{
    struct hub_op op = {.type = HUB_OP_RUN_END, .delayed = true};
    if (!m->rests)
        life_submit(m, &op);
    m->rests = true;
}

static void
wait_until(struct member *m, nsec_t at)
{
    m->life = LIFE_DELAY;
    m->shard->pending_starts++;
    timer_start(&m->timer, at);
}

void
runs_next(struct member *m)
{
    m->life = LIFE_WAITING_TO_RUN;
    struct executor_due due = crew_next(m);
    switch (due.answer) {
    case EXECUTOR_NOW:
        life_is_ready(m);
        begin_run(m, due.at);
        return;
    case EXECUTOR_LATER:
        rest(m);
        wait_until(m, nsec_add(m->crew->started_at, due.at));
        return;
    case EXECUTOR_PARKED:
        rest(m);
        m->life = LIFE_PARKED;
        crew_park(m);
        life_is_ready(m);
        return;
    case EXECUTOR_OVER:
        life_go_home(m, NULL);
        return;
    }
}

/* --- to end --- */

static nsec_t
draw(struct member *m, nsec_t low, nsec_t high)
{
    return low == high ? low : rng_int(&m->pick, low, high);
}

/* When it may begin its next run as far as its delay and its pace go. */
static nsec_t
end_of_pause(struct member *m, nsec_t now)
{
    const struct plan_workload *workload = m->crew->workload;
    const struct script *script = m->shard->config.script;
    nsec_t low = workload->delay_low, high = workload->delay_high;
    script_scenario_delay(script, m->scenario, &low, &high);
    nsec_t at = nsec_add(now, draw(m, low, high));
    if (script_scenario_pace(script, m->scenario, &low, &high)) {
        nsec_t paced = nsec_add(m->began_at, draw(m, low, high));
        at = paced > at ? paced : at;
    }
    return at;
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
runs_count(const struct member *m, enum run_outcome outcome, nsec_t duration,
           nsec_t active)
{
    const struct plan *plan = m->shard->config.plan;
    struct recorder *recorder = m->shard->recorder;
    const char *scenario = m->worker->scenario;
    recorder_run_end(recorder, m->worker->context, scenario, outcome, duration,
                     active);
    const char *role =
        cast_role_of(plan, m->crew->workload, m->index, scenario);
    if (role)
        recorder_run_role(recorder, scenario, role, outcome);
}

void
runs_over(struct member *m, const struct call_result *result)
{
    struct shard *shard = m->shard;
    enum run_outcome outcome = outcome_of(result);
    runs_count(m, outcome, result->duration, result->active);
    if (outcome == RUN_FAILED) {
        shard_report_error(shard, m->worker, result);
        life_emit(m, EVENT_SCENARIO_FAILURE, result);
        shard->config.host.on_run_failed(shard->config.host.data);
    } else if (outcome == RUN_OK) {
        life_emit(m, EVENT_SCENARIO_SUCCESS, result);
    }
    crew_run_over(m, false);
    runs_forget_leaving(m);
    /* Who has no more runs does not keep others waiting for a delay. */
    struct executor_due next = crew_next(m);
    nsec_t now = clock_now();
    nsec_t at = next.answer == EXECUTOR_OVER ? now : end_of_pause(m, now);
    char text[512] = "";
    if (outcome == RUN_FAILED)
        life_describe_failure(result, text, sizeof(text));
    m->rests = at > now || next.answer == EXECUTOR_LATER ||
               next.answer == EXECUTOR_PARKED;
    struct hub_op op = {
        .type = HUB_OP_RUN_END,
        .failed = outcome == RUN_FAILED,
        .delayed = m->rests,
        .text = text,
    };
    life_submit(m, &op);
    if (at > now) {
        wait_until(m, at);
        watch_leaving(m);
    } else {
        runs_next(m);
    }
}

void
runs_on_leave(struct member *m)
{
    const struct shard_host *host = &m->shard->config.host;
    if (m->life == LIFE_DELAY) {
        life_stop_timer(m);
        runs_next(m);
    } else if (m->life == LIFE_RUNNING && m->leaving == NOT_LEAVING) {
        m->leaving = LEAVING;
        timer_start(&m->leave,
                    nsec_add(clock_now(), m->crew->workload->graceful_stop));
    } else if (m->life == LIFE_RUNNING) {
        m->leaving = LEAVING_STOPPED;
        host->stop_waits(host->data, m->id, 1, false);
        worker_stop(m->worker);
    }
}
