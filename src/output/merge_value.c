#include "output/merge_value.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "output/json_value.h"
#include "stats/custom.h"
#include "stats/hist.h"
#include "stats/hist_encode.h"

/* --- histograms --- */

static struct hist *
decode(const json_t *trend)
{
    const char *text = json_string_value(json_object_get(trend, "hist"));
    const struct base64_form form = {.padded = true};
    struct buf bytes = {0};
    struct hist *hist = NULL;
    if (text != NULL && base64_decode(text, strlen(text), form, &bytes, NULL))
        hist = hist_decode_v2(bytes.data, bytes.size, NULL);
    buf_finish(&bytes);
    return hist != NULL ? hist : hist_create();
}

/* How many steps of a histogram are one of this unit. */
static double
scale_of(const char *unit)
{
    if (unit == NULL)
        return custom_scale(CUSTOM_NUMBER);
    if (strcmp(unit, "items") == 0)
        return 1;
    return custom_scale(strcmp(unit, "bytes") == 0 ? CUSTOM_BYTES
                                                   : CUSTOM_SECONDS);
}

/* The smaller one, or with `sign` -1 the greater; nulls do not count. */
static json_t *
pick(const json_t *a, const json_t *b, const char *key, double sign)
{
    json_t *x = json_object_get(a, key), *y = json_object_get(b, key);
    if (!json_is_number(x))
        return json_incref(y);
    if (!json_is_number(y))
        return json_incref(x);
    return json_incref(
        sign * json_number_value(x) <= sign * json_number_value(y) ? x : y);
}

static const char *const percentiles[] = {"p50", "p90", "p95", "p99", "p999"};
#define PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

/* A bucket may reach beyond the exact ends. */
static void
clamp(json_t *trend, const char *key)
{
    if (!json_is_number(json_object_get(trend, key)))
        return;
    const char *end = number_at(trend, key) > number_at(trend, "max")   ? "max"
                      : number_at(trend, key) < number_at(trend, "min") ? "min"
                                                                        : key;
    json_t *value = json_deep_copy(json_object_get(trend, end));
    json_object_set_new(trend, key, value);
}

/* These are exact, which a histogram that was written down is not. */
static void
set_exact(json_t *trend, const json_t *a, const json_t *b)
{
    double n = number_at(a, "count"), m = number_at(b, "count");
    json_object_set_new(trend, "count", json_integer((json_int_t)(n + m)));
    if (n + m > 0)
        json_object_set_new(
            trend, "mean",
            json_real((n * number_at(a, "mean") + m * number_at(b, "mean")) /
                      (n + m)));
    json_object_set_new(trend, "min", pick(a, b, "min", 1));
    json_object_set_new(trend, "max", pick(a, b, "max", -1));
    for (size_t i = 0; i < PERCENTILES; i++)
        clamp(trend, percentiles[i]);
    double overflow = number_at(a, "overflow") + number_at(b, "overflow");
    if (overflow > 0)
        json_object_set_new(trend, "overflow",
                            json_integer((json_int_t)overflow));
}

static bool
has_text(const json_t *list, const json_t *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (json_equal(json_array_get(list, i), text))
            return true;
    }
    return false;
}

/* What one of the two has left out is no part of the sum: half of it would pass
 * for all. */
static void
leave_out(json_t *sum, const json_t *tags)
{
    json_t *all = json_object_get(sum, "by_left_out");
    if (json_array_size(tags) > 0 && all == NULL) {
        all = json_array();
        json_object_set_new(sum, "by_left_out", all);
    }
    for (size_t i = 0; i < json_array_size(tags); i++) {
        json_t *tag = json_array_get(tags, i);
        json_object_del(json_object_get(sum, "by"), json_string_value(tag));
        if (!has_text(all, tag))
            json_array_append(all, tag);
    }
}

/* The parts of the sum are the sums of the parts. */
static json_t *
with_parts(json_t *sum, const json_t *a, const json_t *b)
{
    const json_t *x = json_object_get(a, "by"), *y = json_object_get(b, "by");
    if (x == NULL || y == NULL)
        return sum;
    json_object_set_new(sum, "by", merge_value(x, y));
    leave_out(sum, json_object_get(a, "by_left_out"));
    leave_out(sum, json_object_get(b, "by_left_out"));
    return sum;
}

static json_t *
merge_trend(const json_t *a, const json_t *b)
{
    const char *unit = json_string_value(json_object_get(a, "unit"));
    /* One side alone is exact as it is. */
    if (number_at(b, "count") == 0 || number_at(a, "count") == 0)
        return json_deep_copy(number_at(b, "count") == 0 ? a : b);
    struct hist *sum = decode(a), *other = decode(b);
    hist_merge(sum, other);
    json_t *trend = json_value_part(sum, unit, scale_of(unit));
    hist_destroy(sum);
    hist_destroy(other);
    set_exact(trend, a, b);
    return with_parts(trend, a, b);
}

/* --- values --- */

static json_t *
merge_rate(const json_t *a, const json_t *b)
{
    return with_parts(
        json_value_rate(
            (uint64_t)(number_at(a, "passes") + number_at(b, "passes")),
            (uint64_t)(number_at(a, "fails") + number_at(b, "fails"))),
        a, b);
}

static json_t *
merge_counter(const json_t *a, const json_t *b)
{
    return with_parts(merge_object(a, b), a, b);
}

static json_t *
merge_gauge(const json_t *a, const json_t *b)
{
    json_t *gauge = json_deep_copy(number_at(b, "count") > 0 ? b : a);
    json_object_set_new(gauge, "count",
                        json_integer((json_int_t)(number_at(a, "count") +
                                                  number_at(b, "count"))));
    if (number_at(a, "count") > 0 && number_at(b, "count") > 0) {
        json_object_set_new(gauge, "min", pick(a, b, "min", 1));
        json_object_set_new(gauge, "max", pick(a, b, "max", -1));
    }
    return with_parts(gauge, a, b);
}

static json_t *
add_numbers(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer(json_integer_value(a) + json_integer_value(b));
    return json_value_number(json_number_value(a) + json_number_value(b));
}

static const char *
text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* Two objects of other types, or metrics of other units, have the name; the
 * later one says which. */
static const char *
key_for(const json_t *into, const char *key, const json_t *value,
        struct buf *text)
{
    const json_t *ours = json_object_get(into, key);
    const char *type = text_at(value, "type"), *unit = text_at(value, "unit");
    bool other_type = strcmp(text_at(ours, "type"), type) != 0;
    if (!json_is_object(ours) ||
        (!other_type && strcmp(text_at(ours, "unit"), unit) == 0))
        return key;
    buf_clear(text);
    buf_printf(text, "%s (%s)", key,
               other_type        ? type
               : unit[0] != '\0' ? unit
                                 : "no unit");
    return text->data;
}

json_t *
merge_object(const json_t *a, const json_t *b)
{
    json_t *sum = json_deep_copy(a);
    struct buf text = {0};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)b, name, value)
    {
        const char *key = key_for(sum, name, value, &text);
        const json_t *before = json_object_get(sum, key);
        json_object_set_new(sum, key,
                            before != NULL ? merge_value(before, value)
                                           : json_deep_copy(value));
    }
    buf_finish(&text);
    return sum;
}

json_t *
merge_value(const json_t *a, const json_t *b)
{
    const char *type = json_string_value(json_object_get(a, "type"));
    if (json_is_number(a) && json_is_number(b))
        return add_numbers(a, b);
    if (!json_is_object(a) || !json_is_object(b))
        return json_deep_copy(json_is_null(a) ? b : a);
    if (type != NULL && strcmp(type, "trend") == 0)
        return merge_trend(a, b);
    if (type != NULL && strcmp(type, "counter") == 0)
        return merge_counter(a, b);
    if (type != NULL && strcmp(type, "rate") == 0)
        return merge_rate(a, b);
    if (type != NULL && strcmp(type, "gauge") == 0)
        return merge_gauge(a, b);
    return merge_object(a, b);
}
