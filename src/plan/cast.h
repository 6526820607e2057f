#ifndef MOLO_PLAN_CAST_H
#define MOLO_PLAN_CAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Who plays what in a room: the roles of a scenario in the order of its seats,
 * and how the workers of a workload are divided into rooms. */
struct plan;
struct plan_workload;

struct cast_role {
    char *name;
    int32_t seats; /* CAST_REST: those that the other roles leave */
};
#define CAST_REST 0

struct cast {
    struct cast_role *roles;
    size_t count; /* 0: the scenario has no cast */
};

/* Copies the name. */
void cast_add(struct cast *cast, const char *role, int32_t seats);
void cast_copy(struct cast *to, const struct cast *from);
void cast_finish(struct cast *cast);
/* The role of a seat (0 ..) in a room of that size; an index into `roles`. */
size_t cast_role_at(const struct cast *cast, int32_t room_size, int32_t seat);

/* --- rooms of a plan --- */

/* Divides the plan's workloads into rooms as the casts of its scenarios ask
 * for. False: they do not agree, or the workers do not divide. */
bool cast_make_rooms(struct plan *plan, struct err *err);
/* The room of worker `index` of the workload, from 0, over all workloads; -1:
 * it plays in none. */
int32_t cast_room_of(const struct plan_workload *workload, int32_t index);
int32_t cast_seat_of(const struct plan_workload *workload, int32_t index);
/* What the worker plays in that scenario. NULL for the scenario: what it plays
 * in all of them. NULL: no role, or not the same one. */
const char *
cast_role_of(const struct plan *plan, const struct plan_workload *workload,
             int32_t index, const char *scenario);
/* "speaker (seat 0), listener (seats 1 to 4)" */
void cast_describe(const struct cast *cast, int32_t room_size, struct buf *out);

#endif
