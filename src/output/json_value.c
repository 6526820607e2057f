#include "output/json_value.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/buf.h"
#include "output/text.h"
#include "stats/hist_encode.h"

json_t *
json_value_text(const char *s)
{
    char *utf8 = text_to_utf8(s != NULL ? s : "");
    json_t *value = json_string(utf8);
    free(utf8);
    return value;
}

void
json_value_set(json_t *object, const char *name, json_t *value)
{
    char *utf8 = text_to_utf8(name);
    struct buf key = {0};
    buf_append_str(&key, utf8);
    for (int i = 2; json_object_get(object, key.data) != NULL; i++) {
        buf_clear(&key);
        buf_printf(&key, "%s (%d)", utf8, i);
    }
    json_object_set_new(object, key.data, value);
    buf_finish(&key);
    free(utf8);
}

static json_t *
sum(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer(json_integer_value(a) + json_integer_value(b));
    return json_real(json_number_value(a) + json_number_value(b));
}

void
json_value_add(json_t *object, const char *name, json_t *counts)
{
    char *utf8 = text_to_utf8(name);
    json_t *old = json_object_get(object, utf8);
    if (old == NULL) {
        json_object_set_new(object, utf8, counts);
        free(utf8);
        return;
    }
    if (json_is_object(old)) {
        for (void *it = json_object_iter(counts); it != NULL;
             it = json_object_iter_next(counts, it)) {
            const char *key = json_object_iter_key(it);
            json_object_set_new(
                old, key,
                sum(json_object_get(old, key), json_object_iter_value(it)));
        }
    } else {
        json_object_set_new(object, utf8, sum(old, counts));
    }
    json_decref(counts);
    free(utf8);
}

json_t *
json_value_count(uint64_t count)
{
    return json_integer((json_int_t)count);
}

json_t *
json_value_seconds(double nanoseconds)
{
    return json_real(round(nanoseconds) / 1e9);
}

json_t *
json_value_limit(nsec_t t)
{
    return t == NSEC_NEVER ? json_null() : json_value_seconds((double)t);
}

json_t *
json_value_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *
json_value_per_second(uint64_t count, nsec_t duration)
{
    return json_real(duration > 0 ? (double)count / nsec_to_seconds(duration)
                                  : 0);
}

static json_t *
encoded(const struct hist *hist)
{
    struct hist *none = hist == NULL ? hist_create() : NULL;
    struct buf bytes = {0}, text = {0};
    hist_encode_v2(hist != NULL ? hist : none, &bytes);
    base64_encode(bytes.data, bytes.size, &text);
    json_t *value = json_string(text.data);
    buf_finish(&bytes);
    buf_finish(&text);
    hist_destroy(none);
    return value;
}

json_t *
json_value_number(double value)
{
    return fabs(value) < 1e15 && value == floor(value)
               ? json_integer((json_int_t)value)
               : json_value_real(value);
}

/* A figure of a histogram, in the unit of its metric. */
static json_t *
figure(double value, double scale)
{
    /* Nanoseconds and millionths are whole: no noise of a division is shown. */
    return scale == 1e9 ? json_value_seconds(value)
           : scale == 1 ? json_value_number(value)
                        : json_value_number(round(value) / scale);
}

static json_t *
figures(const struct hist *hist, const char *unit, double scale)
{
    static const struct {
        const char *name;
        double percent;
    } percentiles[] = {
        {"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p999", 99.9}};

    bool empty = hist == NULL || hist_count(hist) == 0;
    json_t *trend =
        json_pack("{s:s, s:o, s:o}", "type", "trend", "unit",
                  unit != NULL ? json_string(unit) : json_null(), "count",
                  json_value_count(empty ? 0 : hist_count(hist)));
    json_object_set_new(trend, "min",
                        empty ? json_null()
                              : figure((double)hist_min(hist), scale));
    json_object_set_new(trend, "mean",
                        empty ? json_null()
                        : scale == 1e6
                            ? json_value_real(hist_mean(hist) / scale)
                            : figure(hist_mean(hist), scale));
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
        json_t *value = json_null();
        if (!empty)
            value = figure(
                (double)hist_percentile(hist, percentiles[i].percent), scale);
        json_object_set_new(trend, percentiles[i].name, value);
    }
    json_object_set_new(trend, "max",
                        empty ? json_null()
                              : figure((double)hist_max(hist), scale));
    /* Percentiles among these are the end of the range, and not true. */
    if (!empty && hist_overflow(hist) > 0)
        json_object_set_new(trend, "overflow",
                            json_value_count(hist_overflow(hist)));
    return trend;
}

json_t *
json_value_part(const struct hist *hist, const char *unit, double scale)
{
    json_t *trend = figures(hist, unit, scale);
    json_object_set_new(trend, "hist", encoded(hist));
    return trend;
}

json_t *
json_value_custom(const struct hist *hist, const char *unit, double scale)
{
    json_t *trend = json_value_part(hist, unit, scale);
    json_object_set_new(trend, "by", json_object());
    return trend;
}

json_t *
json_value_trend(const struct hist *hist)
{
    return json_value_custom(hist, "s", 1e9);
}

json_t *
json_value_numbers(const struct hist *hist)
{
    return json_value_custom(hist, "items", 1);
}

json_t *
json_value_counter(uint64_t count, nsec_t duration)
{
    return json_pack("{s:s, s:o, s:o}", "type", "counter", "count",
                     json_value_count(count), "rate",
                     json_value_per_second(count, duration));
}

json_t *
json_value_rate(uint64_t passes, uint64_t fails)
{
    uint64_t total = passes + fails;
    json_t *share =
        total > 0 ? json_real((double)passes / (double)total) : json_null();
    return json_pack("{s:s, s:o, s:o, s:o}", "type", "rate", "rate", share,
                     "passes", json_value_count(passes), "fails",
                     json_value_count(fails));
}
