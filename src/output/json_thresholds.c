#include "output/json_sections.h"
#include "output/json_value.h"

/* Bounds and values are in it: seconds, bytes ...; null: a plain number, of a
 * share from 0 to 1. */
static json_t *
unit_of(enum metric_unit unit)
{
    switch (unit) {
    case METRIC_UNIT_NUMBER:
    case METRIC_UNIT_SHARE:
        break;
    case METRIC_UNIT_TIME:
        return json_string("s");
    case METRIC_UNIT_BYTES:
        return json_string("B");
    case METRIC_UNIT_PER_SECOND:
        return json_string("/s");
    case METRIC_UNIT_BYTES_PER_SECOND:
        return json_string("B/s");
    }
    return json_null();
}

static json_t *
in_unit(enum metric_unit unit, double number)
{
    if (unit == METRIC_UNIT_TIME)
        return json_value_seconds(number);
    return unit == METRIC_UNIT_NUMBER || unit == METRIC_UNIT_BYTES
               ? json_value_number(number)
               : json_value_real(number);
}

static json_t *
build_threshold(const struct threshold *threshold)
{
    const struct metric_query *query = &threshold->query;
    enum metric_unit unit = metric_query_unit(query);
    char stat[METRIC_STAT_SIZE];
    metric_query_stat_name(query, stat);
    json_t *tags = json_object();
    for (size_t i = 0; i < query->filter_count; i++)
        json_object_set_new(tags, query->filters[i].tag,
                            json_value_text(query->filters[i].value));
    bool known = threshold_has_value(threshold);
    return json_pack(
        "{s:o, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:b}", "expression",
        json_value_text(threshold->expression), "metric",
        metric_name(query->metric), "tags", tags, "stat", stat, "op",
        threshold_op_text(threshold->op), "bound",
        in_unit(unit, threshold->bound), "unit", unit_of(unit), "value",
        known ? in_unit(unit, threshold->value.number) : json_null(), "ok",
        (int)threshold->ok, "abort", (int)threshold->abort, "aborted",
        (int)threshold->aborted);
}

json_t *
json_thresholds(const struct result *result)
{
    json_t *thresholds = json_array();
    for (size_t i = 0; i < result->threshold_count; i++)
        json_array_append_new(thresholds,
                              build_threshold(&result->thresholds[i]));
    return thresholds;
}
