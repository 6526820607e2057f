#include "engine/stuck.h"

#include "engine/engine_internal.h"

/* How long those who are well have to answer, and to take down what is left. */
#define ANSWER (250 * NSEC_PER_MSEC)
#define AGAIN (1 * NSEC_PER_SEC)

static void
ask(struct engine *engine, nsec_t patience)
{
    fleet_ask(engine->fleet);
    timer_start(&engine->stuck, nsec_add(clock_now(), patience));
}

static void
give_up(struct engine *engine)
{
    engine->stuck_step = STUCK_GIVEN_UP;
    fleet_tell(engine->fleet, &(struct command){.type = COMMAND_ABANDON});
    ask(engine, ANSWER);
}

static void
on_timer(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, stuck);
    switch (engine->stuck_step) {
    case STUCK_UNKNOWN:
        engine->stuck_step = STUCK_ASKED;
        ask(engine, engine->now ? ANSWER : TASK_CLEANUP);
        return;
    case STUCK_ASKED:
        if (fleet_silent(engine->fleet) > 0) {
            give_up(engine);
            return;
        }
        engine->stuck_step = STUCK_UNKNOWN;
        timer_start(timer, nsec_add(clock_now(), AGAIN));
        return;
    case STUCK_GIVEN_UP:
        engine_on_stuck(engine);
        return;
    }
}

void
stuck_init(struct engine *engine)
{
    timer_init(&engine->stuck, engine->loop, on_timer);
    engine->stuck_step = STUCK_UNKNOWN;
}

void
stuck_stop(struct engine *engine)
{
    timer_stop(&engine->stuck);
}

void
stuck_watch(struct engine *engine)
{
    if (fleet_size(engine->fleet) > 1 && !timer_is_armed(&engine->stuck))
        timer_start(&engine->stuck, clock_now());
}

void
stuck_watch_closely(struct engine *engine)
{
    if (fleet_size(engine->fleet) == 1 || engine->stuck_step == STUCK_GIVEN_UP)
        return;
    engine->stuck_step = STUCK_UNKNOWN;
    timer_start(&engine->stuck,
                nsec_add(signals_second_at(), SIGNALS_PATIENCE - ANSWER));
}
