#ifndef MOLO_OUTPUT_JSON_SECTIONS_H
#define MOLO_OUTPUT_JSON_SECTIONS_H

#include <jansson.h>

#include "output/result.h"

struct interval_row;

/* The larger sections of the result JSON; each function returns a new
 * reference. */

/* What was to be done. */
json_t *json_plan(const struct plan *plan);
/* Runs by scenario, and by role where there are any. */
json_t *json_scenarios(const struct plan *plan, const struct snapshot *s);
/* What was measured about waiting, by label of the objects. */
json_t *json_coordination(const struct snapshot *s);
/* Adds to the object of all metrics those about waiting. */
void json_coordination_metrics(const struct snapshot *s, nsec_t duration,
                               json_t *metrics);
/* All metrics, molo's and the script's. */
json_t *json_metrics(const struct snapshot *s, nsec_t duration);
/* Those of runs, like the metrics of transactions. */
json_t *json_transactions(const struct snapshot *s);
/* Runs by workload, and how they were to be made. */
json_t *json_workloads(const struct plan *plan, const struct snapshot *s);
json_t *json_thresholds(const struct result *result);
/* How molo itself fared, with the verdict. */
json_t *json_generator(const struct result *result);
/* The test as a series, and one row of it. */
json_t *json_intervals(const struct result *result);
json_t *json_interval(const struct interval_row *row);
/* Null: no log of requests was asked for. */
json_t *json_request_log(const struct result *result);
/* Adds to `root` what is known before the test: versions, files, plan ... */
void json_head(const struct result *result, json_t *root);

#endif
