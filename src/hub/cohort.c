#include "hub/cohort.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/lockstep.h"
#include "hub/readers.h"

#define ROLL_MAX 8

void
member_init(struct member *member, struct cohort *cohort, int32_t id)
{
    *member =
        (struct member){.cohort = cohort, .id = id, .last_run = -1, .over = -1};
    list_init(&member->waits);
    list_init(&member->holdings);
    list_init(&member->by_gate);
}

void
member_finish(struct member *member)
{
    free(member->error);
}

struct cohort *
cohort_create(struct hub *hub, const char *workload, int32_t room,
              int32_t first_worker, int32_t size, bool fixed)
{
    struct cohort *cohort = xmalloc(sizeof(*cohort));
    *cohort = (struct cohort){
        .workload = xstrdup(workload),
        .room = room,
        .first_worker = first_worker,
        .size = size,
        .fixed = fixed,
        .members = xcalloc((size_t)size, sizeof(struct member)),
        .min_over = -1,
        .alive = size,
        .runs_left = INT64_MAX,
    };
    list_init(&cohort->gate);
    list_init(&cohort->clocks);
    list_init(&cohort->locksteps);
    list_init(&cohort->read_waited);
    cohort->counts[MEMBER_PLANNED] = size;
    hub->size += size;
    hub->planned += size;
    hub->alive += size;
    for (int32_t i = 0; i < size; i++) {
        struct member *m = &cohort->members[i];
        member_init(m, cohort, first_worker + i);
        heap_insert(&cohort->lagging, &m->lagging_node, 0);
        heap_insert(&cohort->begun, &m->begun_node, 0);
        heap_insert(&cohort->over, &m->over_node, m->over);
    }
    return cohort;
}

void
cohort_destroy(struct hub *hub, struct cohort *cohort)
{
    list_for_each (it, &cohort->clocks) {
        struct waitclock *clock = container_of(it, struct waitclock, by_cohort);
        waitclock_finish(hub, clock);
        free(clock);
    }
    heap_finish(&cohort->lagging);
    heap_finish(&cohort->begun);
    heap_finish(&cohort->over);
    heap_finish(&cohort->gate_steps);
    for (int32_t i = 0; i < cohort->size; i++)
        member_finish(&cohort->members[i]);
    free(cohort->members);
    free(cohort->workload);
    free(cohort);
}

bool
cohort_drains(const struct hub *hub, const struct cohort *cohort)
{
    return hub->draining || (cohort && cohort->draining);
}

/* --- where a member stands --- */

int64_t
member_current_step(const struct member *member)
{
    switch (member->state) {
    case MEMBER_PLANNED:
    case MEMBER_STARTED:
        return HUB_STEP_SETUP;
    case MEMBER_IDLE:
    case MEMBER_RUNNING:
        return member->step;
    case MEMBER_TEARDOWN:
    case MEMBER_ENDED:
    case MEMBER_STATES:
        break;
    }
    return HUB_STEP_TEARDOWN;
}

static bool
is_in_run(enum member_state state)
{
    return state == MEMBER_STARTED || state == MEMBER_RUNNING;
}

/* Files a member under `at`, or nowhere with a negative one. */
static void
file(struct heap *heap, struct heap_node *node, int64_t at)
{
    if (heap_contains(node) && node->at == at)
        return;
    heap_remove(heap, node);
    if (at >= 0)
        heap_insert(heap, node, at);
}

void
member_set_state(struct hub *hub, struct member *member,
                 enum member_state state, int64_t step, bool delayed)
{
    struct cohort *cohort = member->cohort;
    bool was_in_run = is_in_run(member->state);
    enum member_state before = member->state;
    member->state = state;
    member->step = step;
    member->delayed = delayed;
    if (!cohort)
        return;
    cohort->counts[before]--;
    cohort->counts[state]++;
    if (!cohort->pool)
        hub->planned += (state == MEMBER_PLANNED) - (before == MEMBER_PLANNED);
    hub->in_run += is_in_run(state) - was_in_run;
    if (state == MEMBER_ENDED && before != MEMBER_ENDED && !hub->draining) {
        cohort->alive -= !cohort->draining;
        hub->alive--;
    }
    int64_t lags_until = -1, begun = -1;
    switch (state) {
    case MEMBER_PLANNED:
        lags_until = 0;
        begun = 0;
        break;
    case MEMBER_IDLE:
        lags_until = delayed ? step + 1 : -1;
        begun = step;
        break;
    case MEMBER_STARTED:
    case MEMBER_RUNNING:
        begun = step;
        member->last_run = step;
        break;
    case MEMBER_TEARDOWN:
    case MEMBER_ENDED:
    case MEMBER_STATES:
        break;
    }
    file(&cohort->lagging, &member->lagging_node, lags_until);
    file(&cohort->begun, &member->begun_node, begun);
    cohort_update_clocks(hub, cohort);
    member_judge_stuck(member);
}

void
member_pass(struct hub *hub, struct member *member, int64_t step)
{
    struct cohort *cohort = member->cohort;
    if (!cohort || cohort_drains(hub, cohort) || step <= member->over)
        return;
    int64_t before = member->over;
    member->over = step;
    member->over_order = ++hub->passings;
    heap_remove(&cohort->over, &member->over_node);
    heap_insert(&cohort->over, &member->over_node, step);
    lockstep_pass_steps(hub, member, before);
    readers_update_all(hub, member);
    int64_t min_over = heap_first(&cohort->over)->at;
    if (min_over > cohort->min_over) {
        cohort->min_over = min_over;
        locksteps_forget(hub, cohort);
    }
}

void
member_judge_stuck(struct member *member)
{
    if (!member->cohort)
        return;
    bool alive = is_in_run(member->state) || member->state == MEMBER_TEARDOWN;
    bool stuck =
        alive && member->tasks > 0 && member->closed_waits == member->tasks;
    member->cohort->stuck_count += stuck - member->stuck;
    member->stuck = stuck;
}

int64_t
step_number(int64_t step)
{
    return step == HUB_STEP_TEARDOWN ? 0 : step;
}

void
step_describe(int64_t step, struct buf *out)
{
    if (step == HUB_STEP_SETUP)
        buf_append_str(out, "the setup");
    else if (step == HUB_STEP_TEARDOWN)
        buf_append_str(out, "the teardown");
    else
        buf_printf(out, "step %" PRId64, step);
}

void
cohort_describe(const struct cohort *cohort, struct buf *out)
{
    if (cohort->room != HUB_NO_ROOM)
        buf_printf(out, "room %" PRId32 " of ", cohort->room - 1);
    buf_printf(out, "workload '%s'", cohort->workload);
}

void
room_describe(int32_t room, struct buf *out)
{
    if (room != HUB_NO_ROOM)
        buf_printf(out, " (room %" PRId32 ")", room - 1);
}

static void
describe_place(const struct member *member, struct buf *out)
{
    if (member->gated) {
        buf_printf(out, "held back before step %" PRId64, member->gate_step);
        return;
    }
    switch (member->state) {
    case MEMBER_PLANNED:
        buf_append_str(out, "not started");
        return;
    case MEMBER_STARTED:
        buf_append_str(out, "in its setup");
        return;
    case MEMBER_IDLE:
        buf_printf(out, "%sbefore step %" PRId64,
                   member->delayed ? "in its delay " : "", member->step + 1);
        return;
    case MEMBER_RUNNING:
        buf_printf(out, "in its run of step %" PRId64, member->step);
        return;
    case MEMBER_TEARDOWN:
        buf_append_str(out, "has no more runs");
        return;
    case MEMBER_ENDED:
        buf_append_str(out,
                       member->last_run < 0 ? "never started" : "has ended");
        return;
    case MEMBER_STATES:
        break;
    }
}

void
member_describe(const struct member *member, struct buf *out)
{
    if (!member->cohort) {
        buf_append_str(out, "a global fixture");
        return;
    }
    buf_printf(out, "worker %" PRId32 " (", member->id);
    describe_place(member, out);
    buf_append_str(out, ")");
}

/* --- clocks --- */

static bool
must_stand(const struct hub *hub, const struct cohort *cohort,
           int64_t threshold)
{
    const struct heap_node *last = heap_first(&cohort->lagging);
    return !cohort_drains(hub, cohort) && last && last->at <= threshold;
}

struct waitclock *
cohort_clock(struct hub *hub, struct cohort *cohort, int64_t threshold)
{
    list_for_each (it, &cohort->clocks) {
        struct waitclock *clock = container_of(it, struct waitclock, by_cohort);
        if (clock->threshold == threshold)
            return clock;
    }
    struct waitclock *clock = xmalloc(sizeof(*clock));
    waitclock_init(clock, threshold);
    list_append(&cohort->clocks, &clock->by_cohort);
    waitclock_set_still(hub, clock, must_stand(hub, cohort, threshold));
    return clock;
}

void
cohort_clock_release(struct hub *hub, struct waitclock *clock)
{
    bool of_cohort = !list_empty(&clock->by_cohort);
    if (!of_cohort || heap_first(&clock->deadlines))
        return;
    waitclock_finish(hub, clock);
    free(clock);
}

void
cohort_update_clocks(struct hub *hub, struct cohort *cohort)
{
    list_for_each (it, &cohort->clocks) {
        struct waitclock *clock = container_of(it, struct waitclock, by_cohort);
        waitclock_set_still(hub, clock,
                            must_stand(hub, cohort, clock->threshold));
    }
}

/* --- lists of members --- */

void
roll_add(struct roll *roll, const struct member *member)
{
    if (roll->count++ >= ROLL_MAX)
        return;
    if (roll->count > 1)
        buf_append_str(roll->out, ", ");
    member_describe(member, roll->out);
}

void
roll_end(struct roll *roll)
{
    if (roll->count > ROLL_MAX)
        buf_printf(roll->out, " and %" PRId32 " more", roll->count - ROLL_MAX);
}
