#include "output/merge.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "output/json_value.h"
#include "output/merge_value.h"

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
        json_real(seconds > 0 ? number_at(metric, "count") / seconds : 0));
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
            (uint64_t)(number_at(runs, "ok") + number_at(runs, "failed")),
            duration));
    /* What fixtures requested is in the total only. */
    const json_t *in_runs =
        json_object_get(json_object_get(root, "metrics"), "http_reqs");
    json_object_set_new(
        requests, "rate",
        json_value_per_second((uint64_t)number_at(in_runs, "count"), duration));
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
