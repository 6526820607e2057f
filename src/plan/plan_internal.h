#ifndef MOLO_PLAN_PLAN_INTERNAL_H
#define MOLO_PLAN_PLAN_INTERNAL_H

#include "plan/option_workload.h"
#include "plan/plan.h"

/* How a plan is made: the scenarios are selected, then one of plan_add_...
 * makes the workloads. Each returns false with `err`. */

/* Those that -s, --only-tag and workloads that are described ask for. */
bool plan_select_scenarios(struct plan *plan,
                           const struct plan_candidate *candidates,
                           size_t count, struct err *err);
/* Candidates of this name or of this family. */
bool plan_goes_by(const struct plan_candidate *candidate, const char *name);
/* "unknown scenario 'bowse': did you mean 'browse'?" */
bool
plan_refuse_scenario(const char *asked, const struct plan_candidate *candidates,
                     size_t count, struct err *err);

/* Appends a workload, which gets the ids after those of the one before; takes
 * what the fields own. Returns it, borrowed until the next is added. */
struct plan_workload *
plan_add_workload(struct plan *plan, const struct plan_workload *fields);
void
plan_add_choice(struct plan_workload *workload, size_t scenario, double weight);
/* Sets what follows from the stages: the duration, the most workers. Of a rate
 * without pre-allocated workers: some. */
bool plan_settle_stages(struct plan_workload *workload, struct err *err);

/* One workload, as the options describe it. */
bool plan_add_from_options(struct plan *plan, struct err *err);
/* --single-run: a workload per lane. */
bool
plan_add_single_run(struct plan *plan, const struct plan_candidate *candidates,
                    struct err *err);
/* Those that a script or a config file describes, or the one of them that
 * --workload names. */
bool plan_add_from_workloads(struct plan *plan,
                             const struct plan_candidate *candidates,
                             size_t count, struct err *err);
/* Does one of these, and one that is wanted, name this scenario? */
bool plan_is_in_workloads(const struct options *options,
                          const struct plan_candidate *candidate);

/* What stronger options change in a workload. Without --workload NAME they are
 * refused: whose would they be? */
bool plan_check_changes(const struct options *options, struct err *err);
/* In a copy, which borrows what the options own. */
bool plan_change_workload(const struct options *options,
                          struct option_workload *copy, struct err *err);

void plan_describe_time(struct buf *out, nsec_t t);
void
plan_describe_workload(const struct plan *plan,
                       const struct plan_workload *workload, struct buf *out);

/* "--rate and --max-runs do not go together: WHY" */
bool plan_refuse_together(const struct options *options, const char *a,
                          const char *b, const char *why, struct err *err);
/* As the strongest source that gave it spells it, with the place where that is
 * not plain to see: "--stage", "MOLO_STAGE", "stage (molo.options)". */
#define PLAN_SPELLING_SIZE 96
void plan_spell(const struct options *options, const char *name,
                char out[PLAN_SPELLING_SIZE]);

#endif
