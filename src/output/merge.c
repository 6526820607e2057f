#include "output/merge.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "output/json_value.h"
#include "stats/custom.h"
#include "stats/hist.h"
#include "stats/hist_encode.h"

static json_t *merge_object(const json_t *a, const json_t *b);
static json_t *merge_value(const json_t *a, const json_t *b);

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

static double
number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
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
    const char *end = number(trend, key) > number(trend, "max")   ? "max"
                      : number(trend, key) < number(trend, "min") ? "min"
                                                                  : key;
    json_t *value = json_deep_copy(json_object_get(trend, end));
    json_object_set_new(trend, key, value);
}

/* These are exact, which a histogram that was written down is not. */
static void
set_exact(json_t *trend, const json_t *a, const json_t *b)
{
    double n = number(a, "count"), m = number(b, "count");
    json_object_set_new(trend, "count", json_integer((json_int_t)(n + m)));
    if (n + m > 0)
        json_object_set_new(
            trend, "mean",
            json_real((n * number(a, "mean") + m * number(b, "mean")) /
                      (n + m)));
    json_object_set_new(trend, "min", pick(a, b, "min", 1));
    json_object_set_new(trend, "max", pick(a, b, "max", -1));
    for (size_t i = 0; i < PERCENTILES; i++)
        clamp(trend, percentiles[i]);
    double overflow = number(a, "overflow") + number(b, "overflow");
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
    if (number(b, "count") == 0 || number(a, "count") == 0)
        return json_deep_copy(number(b, "count") == 0 ? a : b);
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
        json_value_rate((uint64_t)(number(a, "passes") + number(b, "passes")),
                        (uint64_t)(number(a, "fails") + number(b, "fails"))),
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
    json_t *gauge = json_deep_copy(number(b, "count") > 0 ? b : a);
    json_object_set_new(
        gauge, "count",
        json_integer((json_int_t)(number(a, "count") + number(b, "count"))));
    if (number(a, "count") > 0 && number(b, "count") > 0) {
        json_object_set_new(gauge, "min", pick(a, b, "min", 1));
        json_object_set_new(gauge, "max", pick(a, b, "max", -1));
    }
    return with_parts(gauge, a, b);
}

static json_t *
merge_number(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer(json_integer_value(a) + json_integer_value(b));
    return json_value_number(json_number_value(a) + json_number_value(b));
}

/* Two objects of other types have the name; the later one says which. */
static const char *
key_for(const json_t *into, const char *key, const json_t *value,
        struct buf *text)
{
    const char *ours =
        json_string_value(json_object_get(json_object_get(into, key), "type"));
    const char *theirs = json_string_value(json_object_get(value, "type"));
    if (ours == NULL || theirs == NULL || strcmp(ours, theirs) == 0)
        return key;
    buf_clear(text);
    buf_printf(text, "%s (%s)", key, theirs);
    return text->data;
}

static json_t *
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

static json_t *
merge_value(const json_t *a, const json_t *b)
{
    const char *type = json_string_value(json_object_get(a, "type"));
    if (json_is_number(a) && json_is_number(b))
        return merge_number(a, b);
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

/* --- sections --- */

static void
add_section(json_t *root, const char *name, const json_t *result)
{
    json_t *sum = json_object_get(root, name);
    json_t *value = json_object_get(result, name);
    if (value != NULL)
        json_object_set_new(root, name, merge_value(sum, value));
}

static json_t *
find_endpoint(const json_t *list, const json_t *row)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *other = json_array_get(list, i);
        if (json_equal(json_object_get(other, "method"),
                       json_object_get(row, "method")) &&
            json_equal(json_object_get(other, "name"),
                       json_object_get(row, "name")))
            return other;
    }
    return NULL;
}

static void
add_endpoints(json_t *root, const json_t *result)
{
    json_t *list = json_object_get(root, "endpoints");
    const json_t *rows = json_object_get(result, "endpoints");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        json_t *old = find_endpoint(list, row);
        if (old == NULL) {
            json_array_append_new(list, json_deep_copy(row));
            continue;
        }
        json_t *sum = merge_object(old, row);
        json_object_update(old, sum);
        json_decref(sum);
    }
}

/* Those of this part, each with its file. */
static void
add_list(json_t *root, const char *name, const struct merge_part *part)
{
    const json_t *rows = json_object_get(part->result, name);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_deep_copy(json_array_get(rows, i));
        json_object_set_new(row, "file", json_value_text(part->name));
        json_array_append_new(json_object_get(root, name), row);
    }
}

static json_t *
lost_error(const struct merge_part *part)
{
    return json_pack("{s:s, s:o, s:i, s:{s:n, s:i, s:o, s:s}, s:o}", "kind",
                     "lost", "message", json_value_text(part->reason), "count",
                     1, "first", "worker_id", "step", 0, "at",
                     json_value_seconds((double)part->ended_at), "where", "",
                     "file", json_value_text(part->name));
}

static void
add_part(json_t *root, const struct merge_part *part)
{
    static const char *const sections[] = {
        "runs",   "requests",     "scenarios",      "metrics",
        "checks", "transactions", "errors_dropped", "coordination",
    };
    json_t *file = json_pack(
        "{s:o, s:i, s:b, s:o}", "name", json_value_text(part->name), "code",
        part->code, "lost", (int)part->lost, "result",
        part->result != NULL ? json_deep_copy(part->result) : json_null());
    if (part->result == NULL)
        json_object_set_new(file, "reason", json_value_text(part->reason));
    json_array_append_new(json_object_get(root, "files"), file);
    if (part->lost)
        json_array_append_new(json_object_get(root, "errors"),
                              lost_error(part));
    if (part->result == NULL)
        return;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        add_section(root, sections[i], part->result);
    add_endpoints(root, part->result);
    add_list(root, "thresholds", part);
    add_list(root, "errors", part);
}

/* --- the whole --- */

static void
set_rate(json_t *metric, double seconds)
{
    const char *type = json_string_value(json_object_get(metric, "type"));
    if (type == NULL || strcmp(type, "counter") != 0)
        return;
    json_object_set_new(
        metric, "rate",
        json_real(seconds > 0 ? number(metric, "count") / seconds : 0));
    const char *tag, *name;
    json_t *values, *part;
    json_object_foreach(json_object_get(metric, "by"), tag, values)
    {
        json_object_foreach(values, name, part)
        {
            set_rate(part, seconds);
        }
    }
}

/* Per second of the whole. */
static void
set_rates(json_t *root, nsec_t duration)
{
    json_t *runs = json_object_get(root, "runs");
    json_t *requests = json_object_get(root, "requests");
    const char *name;
    json_t *metric;
    double seconds = nsec_to_seconds(duration);
    json_object_set_new(
        runs, "rate",
        json_value_per_second(
            (uint64_t)(number(runs, "ok") + number(runs, "failed")), duration));
    /* What fixtures requested is in the total only. */
    const json_t *in_runs =
        json_object_get(json_object_get(root, "metrics"), "http_reqs");
    json_object_set_new(
        requests, "rate",
        json_value_per_second((uint64_t)number(in_runs, "count"), duration));
    json_object_foreach(json_object_get(root, "metrics"), name, metric)
    {
        set_rate(metric, seconds);
    }
}

static json_t *
build_exit(const struct merge_part *parts, size_t count, int code)
{
    json_t *all = json_array();
    char reason[320] = "completed";
    for (size_t i = 0; i < count; i++) {
        const json_t *exit = json_object_get(parts[i].result, "exit");
        const char *why =
            parts[i].result != NULL
                ? json_string_value(json_object_get(exit, "reason"))
                : parts[i].reason;
        if (parts[i].code == 0)
            continue;
        char text[320];
        snprintf(text, sizeof(text), "%s: %s", parts[i].name,
                 why != NULL ? why : "");
        if (parts[i].code == code && strcmp(reason, "completed") == 0)
            memcpy(reason, text, sizeof(reason));
        json_array_append_new(all,
                              json_pack("{s:i, s:o}", "code", parts[i].code,
                                        "reason", json_value_text(text)));
    }
    return json_pack("{s:i, s:o, s:o}", "code", code, "reason",
                     json_value_text(reason), "all", all);
}

static const char *
started_at(const struct merge_part *parts, size_t count)
{
    const char *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *at =
            json_string_value(json_object_get(parts[i].result, "started_at"));
        if (at != NULL && (first == NULL || strcmp(at, first) < 0))
            first = at;
    }
    return first;
}

json_t *
merge_results(const struct merge_part *parts, size_t count, int code,
              nsec_t duration)
{
    const char *at = started_at(parts, count);
    json_t *root = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i}, s:{s:i, "
        "s:i, s:i, s:i, s:i, s:i}, s:{}, s:{}, s:{}, s:{}, s:i, s:{}, s:[], "
        "s:[], s:[], s:[]}",
        "schema", "molo-results/1", "molo", MOLO_VERSION, "started_at",
        at != NULL ? json_string(at) : json_null(), "duration",
        json_value_seconds((double)duration), "exit",
        build_exit(parts, count, code), "runs", "started", 0, "ok", 0, "failed",
        0, "interrupted", 0, "dropped", 0, "rate", 0, "requests", "total", 0,
        "failed", 0, "unsent", 0, "bytes_sent", 0, "bytes_received", 0, "rate",
        0, "scenarios", "metrics", "checks", "transactions", "errors_dropped",
        0, "coordination", "endpoints", "thresholds", "errors", "files");
    for (size_t i = 0; i < count; i++)
        add_part(root, &parts[i]);
    set_rates(root, duration);
    return root;
}
