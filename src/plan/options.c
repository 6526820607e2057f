#include "plan/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "plan/option_table.h"
#include "plan/option_workload.h"
#include "plan/options_state.h"

void
option_list_append(struct option_list *list, const char *item)
{
    list->items =
        xrealloc(list->items, (list->count + 1) * sizeof(list->items[0]));
    list->items[list->count++] = xstrdup(item);
}

void
option_list_finish(struct option_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct option_list){0};
}

static void
thresholds_finish(struct options *options)
{
    for (size_t i = 0; i < options->threshold_count; i++) {
        free(options->thresholds[i].expression);
        free(options->thresholds[i].where);
    }
    free(options->thresholds);
    options->thresholds = NULL;
    options->threshold_count = 0;
}

static void
workloads_finish(struct options *options)
{
    for (size_t i = 0; i < options->workload_count; i++)
        option_workload_finish(&options->workloads[i]);
    free(options->workloads);
    options->workloads = NULL;
    options->workload_count = 0;
}

/* -q and -v are two ways to say one thing: the stronger source decides, and
 * within one source the later. */
static void
verbosity_set(struct options_state *state, enum option_kind kind,
              enum option_source source, const struct option_value *value)
{
    enum option_source before = source_set_strongest(
        *options_sources_of(state, option_named("quiet")) |
        *options_sources_of(state, option_named("verbose")));
    int *verbosity = &state->values.verbosity;
    if (source < before)
        return;
    if (source > before)
        *verbosity = 0;
    if (kind == OPTION_KIND_QUIET) {
        *verbosity = value->flag ? -1 : 0;
        return;
    }
    /* -v -v adds up; an explicit 0 takes it back. */
    int base = *verbosity < 0 || value->number == 0 ? 0 : *verbosity;
    int sum = base + (int)value->number;
    *verbosity = sum > 2 ? 2 : sum;
}

static void
add_stage(struct options *options, bool is_first, struct plan_stage stage)
{
    if (is_first)
        options->stage_count = 0;
    options->stages = xrealloc(options->stages, (options->stage_count + 1) *
                                                    sizeof(options->stages[0]));
    options->stages[options->stage_count++] = stage;
}

static void *
field_of(struct options *options, const struct option_spec *spec)
{
    return (char *)options + spec->offset;
}

/* `is_first`: of its source, which is stronger than those before. */
static void
keep(struct options_state *state, const struct option_spec *spec,
     enum option_source source, bool is_first, const struct option_value *value)
{
    struct options *options = &state->values;
    void *field = field_of(options, spec);
    switch (spec->kind) {
    case OPTION_KIND_ENV:
        option_pairs_set(&options->env, &state->env_sources,
                         &options->env_count, source, value);
        break;
    case OPTION_KIND_TAG:
        option_pairs_set(&options->tags, &state->tag_sources,
                         &options->tag_count, source, value);
        break;
    case OPTION_KIND_SERVICE:
        option_service_set(state, source, value);
        break;
    case OPTION_KIND_THRESHOLD: {
        char where[OPTION_SPELLING_SIZE];
        option_spell(source, spec->name, where);
        options_add_threshold(options, source,
                              &(struct option_threshold){
                                  .expression = (char *)(uintptr_t)value->text,
                                  .where = where,
                              });
        break;
    }
    case OPTION_KIND_QUIET:
    case OPTION_KIND_VERBOSE:
        verbosity_set(state, spec->kind, source, value);
        break;
    case OPTION_KIND_FLAG:
        *(bool *)field = value->flag;
        break;
    case OPTION_KIND_INT:
    case OPTION_KIND_TIME:
    case OPTION_KIND_SIZE:
        *(int64_t *)field = value->number;
        break;
    case OPTION_KIND_RANGE:
        ((nsec_t *)field)[0] = value->number;
        ((nsec_t *)field)[1] = value->high;
        break;
    case OPTION_KIND_PERCENT:
        *(double *)field = value->percent;
        break;
    case OPTION_KIND_FAIL:
        options->fail_runs = value->number;
        options->fail_percent = value->percent;
        break;
    case OPTION_KIND_RATE:
        *(struct plan_rate *)field = value->rate;
        break;
    case OPTION_KIND_STAGE:
        add_stage(options, is_first, value->stage);
        break;
    case OPTION_KIND_SEED:
        options->seed = (uint64_t)value->number;
        options->seed_given = true;
        break;
    case OPTION_KIND_WORD: {
        /* Any enum of words, whatever its name. */
        unsigned word = (unsigned)value->number;
        memcpy(field, &word, sizeof(word));
        break;
    }
    case OPTION_KIND_TEXT:
        free(*(char **)field);
        *(char **)field = xstrdup(value->text);
        break;
    case OPTION_KIND_LIST:
        if (is_first)
            option_list_finish(field);
        option_list_append(field, value->text);
        break;
    }
}

static void
store(struct options_state *state, const struct option_spec *spec,
      enum option_source source, const struct option_value *value)
{
    source_set *given = options_sources_of(state, spec);
    enum option_source before = source_set_strongest(*given);
    if (source >= before || option_is_merged(spec->kind))
        keep(state, spec, source, source > before, value);
    source_set_add(given, source);
}

_Static_assert(sizeof(enum option_progress) == sizeof(unsigned) &&
                   sizeof(enum plan_arrival) == sizeof(unsigned) &&
                   sizeof(enum option_on_deadlock) == sizeof(unsigned),
               "words are stored as unsigned");
_Static_assert(sizeof(nsec_t) == sizeof(int64_t),
               "times are stored as int64_t");
_Static_assert(offsetof(struct options, delay_high) ==
                       offsetof(struct options, delay_low) + sizeof(nsec_t) &&
                   offsetof(struct options, sim_latency_high) ==
                       offsetof(struct options, sim_latency_low) +
                           sizeof(nsec_t),
               "ranges are stored as two times");

struct options *
options_create(void)
{
    struct options_state *state = xcalloc(1, sizeof(*state));
    state->values = (struct options){
        .workers = 1,
        .duration = NSEC_NEVER,
        .max_lag = 1 * NSEC_PER_SEC,
        .threads = 1,
        .manual_step = 1,
        .max_workers = 1000,
        .sizing_tolerance = 5,
        .sizing_step = 5 * NSEC_PER_SEC,
        .fail_runs = 1,
        .fail_percent = -1,
        .graceful_stop = 30 * NSEC_PER_SEC,
        .wait_timeout = 60 * NSEC_PER_SEC,
        .timeout = 60 * NSEC_PER_SEC,
        .precheck_timeout = 10 * NSEC_PER_SEC,
        .precheck_every = 250 * NSEC_PER_MSEC,
        .sim_latency_low = 1 * NSEC_PER_MSEC,
        .sim_latency_high = 10 * NSEC_PER_MSEC,
        .seed = rng_fresh_seed(),
    };
    return &state->values;
}

void
options_destroy(struct options *options)
{
    if (options == NULL)
        return;
    struct options_state *state = state_of(options);
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        void *field = field_of(options, &option_table[i]);
        if (option_table[i].kind == OPTION_KIND_LIST)
            option_list_finish(field);
        else if (option_table[i].kind == OPTION_KIND_TEXT)
            free(*(char **)field);
    }
    thresholds_finish(options);
    workloads_finish(options);
    free(options->stages);
    option_pairs_finish(options->env, options->env_count);
    option_pairs_finish(options->tags, options->tag_count);
    option_pairs_finish(options->services, options->service_count);
    free(state->env_sources);
    free(state->tag_sources);
    free(state->service_sources);
    free(state);
}

bool
options_set(struct options *options, enum option_source source,
            const char *name, const char *value, struct err *err)
{
    const struct option_spec *spec = option_named(name);
    if (spec == NULL ||
        (spec->command_line_only && source != OPTION_COMMAND_LINE))
        return option_refuse_unknown(source, name, err);
    struct option_value parsed;
    if (!option_parse_value(spec, source, value, &parsed, err))
        return false;
    store(state_of(options), spec, source, &parsed);
    return true;
}

bool
options_begin_workloads(struct options *options, enum option_source source)
{
    source_set *given = &state_of(options)->workloads_given;
    bool wins = source >= source_set_strongest(*given);
    source_set_add(given, source);
    if (wins)
        workloads_finish(options);
    return wins;
}

struct option_workload *
options_add_workload(struct options *options, const char *name,
                     const char *where, struct err *err)
{
    for (size_t i = 0; i < options->workload_count; i++) {
        if (strcmp(options->workloads[i].name, name) == 0) {
            err_set(err, "workload '%.80s' is there twice", name);
            return NULL;
        }
    }
    if (name[0] == '\0') {
        err_set(err, "the name of a workload is empty");
        return NULL;
    }
    options->workloads =
        xrealloc(options->workloads,
                 (options->workload_count + 1) * sizeof(options->workloads[0]));
    struct option_workload *workload =
        &options->workloads[options->workload_count++];
    *workload = (struct option_workload){
        .name = xstrdup(name),
        .where = xstrdup(where),
        .workers = 1,
        .max_workers = 1000,
        .duration = NSEC_NEVER,
        .max_lag = 1 * NSEC_PER_SEC,
    };
    return workload;
}

void
options_add_threshold(struct options *options, enum option_source source,
                      const struct option_threshold *threshold)
{
    source_set *given =
        options_sources_of(state_of(options), option_named("threshold"));
    enum option_source before = source_set_strongest(*given);
    source_set_add(given, source);
    if (source < before)
        return;
    if (source > before)
        thresholds_finish(options);
    options->thresholds =
        xrealloc(options->thresholds, (options->threshold_count + 1) *
                                          sizeof(options->thresholds[0]));
    struct option_threshold *copy =
        &options->thresholds[options->threshold_count++];
    *copy = *threshold;
    copy->expression = xstrdup(threshold->expression);
    copy->where = xstrdup(threshold->where);
}
