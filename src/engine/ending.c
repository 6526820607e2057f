#include "engine/ending.h"

#include "base/log.h"
#include "base/units.h"
#include "engine/stuck.h"

/* For shards to start what was due before the end of the time for runs. */
#define CATCH_UP_PATIENCE (100 * NSEC_PER_MSEC)

void
ending_before_setup(struct engine *engine)
{
    precheck_destroy(engine->precheck);
    engine->precheck = NULL;
    engine->phase = ENGINE_REPORT;
    loop_stop(engine->loop);
}

nsec_t
ending_patience(const struct engine *engine)
{
    nsec_t grace = plan_patience(engine->plan);
    return grace > TASK_CLEANUP ? grace : TASK_CLEANUP;
}

void
ending_start_grace(struct engine *engine, nsec_t patience)
{
    nsec_t until = nsec_add(clock_now(), patience);
    timer_start(&engine->grace, until);
    fleet_park_after(engine->fleet, nsec_add(until, TASK_CLEANUP));
}

void
ending_begin(struct engine *engine, const char *ended_by)
{
    if (engine->phase >= ENGINE_DRAIN)
        return;
    if (engine->precheck) {
        engine->result.ended_by = ended_by;
        ending_before_setup(engine);
        return;
    }
    bool has_workers =
        engine->phase == ENGINE_PREPARE || engine->phase == ENGINE_RUN;
    engine->result.ended_by = ended_by;
    engine->phase = ENGINE_DRAIN;
    timer_stop(&engine->deadline);
    bool in_time = clock_now() < engine->deadline_at;
    ending_start_grace(engine,
                       engine->aborted ? 0 : plan_patience(engine->plan));
    if (has_workers && !in_time && !engine->catching_up)
        fleet_tell(engine->fleet, &(struct command){.type = COMMAND_CATCH_UP});
    hub_drain(engine->hub, clock_now());
    if (has_workers)
        fleet_tell(engine->fleet, &(struct command){.type = COMMAND_DRAIN});
}

/* What they start until then begins. One that does not yield is waited for no
 * longer than that: the timer is over when this is called again by it, and not
 * when a shard sees the end, too. */
void
ending_time_over(struct engine *engine)
{
    bool waits = engine->phase == ENGINE_RUN && fleet_size(engine->fleet) > 1;
    if (waits && !engine->catching_up) {
        engine->catching_up = true;
        hub_drain_late(engine->hub, clock_now());
        timer_start(&engine->deadline,
                    nsec_add(clock_now(), CATCH_UP_PATIENCE));
        fleet_tell(engine->fleet, &(struct command){.type = COMMAND_CATCH_UP});
        return;
    }
    if (!waits || !timer_is_armed(&engine->deadline))
        ending_begin(engine, "duration");
}

void
ending_on_caught_up(struct engine *engine)
{
    ending_begin(engine, "duration");
}

/* Whoever is left after the second signal has had its time. */
static void
abandon(struct engine *engine)
{
    engine->abandoned = true;
    fleet_tell(engine->fleet, &(struct command){.type = COMMAND_ABANDON});
}

void
ending_on_grace_over(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, grace);
    if (engine->now) {
        abandon(engine);
        return;
    }
    bool teardowns = engine->grace_over++ > 0;
    if (teardowns)
        stuck_watch(engine);
    hub_stop_waits(engine->hub, clock_now());
    fleet_tell(engine->fleet, &(struct command){
                                  .type = COMMAND_STOP_WAITS,
                                  .flag = teardowns,
                              });
    ending_start_grace(engine, ending_patience(engine));
}

/* The second signal: runs are taken down, teardowns have a moment. */
static void
end_now(struct engine *engine)
{
    if (engine->now)
        return;
    engine->now = true;
    log_warning("second signal: runs are taken down now");
    ending_begin(engine, "signal");
    hub_stop_waits(engine->hub, clock_now());
    fleet_tell(engine->fleet, &(struct command){.type = COMMAND_RESET_RUNS});
    /* What the signal had to wait for is a part of that moment. */
    nsec_t late = clock_real_now() - signals_second_at();
    timer_start(&engine->grace,
                nsec_add(clock_now() - late, SCRIPT_LAST_MOMENT));
    stuck_watch_closely(engine);
}

const char *
ending_add_signal(struct engine *engine)
{
    int number = signals_first_number();
    const char *name = number == SIGINT   ? "SIGINT"
                       : number == SIGHUP ? "SIGHUP"
                                          : "SIGTERM";
    result_add_cause(&engine->result, (enum exit_code)(128 + number),
                     "ended by %s", name);
    return name;
}

static void
begin_to_end(struct engine *engine)
{
    fleet_set_signal_grace(engine->fleet, NSEC_NEVER);
    const char *name = ending_add_signal(engine);
    char grace[32];
    units_format_duration(plan_patience(engine->plan), grace, sizeof(grace));
    log_info("%s: no new runs; those in flight have %s (again to end now)",
             name, grace);
    ending_begin(engine, "signal");
}

void
ending_notice_signals(void *data)
{
    struct engine *engine = data;
    while (engine->signals_seen < signals_count()) {
        engine->signals_seen++;
        if (engine->signals_seen == 1)
            begin_to_end(engine);
        else
            end_now(engine);
    }
}

void
ending_check_memory(struct engine *engine)
{
    int64_t limit = engine->options->max_rss;
    int64_t rss = limit > 0 ? (int64_t)health_rss() : 0;
    if (rss <= limit || engine->phase >= ENGINE_DRAIN)
        return;
    char has[32], may[32];
    units_format_bytes((uint64_t)rss, has, sizeof(has));
    units_format_bytes((uint64_t)limit, may, sizeof(may));
    log_error("molo takes %s of memory, over --max-rss %s: ending the test",
              has, may);
    result_add_cause(&engine->result, EXIT_CODE_FAILED,
                     "memory: %s, over --max-rss %s", has, may);
    ending_begin(engine, "memory");
}
