#ifndef MOLO_PLAN_WORKLOAD_KEYS_H
#define MOLO_PLAN_WORKLOAD_KEYS_H

#include "plan/option_table.h"
#include "plan/option_workload.h"

/* The keys of a workload, and which executor has which. Inside src/plan only.
 */

/* By enum workload_key. Keys whose value is a table have no kind of value and
 * are set by functions of their own. */
extern const struct option_spec workload_keys[WORKLOAD_KEYS];
/* An enum workload_key; -1: there is none of that name. */
int workload_key_find(const char *name);
/* One that a file may name; NULL with `err`. */
const struct executor_ops *
workload_find_executor(const char *name, struct err *err);
/* Can the executor not do without this key? */
bool workload_key_is_needed(const struct executor_ops *executor,
                            enum workload_key key);

#endif
