#include "plan/options.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/rng.h"
#include "plan/option_table.h"
#include "plan/option_workload.h"

/* Bits 1 << source of those that have given an option. */
typedef unsigned char source_set;

/* Where each value came from stays out of reach of those who read them. */
struct options_state {
    struct options values; /* first: options_create returns its address */
    source_set given[OPTION_TABLE_SIZE];
    /* Of each pair, as script and command line may name different keys. */
    enum option_source *env_sources, *tag_sources, *service_sources;
    source_set workloads_given;
};

static struct options_state *
state_of(struct options *options)
{
    return container_of(options, struct options_state, values);
}

static source_set *
given_of(struct options_state *state, const struct option_spec *spec)
{
    return &state->given[spec - option_table];
}

static void
add_source(source_set *set, enum option_source source)
{
    *set |= (source_set)(1U << source);
}

static enum option_source
strongest_of(source_set set)
{
    int source = OPTION_COMMAND_LINE;
    while (source > OPTION_DEFAULT && (set & 1U << source) == 0)
        source--;
    return (enum option_source)source;
}

static const struct option_spec *
spec_named(const char *name)
{
    return option_find(name, strlen(name));
}

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

void
option_pairs_finish(struct option_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].key);
        free(pairs[i].value);
    }
    free(pairs);
}

static void
pairs_set(struct option_pair **pairs, enum option_source **sources,
          size_t *count, enum option_source source,
          const struct option_value *value)
{
    const char *text = value->text + value->key_size + 1;
    for (size_t i = 0; i < *count; i++) {
        struct option_pair *pair = &(*pairs)[i];
        if (strlen(pair->key) != value->key_size ||
            memcmp(pair->key, value->text, value->key_size) != 0)
            continue;
        if (source >= (*sources)[i]) {
            free(pair->value);
            pair->value = xstrdup(text);
            (*sources)[i] = source;
        }
        return;
    }
    *pairs = xrealloc(*pairs, (*count + 1) * sizeof((*pairs)[0]));
    *sources = xrealloc(*sources, (*count + 1) * sizeof((*sources)[0]));
    (*pairs)[*count] = (struct option_pair){
        .key = xstrndup(value->text, value->key_size),
        .value = xstrdup(text),
    };
    (*sources)[(*count)++] = source;
}

/* "User-Api" is "user_api", in place. */
static char *
service_key(char *name)
{
    for (char *p = name; *p != '\0'; p++)
        *p = *p == '-' ? '_' : (char)tolower((unsigned char)*p);
    return name;
}

static void
service_set(struct options_state *state, enum option_source source,
            const struct option_value *value)
{
    struct options *options = &state->values;
    char *text = xstrdup(value->text);
    text[value->key_size] = '\0';
    service_key(text);
    text[value->key_size] = '=';
    struct option_value renamed = *value;
    renamed.text = text;
    pairs_set(&options->services, &state->service_sources,
              &options->service_count, source, &renamed);
    free(text);
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
    enum option_source before =
        strongest_of(*given_of(state, spec_named("quiet")) |
                     *given_of(state, spec_named("verbose")));
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

/* Pairs of a weaker source stay, where no stronger one has the same key. */
static bool
is_merged(enum option_kind kind)
{
    return kind == OPTION_KIND_ENV || kind == OPTION_KIND_TAG ||
           kind == OPTION_KIND_SERVICE;
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
        pairs_set(&options->env, &state->env_sources, &options->env_count,
                  source, value);
        break;
    case OPTION_KIND_TAG:
        pairs_set(&options->tags, &state->tag_sources, &options->tag_count,
                  source, value);
        break;
    case OPTION_KIND_SERVICE:
        service_set(state, source, value);
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
    source_set *given = given_of(state, spec);
    enum option_source before = strongest_of(*given);
    if (source >= before || is_merged(spec->kind))
        keep(state, spec, source, source > before, value);
    add_source(given, source);
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
    option_list_finish(&options->scenarios);
    option_list_finish(&options->only_tags);
    option_list_finish(&options->headers);
    option_list_finish(&options->outputs);
    thresholds_finish(options);
    workloads_finish(options);
    free(options->stages);
    free(options->workload);
    option_pairs_finish(options->env, options->env_count);
    option_pairs_finish(options->tags, options->tag_count);
    option_pairs_finish(options->services, options->service_count);
    free(options->config);
    free(options->jobs);
    free(options->base_url);
    free(options->precheck);
    free(options->timeline);
    free(state->env_sources);
    free(state->tag_sources);
    free(state->service_sources);
    free(state);
}

enum option_source
options_source(const struct options *options, const char *name)
{
    const struct options_state *state = (const void *)options;
    const struct option_spec *spec = spec_named(name);
    assert(spec != NULL);
    return strongest_of(state->given[spec - option_table]);
}

bool
options_is_given(const struct options *options, const char *name)
{
    return options_source(options, name) > OPTION_DEFAULT;
}

/* Those whose strongest source is `strongest` and that `also` has given, but
 * for pairs. */
static void
list_names(const struct options *options, enum option_source strongest,
           enum option_source also, bool with_pairs, struct option_list *out)
{
    const struct options_state *state = (const void *)options;
    for (size_t i = 0; i <= OPTION_TABLE_SIZE; i++) {
        bool is_option = i < OPTION_TABLE_SIZE;
        source_set given = is_option ? state->given[i] : state->workloads_given;
        if (strongest_of(given) != strongest || (given & 1U << also) == 0)
            continue;
        char name[OPTION_SPELLING_SIZE];
        if (is_option && !with_pairs && is_merged(option_table[i].kind))
            continue;
        option_spell(also, is_option ? option_table[i].name : "workloads",
                     name);
        option_list_append(out, name);
    }
}

void
options_list_overruled(const struct options *options, enum option_source weaker,
                       enum option_source stronger, struct option_list *out)
{
    list_names(options, stronger, weaker, false, out);
}

void
options_list_given(const struct options *options, enum option_source source,
                   struct option_list *out)
{
    list_names(options, source, source, true, out);
}

const char *
options_service(const struct options *options, const char *name)
{
    char *key = service_key(xstrdup(name));
    const char *url = NULL;
    for (size_t i = 0; i < options->service_count && url == NULL; i++) {
        if (strcmp(options->services[i].key, key) == 0)
            url = options->services[i].value;
    }
    free(key);
    return url;
}

bool
options_set(struct options *options, enum option_source source,
            const char *name, const char *value, struct err *err)
{
    const struct option_spec *spec = spec_named(name);
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
    bool wins = source >= strongest_of(*given);
    add_source(given, source);
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
    source_set *given = given_of(state_of(options), spec_named("threshold"));
    enum option_source before = strongest_of(*given);
    add_source(given, source);
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
