#ifndef MOLO_HUB_LOCKSTEP_H
#define MOLO_HUB_LOCKSTEP_H

#include <uthash.h>

#include "base/buf.h"
#include "base/list.h"
#include "hub/object.h"
#include "hub/op.h"

/* What notifiers and barriers of a whole cohort have in common: they count
 * rounds per step of a run, know where each member stands in them, keep the
 * rounds that not all have passed, and forget the others. */
struct cohort;
struct hub;
struct lockstep;
struct member;
struct step_rounds;
struct wait;

/* Where a member stands in one object. The zeroed struct is its beginning. */
struct place {
    int64_t step;
    int64_t used;     /* rounds of this step its run has used */
    int64_t reached;  /* the highest `used`: a wait in vain may give its n back,
                         but what was passed stays passed */
    int64_t received; /* notifier: the round last received; 0: none */
    bool read;        /* notifier: one_read was called for it */
    struct wait *wait;
};

/* What rounds begin with. */
struct lockstep_round {
    struct lockstep *lockstep;
    struct list by_step; /* struct step_rounds */
    struct step_rounds *step_rounds;
    int64_t step, n;
};

/* The rounds of all objects of a cohort in one step. */
struct step_rounds {
    int64_t step;
    struct list rounds;
    bool held; /* not to be freed just now */
    UT_hash_handle hh;
};

/* What the types of lockstep objects differ in. */
struct lockstep_ops {
    /* What to use where there is no cohort. */
    const char *instead;
    /* `member` has passed all rounds of the step of this one, which may be
     * freed. */
    void (*pass)(struct hub *hub, struct lockstep_round *round,
                 struct member *member);
    /* All members have passed steps up to cohort->min_over. NULL: rounds that
     * all have passed are gone by themselves. */
    void (*forget)(struct lockstep *lockstep);
};

struct lockstep {
    struct object object;
    const struct lockstep_ops *ops;
    struct cohort *cohort; /* of the first user; NULL before */
    struct list by_cohort;
    int64_t last_step;     /* that it was used in */
    int32_t wait_count;    /* tasks that wait in it or serve it */
    struct place **places; /* by blocks of members, made on first use */
    struct lockstep_round **rounds; /* kept ones, sorted, from `first` on */
    size_t first, end, capacity;
};

void lockstep_init(struct lockstep *lockstep, const struct lockstep_ops *ops);
/* All rounds are freed already. */
void lockstep_finish(struct lockstep *lockstep);

/* --- who may use it: each replies MISUSE and returns false or 0 if not --- */

bool lockstep_may_use(struct hub *hub, const struct lockstep_ops *ops,
                      const struct member *member, const struct hub_op *op);
/* The first user's cohort becomes that of the object. */
bool lockstep_join(struct hub *hub, struct lockstep *lockstep,
                   const struct member *member, const struct hub_op *op);
/* No other task of this run waits in it. */
bool lockstep_is_free(struct hub *hub, struct lockstep *lockstep,
                      const struct member *member, const struct hub_op *op);
/* The n of the round that the operation means. */
int64_t lockstep_choose_round(struct hub *hub, const struct place *place,
                              const struct hub_op *op);

/* --- places --- */

/* The place of a member, moved on to its current step. */
struct place *
lockstep_place(struct lockstep *lockstep, const struct member *member);
/* NULL: it has not used the object yet. */
const struct place *lockstep_peek_place(const struct lockstep *lockstep,
                                        const struct member *member);
/* It has used this round, even if it gave that back. */
bool lockstep_has_used(const struct lockstep_round *round,
                       const struct member *member);
bool lockstep_has_passed(const struct lockstep_round *round,
                         const struct member *member);
/* Its run of that step failed. */
bool lockstep_has_failed(const struct lockstep_round *round,
                         const struct member *member);
/* Of two who had passed a round before anybody cared: whether `a` tells more of
 * the reason than `b` (which may be NULL). */
bool lockstep_is_culprit(const struct lockstep_round *round,
                         const struct member *a, const struct member *b);

/* --- rounds that are kept --- */

void lockstep_add_round(struct lockstep *lockstep, struct lockstep_round *round,
                        int64_t step, int64_t n);
void lockstep_remove_round(struct lockstep_round *round);
struct lockstep_round *
lockstep_find_round(const struct lockstep *lockstep, int64_t step, int64_t n);
struct lockstep_round *
lockstep_round_at_or_after(const struct lockstep *lockstep, int64_t step,
                           int64_t n);
/* The one before (step, n), of whatever step. */
struct lockstep_round *
lockstep_round_before(const struct lockstep *lockstep, int64_t step, int64_t n);
/* The oldest, or NULL. */
struct lockstep_round *lockstep_first_round(const struct lockstep *lockstep);

/* Found or made. */
struct step_rounds *lockstep_step(struct cohort *cohort, int64_t step);
/* Frees it if it is empty and not held. */
void lockstep_release_step(struct cohort *cohort, struct step_rounds *rounds);

/* --- events --- */

/* `member` has passed more steps: from `before` to member->over. */
void
lockstep_pass_steps(struct hub *hub, struct member *member, int64_t before);
/* All members of `cohort` have passed more steps. */
void locksteps_forget(struct hub *hub, struct cohort *cohort);
/* See struct object_ops. */
const char *lockstep_refuses_free(const struct lockstep *lockstep);

#endif
