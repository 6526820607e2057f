#include "hub/gate.h"

#include <inttypes.h>

#include "base/buf.h"
#include "hub/hub_internal.h"
#include "hub/life.h"

static bool
is_room(const struct cohort *cohort)
{
    return cohort->room != HUB_NO_ROOM;
}

bool
gate_must_hold(const struct member *member, int64_t step)
{
    const struct cohort *cohort = member->cohort;
    return cohort->fixed && !is_room(cohort) && cohort->uses_lockstep &&
           member->failed && heap_first(&cohort->begun)->at < step - 1;
}

void
gate_hold(struct hub *hub, struct member *member, struct hub_id id,
          int64_t step)
{
    member->gated = true;
    member->gate_id = id;
    member->gate_step = step;
    list_append(&member->cohort->gate, &member->by_gate);
    heap_insert(&member->cohort->gate_steps, &member->gate_node, step);
    member->cohort->gated_count++;
    /* Rooms open of themselves, not because nothing else happens. */
    hub->gated_count += !is_room(member->cohort);
}

static void
take_out(struct hub *hub, struct member *member)
{
    member->gated = false;
    list_remove(&member->by_gate);
    heap_remove(&member->cohort->gate_steps, &member->gate_node);
    member->cohort->gated_count--;
    hub->gated_count -= !is_room(member->cohort);
}

static void
let_go(struct hub *hub, struct member *member)
{
    take_out(hub, member);
    life_begin_run(hub, member, member->gate_id, member->gate_step);
}

static struct member *
lowest_of(const struct cohort *cohort)
{
    struct heap_node *first = heap_first(&cohort->gate_steps);
    return first ? container_of(first, struct member, gate_node) : NULL;
}

/* One that begins may have been the last another one waited for. */
void
gate_update(struct hub *hub, struct cohort *cohort)
{
    struct member *member;
    const struct heap_node *slowest;
    while (!is_room(cohort) && (member = lowest_of(cohort)) &&
           (slowest = heap_first(&cohort->begun)) &&
           member->gate_step - 1 <= slowest->at)
        let_go(hub, member);
}

int64_t
gate_lowest(const struct cohort *cohort)
{
    const struct member *lowest = is_room(cohort) ? NULL : lowest_of(cohort);
    return lowest ? lowest->gate_step : INT64_MAX;
}

void
gate_open_lowest(struct hub *hub, struct cohort *cohort)
{
    int64_t lowest = gate_lowest(cohort);
    struct member *member;
    while ((member = lowest_of(cohort)) && member->gate_step == lowest)
        let_go(hub, member);
}

void
gate_refuse(struct hub *hub, struct member *member, enum hub_status status)
{
    if (!member->gated)
        return;
    take_out(hub, member);
    hub_reply_status(hub, member->gate_id, status);
}

void
gate_forget(struct hub *hub, struct member *member)
{
    if (member->gated)
        take_out(hub, member);
}

void
gate_stop(struct hub *hub, struct cohort *cohort)
{
    list_for_each (it, &cohort->gate)
        gate_refuse(hub, container_of(it, struct member, by_gate), HUB_STOPPED);
}

/* --- rooms --- */

void
gate_meet(struct hub *hub, struct member *member, struct hub_id id,
          int64_t step)
{
    struct cohort *room = member->cohort;
    if (room->closed) {
        hub_reply_status(hub, id, HUB_STOPPED);
        return;
    }
    gate_hold(hub, member, id, step);
    if (room->gated_count < room->size)
        return;
    list_for_each (it, &room->gate)
        let_go(hub, container_of(it, struct member, by_gate));
}

void
gate_close(struct hub *hub, struct cohort *room)
{
    room->closed = true;
    gate_stop(hub, room);
}

bool
gate_tell(const struct cohort *room, struct buf *out)
{
    if (!is_room(room) || room->gated_count == 0)
        return false;
    buf_printf(out, "  ready for the next round of room %" PRId32 ": ",
               room->room - 1);
    struct roll roll = {.out = out};
    list_for_each (it, &room->gate)
        roll_add(&roll, container_of(it, struct member, by_gate));
    roll_end(&roll);
    buf_append_str(out, "\n");
    return true;
}
