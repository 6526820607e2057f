#ifndef MOLO_OUTPUT_JSON_VALUE_H
#define MOLO_OUTPUT_JSON_VALUE_H

#include <jansson.h>
#include <stdint.h>

#include "base/clock.h"
#include "stats/hist.h"

/* The kinds of values in the result JSON. Each function returns a new
 * reference; what cannot be said in JSON or is not known is null. */

/* NULL is "". Bytes that are no UTF-8 are replaced. */
json_t *json_value_text(const char *s);
/* Sets object[name], whatever bytes the name has; takes `value`. Names that
 * differ only in bytes that are no UTF-8 become the same key: the later ones
 * get " (2)" and so on behind it. */
void json_value_set(json_t *object, const char *name, json_t *value);
/* The same for a number or an object of numbers, but names that become the
 * same key are added up, so that sums over the object stay what they are. */
void json_value_add(json_t *object, const char *name, json_t *counts);
json_t *json_value_count(uint64_t count);
json_t *json_value_real(double value);
/* Whole ones without a fraction. */
json_t *json_value_number(double value);
/* In seconds, exact to the nanosecond. */
json_t *json_value_seconds(double nanoseconds);
/* In seconds; NSEC_NEVER is null. */
json_t *json_value_limit(nsec_t t);
json_t *json_value_per_second(uint64_t count, nsec_t duration);
/* Metrics of the three types. `hist` may be NULL: nothing recorded. Its buckets
 * are under "hist", as base64 of hist_encode_v2(). */
json_t *json_value_trend(const struct hist *hist);
/* The same of numbers that are not times. */
json_t *json_value_numbers(const struct hist *hist);
/* A part of a trend, which has no parts itself; `scale` is what the histogram
 * has for 1. `unit` NULL: a plain number. */
json_t *
json_value_part(const struct hist *hist, const char *unit, double scale);
/* A whole one that a script defines. */
json_t *
json_value_custom(const struct hist *hist, const char *unit, double scale);
json_t *json_value_counter(uint64_t count, nsec_t duration);
json_t *json_value_rate(uint64_t passes, uint64_t fails);

#endif
