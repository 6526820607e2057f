#ifndef MOLO_HUB_GATE_H
#define MOLO_HUB_GATE_H

#include <stdbool.h>

#include "hub/op.h"

/* Holds back the next run of a worker: of one whose run failed, until all
 * others have begun the step that it failed in; of one that plays in a room,
 * until the others want to begin it too. */
struct buf;
struct cohort;
struct hub;
struct member;

bool gate_must_hold(const struct member *member, int64_t step);
void gate_hold(struct hub *hub, struct member *member, struct hub_id id,
               int64_t step);
/* Lets go those whose time has come, after a change of who has begun what. */
void gate_update(struct hub *hub, struct cohort *cohort);
/* Lets go those of the lowest step, because nothing else can happen. */
void gate_open_lowest(struct hub *hub, struct cohort *cohort);
/* The lowest step somebody is held back from; INT64_MAX: nobody is. */
int64_t gate_lowest(const struct cohort *cohort);
/* A member of a room wants to begin a run. It begins when all do; STOPPED if
 * one has no more runs. */
void gate_meet(struct hub *hub, struct member *member, struct hub_id id,
               int64_t step);
/* A member has no more runs, so that nobody else of the room has. */
void gate_close(struct hub *hub, struct cohort *room);
/* Tells who is held back until the others of the room have ended their runs: a
 * line, or (false) nothing. */
bool gate_tell(const struct cohort *room, struct buf *out);
/* The member's request, if there is one: answers it, ... */
void
gate_refuse(struct hub *hub, struct member *member, enum hub_status status);
/* ... or forgets it, because nobody is there to hear. */
void gate_forget(struct hub *hub, struct member *member);
/* STOPPED for all that are held back. */
void gate_stop(struct hub *hub, struct cohort *cohort);

#endif
