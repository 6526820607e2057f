#include "output/result.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "output/json_sections.h"
#include "output/json_value.h"
#include "output/output_kind.h"
#include "output/sizing.h"
#include "output/text.h"
#include "output/write_file.h"

/* 15 digits carry nanoseconds up to eleven days and print 0.1 as 0.1. */
#define DUMP_FLAGS (JSON_INDENT(2) | JSON_REAL_PRECISION(15))

static json_t *
build_tags(const struct options *options)
{
    json_t *tags = json_object();
    for (size_t i = 0; i < options->tag_count; i++)
        json_value_set(tags, options->tags[i].key,
                       json_value_text(options->tags[i].value));
    return tags;
}

static json_t *
build_host(void)
{
    struct utsname name = {0};
    uname(&name);
    return json_pack("{s:o, s:o, s:o, s:I}", "sysname",
                     json_value_text(name.sysname), "release",
                     json_value_text(name.release), "machine",
                     json_value_text(name.machine), "cpus",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
}

static json_t *
build_exit(const struct result *result)
{
    enum exit_code code = result_exit_code(result);
    const char *reason = result->ended_by;
    json_t *all = json_array();
    for (size_t i = 0; i < result->cause_count; i++) {
        const struct result_cause *cause = &result->causes[i];
        if (cause->code == code)
            reason = cause->text;
        json_array_append_new(all, json_pack("{s:i, s:o}", "code",
                                             (int)cause->code, "reason",
                                             json_value_text(cause->text)));
    }
    return json_pack("{s:i, s:o, s:o}", "code", (int)code, "reason",
                     json_value_text(reason), "all", all);
}

static json_t *
build_runs(const struct snapshot *s, nsec_t duration)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "started",
        json_value_count(s->runs_started), "ok", json_value_count(s->runs_ok),
        "failed", json_value_count(s->runs_failed), "interrupted",
        json_value_count(s->runs_interrupted), "dropped",
        json_value_count(s->runs_dropped), "rate",
        json_value_per_second(s->runs_ok + s->runs_failed, duration));
}

static json_t *
build_requests(const struct snapshot *s, nsec_t duration)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "total",
                     json_value_count(s->requests), "failed",
                     json_value_count(s->requests_failed), "unsent",
                     json_value_count(s->requests_unsent), "bytes_sent",
                     json_value_count(s->bytes_sent), "bytes_received",
                     json_value_count(s->bytes_received), "rate",
                     json_value_per_second(s->requests_in_runs, duration));
}

static json_t *
build_endpoints(const struct snapshot *s)
{
    json_t *endpoints = json_array();
    for (const struct endpoint_stats *row = s->endpoints; row != NULL;
         row = row->hh.next) {
        json_t *status = json_object();
        for (int code = 0; code < HTTP_STATUS_MAX; code++) {
            uint64_t count = row->status[code / 100][code % 100];
            if (count == 0)
                continue;
            char key[16];
            snprintf(key, sizeof(key), "%d", code);
            json_object_set_new(status, key, json_value_count(count));
        }
        json_array_append_new(
            endpoints,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "method",
                      json_value_text(row->method), "name",
                      json_value_text(row->name), "count",
                      json_value_count(row->count), "failed",
                      json_value_count(row->failed), "unsent",
                      json_value_count(row->unsent), "bytes_sent",
                      json_value_count(row->bytes_sent), "bytes_received",
                      json_value_count(row->bytes_received), "status", status,
                      "duration", json_value_trend(row->duration)));
    }
    return endpoints;
}

static json_t *
build_checks(const struct snapshot *s)
{
    json_t *checks = json_object();
    for (const struct check_stats *row = s->checks; row != NULL;
         row = row->hh.next)
        json_value_add(checks, row->name,
                       json_pack("{s:o, s:o}", "passes",
                                 json_value_count(row->passes), "fails",
                                 json_value_count(row->fails)));
    return checks;
}

static json_t *
build_errors(const struct snapshot *s)
{
    json_t *errors = json_array();
    for (const struct error_stats *row = s->errors; row != NULL;
         row = row->hh.next) {
        const struct error_first *first = &row->first;
        json_t *where = json_pack(
            "{s:o, s:I, s:o, s:o}", "worker_id",
            first->worker_id < 0 ? json_null() : json_integer(first->worker_id),
            "step", (json_int_t)first->step, "at",
            json_value_seconds((double)first->at), "where",
            json_value_text(first->where));
        json_array_append_new(
            errors, json_pack("{s:o, s:o, s:o, s:o}", "kind",
                              json_value_text(row->kind), "message",
                              json_value_text(row->message), "count",
                              json_value_count(row->count), "first", where));
    }
    return errors;
}

void
json_head(const struct result *result, json_t *root)
{
    const struct plan *plan = result->plan;
    json_object_set_new(root, "molo", json_string(MOLO_VERSION));
    json_object_set_new(root, "scenario",
                        json_value_text(result->scenario_path));
    json_object_set_new(root, "seed", json_value_count(plan->options->seed));
    json_object_set_new(root, "simulated", json_boolean(plan->options->sim));
    json_object_set_new(root, "started_at",
                        json_value_text(result->started_at));
    json_object_set_new(root, "workers", json_integer(plan->workers));
    json_object_set_new(root, "threads", json_integer(plan->shards));
    json_object_set_new(root, "tags", build_tags(plan->options));
    json_object_set_new(root, "host", build_host());
    json_object_set_new(root, "plan", json_plan(plan));
}

json_t *
out_json_build(const struct result *result)
{
    const struct plan *plan = result->plan;
    const struct snapshot *s = result->snapshot;
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string("molo-result/1"));
    json_head(result, root);
    json_object_set_new(root, "duration",
                        json_value_seconds((double)result->duration));
    json_object_set_new(root, "exit", build_exit(result));
    json_object_set_new(root, "runs", build_runs(s, result->duration));
    json_object_set_new(root, "requests", build_requests(s, result->duration));
    json_object_set_new(root, "scenarios", json_scenarios(plan, s));
    json_object_set_new(root, "workloads", json_workloads(plan, s));
    json_object_set_new(root, "metrics", json_metrics(s, result->duration));
    json_object_set_new(root, "endpoints", build_endpoints(s));
    json_object_set_new(root, "checks", build_checks(s));
    json_object_set_new(root, "transactions", json_transactions(s));
    json_object_set_new(root, "thresholds", json_thresholds(result));
    json_object_set_new(root, "sizing", json_sizing(result->sizing));
    json_object_set_new(root, "errors", build_errors(s));
    json_object_set_new(root, "errors_dropped",
                        json_value_count(s->errors_dropped));
    json_object_set_new(root, "coordination", json_coordination(s));
    json_object_set_new(root, "intervals", json_intervals(result));
    json_object_set_new(root, "request_log", json_request_log(result));
    json_object_set_new(root, "generator", json_generator(result));
    return root;
}

bool
out_json_write(const struct result *result, const char *path, struct err *err)
{
    json_t *root = out_json_build(result);
    bool ok = out_json_write_tree(root, path, err);
    json_decref(root);
    return ok;
}

bool
out_json_write_tree(const json_t *root, const char *path, struct err *err)
{
    char *text = json_dumps(root, DUMP_FLAGS);
    if (text == NULL)
        return err_set(err, "cannot write %s: the result is not valid JSON",
                       path);
    struct buf data = {0};
    buf_append_str(&data, text);
    buf_append_str(&data, "\n");
    free(text);
    bool ok = write_file(path, data.data, data.size, err);
    buf_finish(&data);
    return ok;
}

static bool
finish(struct output *output, const struct result *result, struct err *err)
{
    return out_json_write(result, output->path, err);
}

const struct output_kind output_json = {
    .name = "json",
    .rank = OUTPUT_RANK_FILE,
    .finish = finish,
};
