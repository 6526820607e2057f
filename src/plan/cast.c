#include "plan/cast.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/executor.h"

void
cast_add(struct cast *cast, const char *role, int32_t seats)
{
    cast->roles =
        xrealloc(cast->roles, (cast->count + 1) * sizeof(cast->roles[0]));
    cast->roles[cast->count++] = (struct cast_role){
        .name = xstrdup(role),
        .seats = seats,
    };
}

void
cast_copy(struct cast *to, const struct cast *from)
{
    *to = (struct cast){0};
    for (size_t i = 0; i < from->count; i++)
        cast_add(to, from->roles[i].name, from->roles[i].seats);
}

void
cast_finish(struct cast *cast)
{
    for (size_t i = 0; i < cast->count; i++)
        free(cast->roles[i].name);
    free(cast->roles);
    *cast = (struct cast){0};
}

/* Of all roles but the rest. */
static int64_t
count_seats(const struct cast *cast)
{
    int64_t seats = 0;
    for (size_t i = 0; i < cast->count; i++)
        seats += cast->roles[i].seats;
    return seats;
}

static const struct cast_role *
rest_of(const struct cast *cast)
{
    for (size_t i = 0; i < cast->count; i++) {
        if (cast->roles[i].seats == CAST_REST)
            return &cast->roles[i];
    }
    return NULL;
}

static int32_t
seats_of(const struct cast *cast, size_t role, int32_t room_size)
{
    int32_t seats = cast->roles[role].seats;
    return seats == CAST_REST ? room_size - (int32_t)count_seats(cast) : seats;
}

size_t
cast_role_at(const struct cast *cast, int32_t room_size, int32_t seat)
{
    size_t role = 0;
    for (; role + 1 < cast->count; role++) {
        int32_t seats = seats_of(cast, role, room_size);
        if (seat < seats)
            break;
        seat -= seats;
    }
    return role;
}

/* --- rooms of a plan --- */

/* How many workers a room of this scenario has; 0 with `err`. */
static int32_t
room_size_of(const struct plan_scenario *scenario, int32_t workers,
             struct err *err)
{
    const struct cast_role *rest = rest_of(&scenario->cast);
    int64_t seats = count_seats(&scenario->cast);
    if (rest && seats >= workers) {
        err_set(err,
                "scenario '%.80s': no seat is left for the role '%.80s': the "
                "other roles have %" PRId64 " and there %s only %" PRId32
                " worker%s: use -w %" PRId64 " or more",
                scenario->name, rest->name, seats, workers == 1 ? "is" : "are",
                workers, workers == 1 ? "" : "s", seats + 1);
        return 0;
    }
    if (seats > INT32_MAX) {
        err_set(err,
                "scenario '%.80s': a room of %" PRId64 " workers is too large",
                scenario->name, seats);
        return 0;
    }
    return rest ? workers : (int32_t)seats;
}

static bool
refuse_sizes(const struct plan_scenario *a, int32_t a_size,
             const struct plan_scenario *b, int32_t b_size, struct err *err)
{
    return err_set(err,
                   "the cast of scenario '%.80s' has %" PRId32
                   " seats and that of scenario '%.80s' %" PRId32
                   ": all scenarios of a workload play in the same rooms; make "
                   "their casts of one size or choose with --scenario",
                   a->name, a_size, b->name, b_size);
}

static bool
refuse_missing_cast(const struct plan_scenario *with,
                    const struct plan_scenario *without, struct err *err)
{
    return err_set(err,
                   "scenario '%.80s' has a cast and scenario '%.80s' has none: "
                   "all scenarios of a workload play in the same rooms; give "
                   "each a cast or choose with --scenario",
                   with->name, without->name);
}

/* Rooms are for workers who are there from the beginning to the end. */
static bool
refuse_executor(const struct plan_scenario *scenario,
                const struct plan_workload *workload, struct err *err)
{
    return err_set(err,
                   "scenario '%.80s' has a cast, which needs a fixed number of "
                   "workers, and the workload '%.80s' (%s) has none: run it "
                   "with constant_workers, runs_per_worker or round_rate, or "
                   "choose another scenario",
                   scenario->name, workload->name,
                   executor_type_name(workload->executor));
}

/* The size that all scenarios ask for; 0: no cast. False with `err`. */
static bool
find_size(const struct plan *plan, const struct plan_workload *workload,
          int32_t *size, struct err *err)
{
    const struct plan_scenario *first =
        &plan->scenarios[workload->choices[0].scenario];
    int32_t workers = workload->workers;
    *size = 0;
    for (size_t i = 0; i < workload->choice_count; i++) {
        const struct plan_scenario *scenario =
            &plan->scenarios[workload->choices[i].scenario];
        bool has_cast = scenario->cast.count > 0;
        if (has_cast != (first->cast.count > 0))
            return has_cast ? refuse_missing_cast(scenario, first, err)
                            : refuse_missing_cast(first, scenario, err);
        if (!has_cast)
            continue;
        if (!executor_find(workload->executor)->has_cohort)
            return refuse_executor(scenario, workload, err);
        int32_t its_size = room_size_of(scenario, workers, err);
        if (its_size == 0)
            return false;
        if (i > 0 && its_size != *size)
            return refuse_sizes(first, *size, scenario, its_size, err);
        *size = its_size;
    }
    return true;
}

static bool
refuse_division(int32_t workers, int32_t size, struct err *err)
{
    int64_t below = workers / size * (int64_t)size;
    int64_t above = below + size;
    char nearest[64];
    if (below > 0)
        snprintf(nearest, sizeof(nearest), "-w %" PRId64 " or -w %" PRId64,
                 below, above);
    else
        snprintf(nearest, sizeof(nearest), "-w %" PRId64, above);
    return err_set(err,
                   "%" PRId32 " worker%s not divide into rooms of %" PRId32
                   ": use %s",
                   workers, workers == 1 ? " does" : "s do", size, nearest);
}

bool
cast_make_rooms(struct plan *plan, struct err *err)
{
    int32_t first_room = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        struct plan_workload *workload = &plan->workloads[i];
        int32_t size;
        if (!find_size(plan, workload, &size, err))
            return false;
        if (size == 0)
            continue;
        if (workload->workers % size != 0)
            return refuse_division(workload->workers, size, err);
        workload->room_size = size;
        workload->rooms = workload->workers / size;
        workload->first_room = first_room;
        first_room += workload->rooms;
    }
    return true;
}

int32_t
cast_room_of(const struct plan_workload *workload, int32_t index)
{
    if (workload->room_size == 0)
        return -1;
    return workload->first_room + index / workload->room_size;
}

int32_t
cast_seat_of(const struct plan_workload *workload, int32_t index)
{
    return workload->room_size == 0 ? -1 : index % workload->room_size;
}

const char *
cast_role_of(const struct plan *plan, const struct plan_workload *workload,
             int32_t index, const char *scenario)
{
    const char *role = NULL;
    if (workload->room_size == 0)
        return NULL;
    int32_t seat = cast_seat_of(workload, index);
    for (size_t i = 0; i < workload->choice_count; i++) {
        const struct plan_scenario *candidate =
            &plan->scenarios[workload->choices[i].scenario];
        if (scenario && strcmp(candidate->name, scenario) != 0)
            continue;
        const struct cast *cast = &candidate->cast;
        const char *its_role =
            cast->roles[cast_role_at(cast, workload->room_size, seat)].name;
        if (role && strcmp(role, its_role) != 0)
            return NULL;
        role = its_role;
    }
    return role;
}

void
cast_describe(const struct cast *cast, int32_t room_size, struct buf *out)
{
    int32_t first = 0;
    for (size_t i = 0; i < cast->count; i++) {
        int32_t seats = seats_of(cast, i, room_size);
        buf_printf(out, "%s%s (seat%s %" PRId32, i > 0 ? ", " : "",
                   cast->roles[i].name, seats == 1 ? "" : "s", first);
        if (seats > 1)
            buf_printf(out, " to %" PRId32, first + seats - 1);
        buf_append_str(out, ")");
        first += seats;
    }
}
