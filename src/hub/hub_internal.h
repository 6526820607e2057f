#ifndef MOLO_HUB_HUB_INTERNAL_H
#define MOLO_HUB_HUB_INTERNAL_H

#include "base/heap.h"
#include "base/list.h"
#include "hub/cohort.h"
#include "hub/hub.h"
#include "hub/waitclock.h"

struct object;
struct variable;

/* What all parts of the hub share. Only files of this directory and its tests
 * include it. */
struct hub {
    struct hub_config config;
    nsec_t now; /* never runs backwards */
    bool draining;

    struct cohort **cohorts;
    size_t cohort_count;
    struct member **by_id; /* by worker id; NULL: no such worker */
    int32_t id_count;
    struct member global; /* the global fixtures, HUB_GLOBAL */
    int32_t planned;      /* members not started, of all cohorts */
    int32_t in_run;       /* members in a run or a setup */
    uint64_t passings;    /* orders who passed a step first */

    struct object *objects;     /* by name */
    struct variable *variables; /* by name */
    int64_t version;            /* of the last change of any variable */
    int64_t version_dropped;    /* of the last deletion of one */

    struct list waits; /* all, oldest first */
    size_t wait_count, own_timeout_count, gated_count;
    struct list spare_waits;
    struct heap clocks;          /* that run and have a deadline */
    struct waitclock own_clock;  /* timeouts that the script asked for */
    struct waitclock free_clock; /* default timeouts of variables */

    bool deadlocked; /* told, and the end of the run was asked for */
    nsec_t broken_at;
    int broken_in_a_row;
    nsec_t recheck_at; /* a deadlock found too soon after another */

    uint64_t effort; /* members and rounds looked at, for tests of cost */
};

void hub_reply(struct hub *hub, const struct hub_reply *reply);
/* Without a text or anything else. */
void
hub_reply_status(struct hub *hub, struct hub_id id, enum hub_status status);
void hub_reply_misuse(struct hub *hub, struct hub_id id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
struct member *hub_member(struct hub *hub, int32_t worker);

#endif
