#ifndef MOLO_HUB_ROUND_H
#define MOLO_HUB_ROUND_H

#include "base/buf.h"
#include "base/list.h"
#include "hub/lockstep.h"
#include "hub/op.h"

/* The rounds of notifiers: which are kept, who has passed, read or written
 * them, and what follows when the last one has. */
struct cohort;
struct hub;
struct member;
struct wait;

struct round {
    struct lockstep_round at;
    struct notifier *notifier;
    bool written, over;
    bool held;           /* not to be freed just now */
    struct list waiters; /* of an unwritten round: struct wait */
    struct value *value;
    struct member *writer;
    nsec_t written_at, done_at;
    int32_t done_count; /* members that read, wrote or passed it */
    int32_t read_count;
    int32_t barred_count;   /* members that cannot write it any more */
    struct member *culprit; /* the first who passed it unwritten and
                               had failed, else the first of all */
    char *missing; /* who could write it, as last told, at missing_at */
    nsec_t missing_at;
    size_t words;
    uint64_t bits[]; /* `words` each: done; read or written */
};

struct notifier {
    struct lockstep lockstep;
    struct list by_read_waited;
    struct list read_waits; /* struct wait, for readers */
    size_t written_count;
};

#define NOTIFIER_MAX_ROUNDS 10000

void notifier_free_rounds(struct hub *hub, struct notifier *notifier);

struct round *
round_find(const struct notifier *notifier, int64_t step, int64_t n);
/* The last written round at or before (step, n), of `step` itself if told. */
struct round *round_last_written(const struct notifier *notifier, int64_t step,
                                 int64_t n, bool same_step);
struct round *round_create(struct hub *hub, struct notifier *notifier,
                           int64_t step, int64_t n);
/* Frees an unwritten one that nobody waits for. */
void round_release(struct hub *hub, struct round *round);
bool round_is_done(const struct round *round, const struct member *member);
bool round_is_read(const struct round *round, const struct member *member);
/* The member has read or written it. */
void round_mark_read(struct hub *hub, struct round *round,
                     const struct member *member);
/* Frees it if it is over and not needed. The last round of a step is needed
 * until all runs of that step are over: wait_for_readers asks who read it. */
void round_forget_if_over(struct round *round);
/* Uses the rounds up to n, and so passes those before. */
void round_advance(struct hub *hub, struct notifier *notifier,
                   struct member *member, struct place *place, int64_t n);
/* The wait for round n was in vain. */
void round_give_back(struct notifier *notifier, struct place *place,
                     int64_t step, int64_t n);
/* True if it will never be written although others wait. */
bool round_is_lost(const struct round *round);
/* Answers all who wait for it with BROKEN. */
void round_break(struct hub *hub, struct round *round);
/* "missing: worker 4 (not started)" */
void
round_tell_writers(struct hub *hub, const struct round *round, struct buf *out);
/* Whether a member may still write it, if it is let. */
bool
round_may_be_written_by(const struct round *round, const struct member *member);

/* See struct lockstep_ops. */
void round_pass(struct hub *hub, struct lockstep_round *round,
                struct member *member);
void round_forget_passed(struct lockstep *lockstep);
/* The lowest step with an unwritten round that others wait for and someone has
 * passed; -1: none. */
int64_t rounds_lowest_passed(const struct cohort *cohort);
/* Breaks those rounds. */
void rounds_break_passed(struct hub *hub, struct cohort *cohort, int64_t step);

#endif
