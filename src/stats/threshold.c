#include "stats/threshold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

void
threshold_finish(struct threshold *threshold)
{
    metric_query_finish(&threshold->query);
    free(threshold->expression);
    *threshold = (struct threshold){0};
}

static bool
holds(const struct threshold *threshold, double value)
{
    switch (threshold->op) {
    case THRESHOLD_LESS:
        return value < threshold->bound;
    case THRESHOLD_LESS_EQUAL:
        return value <= threshold->bound;
    case THRESHOLD_GREATER:
        return value > threshold->bound;
    case THRESHOLD_GREATER_EQUAL:
        return value >= threshold->bound;
    case THRESHOLD_EQUAL:
        return value == threshold->bound;
    case THRESHOLD_NOT_EQUAL:
        return value != threshold->bound;
    }
    return false;
}

static bool
is_count_or_rate(const struct threshold *threshold)
{
    return threshold->query.stat == METRIC_STAT_COUNT ||
           threshold->query.stat == METRIC_STAT_RATE;
}

bool
threshold_has_value(const struct threshold *threshold)
{
    return !threshold->value.unmeasured || is_count_or_rate(threshold);
}

void
threshold_judge(struct threshold *threshold, const struct snapshot *snapshot,
                nsec_t duration)
{
    if (threshold->aborted)
        return;
    threshold->value =
        metric_query_evaluate(&threshold->query, snapshot, duration);
    threshold->ok = threshold_has_value(threshold) &&
                    holds(threshold, threshold->value.number);
}

bool
threshold_check(struct threshold *threshold, const struct snapshot *snapshot,
                nsec_t duration)
{
    if (!threshold->abort || duration < threshold->after)
        return false;
    struct metric_value value =
        metric_query_evaluate(&threshold->query, snapshot, duration);
    /* A share of nothing says nothing yet; a count of nothing does. */
    bool counter = is_count_or_rate(threshold) &&
                   metric_query_unit(&threshold->query) != METRIC_UNIT_SHARE;
    if ((value.unmeasured && !counter) || holds(threshold, value.number))
        return false;
    threshold->value = value;
    threshold->ok = false;
    threshold->aborted = true;
    return true;
}

const char *
threshold_op_text(enum threshold_op op)
{
    switch (op) {
    case THRESHOLD_LESS:
        return "<";
    case THRESHOLD_LESS_EQUAL:
        return "<=";
    case THRESHOLD_GREATER:
        return ">";
    case THRESHOLD_GREATER_EQUAL:
        return ">=";
    case THRESHOLD_EQUAL:
        return "==";
    case THRESHOLD_NOT_EQUAL:
        break;
    }
    return "!=";
}

static void
format_time(double value, char *out, size_t size, bool exact)
{
    if (!exact) {
        units_format_duration((nsec_t)(value + 0.5), out, size);
        return;
    }
    const char *unit = value < 1e3   ? "ns"
                       : value < 1e6 ? "us"
                       : value < 1e9 ? "ms"
                                     : "s";
    double scale = value < 1e3   ? 1
                   : value < 1e6 ? 1e3
                   : value < 1e9 ? 1e6
                                 : 1e9;
    snprintf(out, size, "%.12g %s", value / scale, unit);
}

static void
format_bytes(double value, const char *behind, char *out, size_t size,
             bool exact)
{
    char text[32];
    if (exact)
        snprintf(text, sizeof(text), "%.12g B", value);
    else
        units_format_bytes((uint64_t)(value + 0.5), text, sizeof(text));
    snprintf(out, size, "%s%s", text, behind);
}

static void
format(enum metric_unit unit, double value, char *out, size_t size, bool exact)
{
    int digits = exact ? 12 : 4;
    switch (unit) {
    case METRIC_UNIT_NUMBER:
        snprintf(out, size, "%.12g", value);
        return;
    case METRIC_UNIT_TIME:
        format_time(value, out, size, exact);
        return;
    case METRIC_UNIT_SHARE:
        snprintf(out, size, "%.*g %%", digits, 100 * value);
        return;
    case METRIC_UNIT_BYTES:
        format_bytes(value, "", out, size, exact);
        return;
    case METRIC_UNIT_PER_SECOND:
        snprintf(out, size, "%.*g/s", value >= 1e4 ? 12 : digits, value);
        return;
    case METRIC_UNIT_BYTES_PER_SECOND:
        format_bytes(value, "/s", out, size, exact);
        return;
    }
}

void
threshold_value_text(const struct threshold *threshold,
                     char out[THRESHOLD_VALUE_SIZE])
{
    const char *missing = threshold->value.missing;
    bool has_value = threshold_has_value(threshold);
    if (threshold->value.unmeasured && missing != NULL) {
        snprintf(out, THRESHOLD_VALUE_SIZE, "%s: nothing has the tag '%.60s'",
                 has_value ? "0" : "no data", missing);
        return;
    }
    if (!has_value) {
        snprintf(out, THRESHOLD_VALUE_SIZE, "no data");
        return;
    }
    enum metric_unit unit = metric_query_unit(&threshold->query);
    double value = threshold->value.number;
    if (threshold->value.unmeasured) {
        snprintf(out, THRESHOLD_VALUE_SIZE, "0, nothing measured");
        return;
    }
    char bound[THRESHOLD_VALUE_SIZE];
    format(unit, value, out, THRESHOLD_VALUE_SIZE, false);
    format(unit, threshold->bound, bound, sizeof(bound), false);
    /* "300 ms is not below 300 ms" would look like a fault of molo. */
    if (value != threshold->bound && strcmp(out, bound) == 0)
        format(unit, value, out, THRESHOLD_VALUE_SIZE, true);
}
