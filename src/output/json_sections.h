#ifndef MOLO_OUTPUT_JSON_SECTIONS_H
#define MOLO_OUTPUT_JSON_SECTIONS_H

#include <jansson.h>

#include "output/result.h"

/* The larger sections of the result JSON; each function returns a new
 * reference. */

/* Runs by scenario, and by role where there are any. */
json_t *json_scenarios(const struct plan *plan, const struct snapshot *s);
/* What was measured about waiting, by label of the objects. */
json_t *json_coordination(const struct snapshot *s);
/* Adds to the object of all metrics those about waiting. */
void json_coordination_metrics(const struct snapshot *s, nsec_t duration,
                               json_t *metrics);
json_t *json_thresholds(const struct result *result);

#endif
