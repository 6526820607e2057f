#include <stdlib.h>
#include <string.h>

#include "output/json_sections.h"
#include "output/json_value.h"
#include "output/text.h"
#include "stats/metric.h"

/* What a row says of its own type even when it is 0 or empty; other figures are
 * there when something was measured. */
static const struct kind {
    const char *type;
    bool rounds, missed, skew, release, propagation, visibility, round, held,
        depth;
} kinds[] = {
    {.type = "notifier",
     .rounds = true,
     .missed = true,
     .propagation = true,
     .visibility = true,
     .round = true},
    {.type = "barrier", .rounds = true, .skew = true, .release = true},
    {.type = "lock", .held = true},
    {.type = "semaphore", .held = true},
    {.type = "queue", .depth = true},
};

static struct kind
kind_of(const char *type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].type, type) == 0)
            return kinds[i];
    }
    return (struct kind){.type = type};
}

static void
set_count(json_t *value, const char *key, bool always, uint64_t count)
{
    if (always || count > 0)
        json_object_set_new(value, key, json_value_count(count));
}

static void
set_trend(json_t *value, const char *key, bool always, const struct hist *hist)
{
    if (always || hist != NULL)
        json_object_set_new(value, key, json_value_trend(hist));
}

static json_t *
build_row(const struct coord_stats *row)
{
    struct kind kind = kind_of(row->type);
    json_t *value = json_object();
    json_object_set_new(value, "type", json_value_text(row->type));
    set_count(value, "rounds", kind.rounds, row->rounds);
    set_count(value, "missed", kind.missed, row->missed);
    set_count(value, "waits", true, row->waits);
    set_count(value, "contended", true, row->contended);
    set_count(value, "timeouts", true, row->timeouts);
    set_count(value, "breaks", true, row->breaks);
    set_trend(value, "wait", true, row->wait);
    set_trend(value, "skew", kind.skew, row->skew);
    set_trend(value, "release", kind.release, row->release);
    set_trend(value, "propagation", kind.propagation, row->propagation);
    set_trend(value, "visibility", kind.visibility, row->visibility);
    set_trend(value, "round", kind.round, row->round);
    set_trend(value, "held", kind.held, row->held);
    if (kind.depth || row->depth != NULL)
        json_object_set_new(value, "depth", json_value_numbers(row->depth));
    return value;
}

json_t *
json_coordination(const struct snapshot *s)
{
    json_t *coordination = json_object();
    for (const struct coord_stats *row = s->coords; row != NULL;
         row = row->hh.next) {
        /* Objects of two types may share a name; the later one says which. */
        char *label = text_to_utf8(row->label);
        struct buf key = {0};
        buf_append_str(&key, label);
        const char *type = json_string_value(
            json_object_get(json_object_get(coordination, label), "type"));
        if (type != NULL && strcmp(type, row->type) != 0)
            buf_printf(&key, " (%s)", row->type);
        json_value_set(coordination, key.data, build_row(row));
        buf_finish(&key);
        free(label);
    }
    return coordination;
}

void
json_coordination_metrics(const struct snapshot *s, nsec_t duration,
                          json_t *metrics)
{
    static const char *const counters[] = {"coord_rounds", "coord_missed",
                                           "coord_contended", "coord_timeouts",
                                           "coord_breaks"};
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        struct metric_query query = {.metric =
                                         metric_find(counters[i], NULL, NULL),
                                     .stat = METRIC_STAT_COUNT};
        double count = metric_query_evaluate(&query, s, duration).number;
        json_object_set_new(metrics, counters[i],
                            json_value_counter((uint64_t)count, duration));
    }
    struct hist *depth = hist_create();
    for (const struct coord_stats *row = s->coords; row != NULL;
         row = row->hh.next) {
        if (row->depth != NULL)
            hist_merge(depth, row->depth);
    }
    json_object_set_new(metrics, "coord_depth", json_value_numbers(depth));
    hist_destroy(depth);
}

/* --- runs by scenario and role --- */

static json_t *
outcome_counts(uint64_t ok, uint64_t failed, uint64_t interrupted)
{
    return json_pack("{s:o, s:o, s:o}", "ok", json_value_count(ok), "failed",
                     json_value_count(failed), "interrupted",
                     json_value_count(interrupted));
}

static void
add_roles(json_t *scenarios, const struct scenario_stats *row)
{
    if (row->roles == NULL)
        return;
    char *key = text_to_utf8(row->name);
    json_t *scenario = json_object_get(scenarios, key);
    free(key);
    json_t *roles = json_object_get(scenario, "roles");
    if (roles == NULL) {
        roles = json_object();
        json_object_set_new(scenario, "roles", roles);
    }
    for (const struct role_stats *role = row->roles; role != NULL;
         role = role->hh.next)
        json_value_add(
            roles, role->name,
            outcome_counts(role->ok, role->failed, role->interrupted));
}

json_t *
json_scenarios(const struct plan *plan, const struct snapshot *s)
{
    json_t *scenarios = json_object();
    for (size_t i = 0; i < plan->scenario_count; i++)
        json_value_add(scenarios, plan->scenarios[i].name,
                       outcome_counts(0, 0, 0));
    const struct scenario_stats *row;
    for (row = s->scenarios; row != NULL; row = row->hh.next)
        json_value_add(scenarios, row->name,
                       outcome_counts(row->ok, row->failed, row->interrupted));
    for (row = s->scenarios; row != NULL; row = row->hh.next)
        add_roles(scenarios, row);
    return scenarios;
}
