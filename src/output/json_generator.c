#include "output/interval_list.h"
#include "output/json_sections.h"
#include "output/json_value.h"
#include "output/outputs.h"
#include "output/verdict.h"

/* How molo itself fared, and the test as a series of intervals. */

static json_t *
time_or_null(bool known, nsec_t t)
{
    return known ? json_value_seconds((double)t) : json_null();
}

/* Shares that the system does not tell are below 0. */
static json_t *
share(double value)
{
    return value >= 0 ? json_value_real(value) : json_null();
}

static json_t *
build_sample(const struct generator_sample *sample)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cpu",
        share(sample->cpu), "cpu_wait", share(sample->cpu_wait), "cpu_all",
        share(sample->cpu_all), "loop_lag_p50",
        json_value_seconds((double)sample->lag_p50), "loop_lag_p99",
        json_value_seconds((double)sample->lag_p99), "loop_lag_max",
        json_value_seconds((double)sample->lag_max), "start_lag_p99",
        time_or_null(sample->starts > 0, sample->start_lag_p99), "shortages",
        json_value_count(sample->shortages), "fds",
        json_value_count(sample->fds), "rss", json_value_count(sample->rss),
        "lua_memory", json_value_count(sample->lua_memory), "gc_cycles",
        json_value_count(sample->gc_cycles));
}

json_t *
json_interval(const struct interval_row *row)
{
    const struct interval *i = &row->interval;
    bool timed = i->timed > 0;
    json_t *value = json_pack(
        "{s:o, s:o, s:i}", "at", json_value_seconds((double)i->at), "length",
        json_value_seconds((double)i->length), "workers", (int)i->workers);
    const struct {
        const char *key;
        uint64_t count;
    } counts[] = {
        {"runs_started", i->runs_started},
        {"runs_ok", i->runs_ok},
        {"runs_failed", i->runs_failed},
        {"runs_interrupted", i->runs_interrupted},
        {"runs_dropped", i->runs_dropped},
        {"requests", i->requests},
        {"requests_failed", i->requests_failed},
        {"requests_unsent", i->requests_unsent},
        {"bytes_sent", i->bytes_sent},
        {"bytes_received", i->bytes_received},
        {"checks_passed", i->checks_passed},
        {"checks_failed", i->checks_failed},
        {"errors", i->errors},
    };
    for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++)
        json_object_set_new(value, counts[n].key,
                            json_value_count(counts[n].count));
    json_object_set_new(value, "duration",
                        json_pack("{s:o, s:o, s:o, s:o, s:o}", "count",
                                  json_value_count(i->timed), "p50",
                                  time_or_null(timed, i->p50), "p95",
                                  time_or_null(timed, i->p95), "p99",
                                  time_or_null(timed, i->p99), "max",
                                  time_or_null(timed, i->max)));
    json_object_set_new(value, "generator",
                        row->watched ? build_sample(&row->generator)
                                     : json_null());
    return value;
}

json_t *
json_intervals(const struct result *result)
{
    json_t *rows = json_array();
    const struct interval_list *list = result->intervals;
    for (size_t i = 0; list != NULL && i < list->count; i++)
        json_array_append_new(rows, json_interval(&list->rows[i]));
    return rows;
}

static json_t *
build_span(const struct verdict_span *span)
{
    struct buf text = {0};
    verdict_span_text(span, &text);
    json_t *value = json_pack(
        "{s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "from",
        json_value_seconds((double)span->from), "to",
        json_value_seconds((double)span->to), "busy", (int)span->busy, "late",
        (int)span->late, "short", (int)span->short_of, "cpu", share(span->cpu),
        "cpu_wait", share(span->cpu_wait), "loop_lag_p99",
        json_value_seconds((double)span->lag_p99), "start_lag_p99",
        time_or_null(span->late, span->start_lag_p99), "shortages",
        json_value_count(span->shortages), "evidence",
        json_value_text(text.data));
    buf_finish(&text);
    return value;
}

static void
set_verdict(const struct result *result, bool known, json_t *value)
{
    const struct verdict *verdict = result->verdict;
    struct buf text = {0};
    json_t *spans = json_array();
    for (size_t i = 0; known && verdict != NULL && i < verdict->count; i++)
        json_array_append_new(spans, build_span(&verdict->spans[i]));
    if (known && verdict != NULL)
        verdict_text(verdict, &text);
    json_object_set_new(value, "saturated",
                        known ? json_boolean(result->generator.saturated)
                              : json_null());
    json_object_set_new(value, "verdict",
                        text.size > 0 ? json_value_text(text.data)
                                      : json_null());
    json_object_set_new(value, "saturations", spans);
    int32_t threads =
        known && verdict != NULL ? verdict_advised_threads(verdict) : 0;
    json_object_set_new(value, "threads_advised",
                        threads > 0 ? json_integer(threads) : json_null());
    buf_finish(&text);
}

static json_t *
build_thread(const struct result_thread *thread)
{
    return json_pack("{s:s, s:o, s:o}", "name", thread->name, "cpu",
                     share(thread->cpu), "cpu_wait", share(thread->cpu_wait));
}

static json_t *
build_threads(const struct result_generator *g)
{
    json_t *threads = json_array();
    for (size_t i = 0; i < g->thread_count; i++)
        json_array_append_new(threads, build_thread(&g->threads[i]));
    if (g->thread_count == 0)
        json_array_append_new(threads, build_thread(&(struct result_thread){
                                           .name = "loop",
                                           .cpu = g->cpu_loop,
                                           .cpu_wait = g->cpu_wait,
                                       }));
    return threads;
}

json_t *
json_generator(const struct result *result)
{
    const struct result_generator *g = &result->generator;
    /* What real work took says nothing about virtual time. */
    bool known = !result->plan->options->sim;
    json_t *value = json_object();
    json_object_set_new(value, "cpu", known ? share(g->cpu) : json_null());
    json_object_set_new(value, "threads",
                        known ? build_threads(g) : json_array());
    json_object_set_new(value, "loop_lag_p50",
                        time_or_null(known, g->loop_lag_p50));
    json_object_set_new(value, "loop_lag_p99",
                        time_or_null(known, g->loop_lag_p99));
    json_object_set_new(value, "loop_lag_max",
                        time_or_null(known, g->loop_lag_max));
    json_object_set_new(value, "shortages", json_value_count(g->shortages));
    json_object_set_new(value, "max_rss", json_value_count(g->max_rss));
    json_object_set_new(value, "fds", json_value_count(g->fds));
    json_object_set_new(value, "fds_limit", json_value_count(g->fds_limit));
    json_object_set_new(value, "lua_memory", json_value_count(g->lua_memory));
    json_object_set_new(value, "gc_cycles", json_value_count(g->gc_cycles));
    set_verdict(result, known, value);
    return value;
}

json_t *
json_request_log(const struct result *result)
{
    struct outputs_log log;
    if (result->outputs == NULL || !outputs_log(result->outputs, &log))
        return json_null();
    return json_pack("{s:o, s:o}", "written", json_value_count(log.written),
                     "dropped", json_value_count(log.dropped));
}
