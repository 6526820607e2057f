#include "hub/gate.h"

#include "hub/hub_internal.h"
#include "hub/life.h"

bool
gate_must_hold(const struct member *member, int64_t step)
{
    const struct cohort *cohort = member->cohort;
    return cohort->fixed && cohort->uses_lockstep && member->failed &&
           heap_first(&cohort->begun)->at < step - 1;
}

void
gate_hold(struct hub *hub, struct member *member, struct hub_id id,
          int64_t step)
{
    member->gated = true;
    member->gate_id = id;
    member->gate_step = step;
    list_append(&member->cohort->gate, &member->by_gate);
    member->cohort->gated_count++;
    hub->gated_count++;
}

static void
take_out(struct hub *hub, struct member *member)
{
    member->gated = false;
    list_remove(&member->by_gate);
    member->cohort->gated_count--;
    hub->gated_count--;
}

static void
let_go(struct hub *hub, struct member *member)
{
    take_out(hub, member);
    life_begin_run(hub, member, member->gate_id, member->gate_step);
}

void
gate_update(struct hub *hub, struct cohort *cohort)
{
    const struct heap_node *slowest = heap_first(&cohort->begun);
    if (list_empty(&cohort->gate) || !slowest)
        return;
    int64_t begun_by_all = slowest->at;
    list_for_each (it, &cohort->gate) {
        struct member *member = container_of(it, struct member, by_gate);
        if (member->gate_step - 1 <= begun_by_all)
            let_go(hub, member);
    }
}

int64_t
gate_lowest(const struct cohort *cohort)
{
    int64_t lowest = INT64_MAX;
    list_for_each (it, &cohort->gate) {
        int64_t step = container_of(it, struct member, by_gate)->gate_step;
        if (step < lowest)
            lowest = step;
    }
    return lowest;
}

void
gate_open_lowest(struct hub *hub, struct cohort *cohort)
{
    int64_t lowest = gate_lowest(cohort);
    list_for_each (it, &cohort->gate) {
        struct member *member = container_of(it, struct member, by_gate);
        if (member->gate_step == lowest)
            let_go(hub, member);
    }
}

void
gate_drop(struct hub *hub, struct member *member, bool answer,
          enum hub_status status)
{
    if (!member->gated)
        return;
    take_out(hub, member);
    if (answer)
        hub_reply_status(hub, member->gate_id, status);
}
