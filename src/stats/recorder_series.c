#define uthash_malloc(size) xmalloc(size)

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "stats/recorder_internal.h"

/* Beyond these, look-ups become slower and memory does not grow. A series has
 * several references when it is recorded in several contexts. */
#define MAX_REFS (16 * RECORDER_MAX_SERIES)
#define MAX_CONTEXTS (4 * RECORDER_MAX_SERIES)

/* --- contexts --- */

static void
append_word(struct buf *key, const char *word)
{
    /* No value is told apart from an empty one. */
    const char *text = word != NULL ? word : "\1";
    buf_append(key, text, strlen(text) + 1);
}

/* The one of the key that was just written; NULL if there is none. */
static struct recorder_context *
find_context(struct recorder *recorder)
{
    struct recorder_context *context;
    HASH_FIND(hh, recorder->contexts, recorder->key.data, recorder->key.size,
              context);
    return context;
}

static struct recorder_context *
add_context(struct recorder *recorder)
{
    struct recorder_context *context = xcalloc(1, sizeof(*context));
    context->key = xmalloc(recorder->key.size);
    memcpy(context->key, recorder->key.data, recorder->key.size);
    HASH_ADD_KEYPTR(hh, recorder->contexts, context->key, recorder->key.size,
                    context);
    return context;
}

/* The set of these tags and the packed ones. */
static const struct tag_set *
make_set(struct recorder *recorder, const struct tag *tags, size_t count,
         const char *packed, size_t size)
{
    size_t more = tags_count(packed, size);
    struct tag *all = xcalloc(count + more + 1, sizeof(*all));
    memcpy(all, tags, count * sizeof(*all));
    const char *end = size > 0 ? packed + size : packed;
    for (size_t i = count; tags_next(&packed, end, &all[i]); i++)
        ;
    const struct tag_set *set =
        tag_table_add(recorder->snapshot->tags, all, count + more);
    free(all);
    return set;
}

static const char *
fixed_phase(const char *phase)
{
    return strcmp(phase, "setup") == 0      ? "setup"
           : strcmp(phase, "teardown") == 0 ? "teardown"
                                            : "run";
}

const struct recorder_context *
recorder_context(struct recorder *recorder,
                 const struct recorder_labels *labels)
{
    const struct tag tags[] = {
        {"workload", labels->workload},
        {"scenario", labels->scenario},
        {"role", labels->role},
        {"phase", labels->phase},
    };
    size_t count = sizeof(tags) / sizeof(tags[0]);
    struct buf *key = &recorder->key;
    buf_clear(key);
    buf_append(key, labels->scheduled ? "s" : "-", 1);
    for (size_t i = 0; i < count; i++)
        append_word(key, tags[i].value);
    if (labels->tags_size > 0)
        buf_append(key, labels->tags, labels->tags_size);
    struct recorder_context *context = find_context(recorder);
    if (context != NULL)
        return context;
    context = add_context(recorder);
    context->tags =
        make_set(recorder, tags, count, labels->tags, labels->tags_size);
    context->phase = fixed_phase(labels->phase);
    context->in_run = strcmp(labels->phase, "run") == 0;
    context->scheduled = labels->scheduled;
    if (labels->workload != NULL)
        context->workload =
            snapshot_workload(recorder->snapshot, labels->workload);
    return context;
}

/* Instead of one more: all that belongs to this one's owner. */
static const struct recorder_context *
crowded_context(struct recorder *recorder, const struct recorder_context *base)
{
    buf_clear(&recorder->key);
    buf_append(&recorder->key, "crowd", 5);
    buf_append(&recorder->key, &base, sizeof(base));
    struct recorder_context *context = find_context(recorder);
    if (context != NULL)
        return context;
    context = add_context(recorder);
    context->tags = base->tags;
    context->phase = base->phase;
    context->workload = base->workload;
    context->in_run = base->in_run;
    context->scheduled = base->scheduled;
    context->crowded = true;
    return context;
}

const struct recorder_context *
recorder_context_with(struct recorder *recorder,
                      const struct recorder_context *base, const char *tags,
                      size_t tags_size)
{
    base = recorder_context_or_nobody(recorder, base);
    if (tags_size == 0)
        return base;
    buf_clear(&recorder->key);
    buf_append(&recorder->key, "with", 4);
    buf_append(&recorder->key, &base, sizeof(base));
    buf_append(&recorder->key, tags, tags_size);
    struct recorder_context *context = find_context(recorder);
    if (context != NULL)
        return context;
    if (HASH_COUNT(recorder->contexts) >= MAX_CONTEXTS)
        return crowded_context(recorder, base);
    context = add_context(recorder);
    context->tags = make_set(recorder, base->tags->tags, base->tags->count,
                             tags, tags_size);
    context->phase = base->phase;
    context->workload = base->workload;
    context->in_run = base->in_run;
    context->scheduled = base->scheduled;
    return context;
}

/* --- series --- */

/* A place where series are kept, and what it is called. */
struct place {
    struct series **rows;
    const char *what;
    bool *warned;
};

static void
warn(const struct place *place, bool crowded)
{
    if (*place->warned)
        return;
    *place->warned = true;
    if (crowded) {
        log_warning("more than %d different combinations of tags were given: "
                    "%s under further ones are counted as name \"other\"; use "
                    "a tag for what has few values",
                    MAX_CONTEXTS, place->what);
        return;
    }
    size_t values;
    const char *tag = series_widest_tag(*place->rows, &values);
    bool requests = tag != NULL && strcmp(tag, "name") == 0;
    log_warning("more than %d series of %s: the tag '%s' has %zu different "
                "values. Further ones are counted as name \"other\"%s",
                RECORDER_MAX_SERIES, place->what, tag != NULL ? tag : "",
                values,
                requests ? "; give those of one kind one `name`"
                         : "; use a tag for what has few values");
}

/* What a share or an outcome is made of is told apart in "other" too. */
static const char *
value_of(const struct tag *labels, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(labels[i].name, name) == 0)
            return labels[i].value;
    }
    return NULL;
}

static struct series *
other_series(struct recorder *recorder, const struct place *place,
             const struct recorder_context *context, const struct tag *labels,
             size_t count)
{
    const char *failed = value_of(labels, count, "failed");
    const char *status =
        failed == NULL ? value_of(labels, count, "status") : NULL;
    const struct tag tags[] = {
        {"phase", context->phase},
        {"name", "other"},
        {"failed", failed},
        {"status", status},
    };
    return series_add(place->rows,
                      tag_table_add(recorder->snapshot->tags, tags,
                                    sizeof(tags) / sizeof(tags[0])));
}

/* Without making anything if there are too many: NULL then. */
static struct series *
find_series(struct recorder *recorder, const struct place *place,
            const struct recorder_context *context, const struct tag *labels,
            size_t count)
{
    const struct tag_set *base = context->tags;
    if (recorder->scratch_size < base->count + count) {
        recorder->scratch_size = base->count + count;
        recorder->scratch =
            xrealloc(recorder->scratch,
                     recorder->scratch_size * sizeof(*recorder->scratch));
    }
    struct tag *all = recorder->scratch;
    memcpy(all, base->tags, base->count * sizeof(*all));
    if (count > 0)
        memcpy(all + base->count, labels, count * sizeof(*all));
    struct tag_table *table = recorder->snapshot->tags;
    size_t total = base->count + count;
    if (HASH_COUNT(*place->rows) < RECORDER_MAX_SERIES)
        return series_add(place->rows, tag_table_add(table, all, total));
    const struct tag_set *set = tag_table_find(table, all, total);
    return set != NULL ? series_find(*place->rows, set) : NULL;
}

static struct series_ref *
add_ref(struct recorder *recorder, const struct series_ref *found)
{
    struct series_ref *ref = xmalloc(sizeof(*ref));
    *ref = *found;
    ref->key = xmalloc(recorder->key.size);
    memcpy(ref->key, recorder->key.data, recorder->key.size);
    HASH_ADD_KEYPTR(hh, recorder->refs, ref->key, recorder->key.size, ref);
    return ref;
}

static struct series_ref *
find_ref(struct recorder *recorder, const struct place *place,
         const struct recorder_context *context, const struct tag *labels,
         size_t count)
{
    struct buf *key = &recorder->key;
    buf_clear(key);
    const void *const owners[] = {place->rows, context};
    buf_append(key, owners, sizeof(owners));
    for (size_t i = 0; i < count; i++)
        append_word(key, labels[i].value);
    struct series_ref *ref;
    HASH_FIND(hh, recorder->refs, key->data, key->size, ref);
    if (ref != NULL)
        return ref;
    recorder->loose = (struct series_ref){
        .series = context->crowded
                      ? NULL
                      : find_series(recorder, place, context, labels, count),
    };
    if (recorder->loose.series == NULL) {
        warn(place, context->crowded);
        recorder->loose.series =
            other_series(recorder, place, context, labels, count);
        return &recorder->loose;
    }
    if (HASH_COUNT(recorder->refs) >= MAX_REFS)
        return &recorder->loose;
    return add_ref(recorder, &recorder->loose);
}

struct series_ref *
recorder_ref(struct recorder *recorder, enum series_kind kind,
             const struct recorder_context *context, const struct tag *labels,
             size_t count)
{
    static const char *const names[SERIES_KINDS] = {
        [SERIES_REQUESTS] = "requests",
        [SERIES_RUNS] = "runs",
        [SERIES_CHECKS] = "checks",
        [SERIES_ERRORS] = "errors",
        [SERIES_TRANSACTIONS] = "transactions",
        [SERIES_EVENTS] = "server-sent events",
        [SERIES_SOCKETS] = "WebSockets",
    };
    return find_ref(recorder,
                    &(struct place){
                        .rows = &recorder->snapshot->series[kind],
                        .what = names[kind],
                        .warned = &recorder->warned[kind],
                    },
                    recorder_context_or_nobody(recorder, context), labels,
                    count);
}

struct series *
recorder_series(struct recorder *recorder, enum series_kind kind,
                const struct recorder_context *context,
                const struct tag *labels, size_t count)
{
    return recorder_ref(recorder, kind, context, labels, count)->series;
}

struct endpoint_stats *
recorder_endpoint(struct recorder *recorder, struct series_ref *ref,
                  const char *method, const char *name)
{
    if (ref->endpoint != NULL)
        return ref->endpoint;
    struct snapshot *s = recorder->snapshot;
    ref->endpoint = HASH_COUNT(s->endpoints) < RECORDER_MAX_SERIES
                        ? snapshot_endpoint(s, method, name)
                        : snapshot_find_endpoint(s, method, name);
    if (ref->endpoint == NULL)
        ref->endpoint = snapshot_endpoint(s, "*", "other");
    return ref->endpoint;
}

struct series *
recorder_custom_series(struct recorder *recorder, struct custom_metric *metric,
                       const struct recorder_context *context)
{
    return find_ref(recorder,
                    &(struct place){
                        .rows = &metric->series,
                        .what = metric->name,
                        .warned = &metric->warned,
                    },
                    recorder_context_or_nobody(recorder, context), NULL, 0)
        ->series;
}

void
recorder_finish_series(struct recorder *recorder)
{
    struct series_ref *ref, *next_ref;
    HASH_ITER (hh, recorder->refs, ref, next_ref) {
        HASH_DEL(recorder->refs, ref);
        free(ref->key);
        free(ref);
    }
    struct recorder_context *context, *next_context;
    HASH_ITER (hh, recorder->contexts, context, next_context) {
        HASH_DEL(recorder->contexts, context);
        free(context->key);
        free(context);
    }
    free(recorder->scratch);
    buf_finish(&recorder->key);
}
