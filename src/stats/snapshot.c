#define uthash_malloc(size) xmalloc(size)

#include "stats/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Every map is keyed by a string that its rows own. */
#define FIND(rows, key, size, found) HASH_FIND(hh, rows, key, size, found)
#define ADD(rows, key, row) \
    HASH_ADD_KEYPTR(hh, rows, (row)->key, strlen((row)->key), row)

struct snapshot *
snapshot_create(void)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));
    s->tags = tag_table_create();
    return s;
}

static void
destroy_roles(struct scenario_stats *scenario)
{
    struct role_stats *row, *next;
    HASH_ITER (hh, scenario->roles, row, next) {
        HASH_DEL(scenario->roles, row);
        free(row->name);
        free(row);
    }
}

static void
destroy_scenarios(struct snapshot *s)
{
    struct scenario_stats *row, *next;
    HASH_ITER (hh, s->scenarios, row, next) {
        HASH_DEL(s->scenarios, row);
        destroy_roles(row);
        free(row->name);
        free(row);
    }
}

static void
destroy_workloads(struct snapshot *s)
{
    struct workload_stats *row, *next;
    HASH_ITER (hh, s->workloads, row, next) {
        HASH_DEL(s->workloads, row);
        hist_destroy(row->start_lag);
        free(row->name);
        free(row);
    }
}

static void
destroy_endpoints(struct snapshot *s)
{
    struct endpoint_stats *row, *next;
    HASH_ITER (hh, s->endpoints, row, next) {
        HASH_DEL(s->endpoints, row);
        hist_destroy(row->duration);
        free(row->key);
        free(row->method);
        free(row->name);
        free(row);
    }
}

static void
destroy_checks(struct snapshot *s)
{
    struct check_stats *row, *next;
    HASH_ITER (hh, s->checks, row, next) {
        HASH_DEL(s->checks, row);
        free(row->name);
        free(row);
    }
}

static void
destroy_errors(struct snapshot *s)
{
    struct error_stats *row, *next;
    HASH_ITER (hh, s->errors, row, next) {
        HASH_DEL(s->errors, row);
        free(row->key);
        free(row->kind);
        free(row->message);
        free(row->first.where);
        free(row);
    }
}

static void
destroy_coords(struct snapshot *s)
{
    struct coord_stats *row, *next;
    HASH_ITER (hh, s->coords, row, next) {
        HASH_DEL(s->coords, row);
        hist_destroy(row->wait);
        hist_destroy(row->skew);
        hist_destroy(row->release);
        hist_destroy(row->propagation);
        hist_destroy(row->visibility);
        hist_destroy(row->round);
        hist_destroy(row->held);
        hist_destroy(row->depth);
        free(row->key);
        free(row->label);
        free(row->type);
        free(row);
    }
}

void
snapshot_destroy(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    for (int i = 0; i < TREND_COUNT; i++)
        hist_destroy(snapshot->trends[i]);
    destroy_scenarios(snapshot);
    destroy_workloads(snapshot);
    destroy_endpoints(snapshot);
    destroy_checks(snapshot);
    destroy_errors(snapshot);
    destroy_coords(snapshot);
    for (int kind = 0; kind < SERIES_KINDS; kind++)
        series_destroy(&snapshot->series[kind]);
    custom_destroy(&snapshot->custom);
    tag_table_destroy(snapshot->tags);
    buf_finish(&snapshot->key);
    free(snapshot);
}

void
snapshot_give_up_runs(struct snapshot *snapshot)
{
    struct snapshot *s = snapshot;
    s->runs_interrupted = s->runs_started - s->runs_ok - s->runs_failed;
    for (struct workload_stats *w = s->workloads; w != NULL; w = w->hh.next)
        w->interrupted = w->started - w->ok - w->failed;
}

const char *
snapshot_trend_name(enum trend trend)
{
    static const char *const names[TREND_COUNT] = {
        [TREND_HTTP_REQ_DURATION] = "http_req_duration",
        [TREND_HTTP_REQ_RESPONSE] = "http_req_response",
        [TREND_HTTP_REQ_DNS] = "http_req_dns",
        [TREND_HTTP_REQ_CONNECT] = "http_req_connect",
        [TREND_HTTP_REQ_TLS] = "http_req_tls",
        [TREND_HTTP_REQ_SEND] = "http_req_send",
        [TREND_HTTP_REQ_WAIT] = "http_req_wait",
        [TREND_HTTP_REQ_RECEIVE] = "http_req_receive",
        [TREND_RUN_DURATION] = "run_duration",
        [TREND_RUN_ACTIVE] = "run_active",
        [TREND_START_LAG] = "start_lag",
        [TREND_COORD_WAIT] = "coord_wait",
        [TREND_COORD_ROUND] = "coord_round",
        [TREND_COORD_SKEW] = "coord_skew",
        [TREND_COORD_RELEASE] = "coord_release",
        [TREND_COORD_PROPAGATION] = "coord_propagation",
        [TREND_COORD_VISIBILITY] = "coord_visibility",
        [TREND_COORD_HELD] = "coord_held",
        [TREND_WS_CONNECTING] = "ws_connecting",
        [TREND_WS_SESSION_DURATION] = "ws_session_duration",
        [TREND_WS_PING] = "ws_ping",
        [TREND_SSE_FIRST_EVENT] = "sse_first_event",
        [TREND_SSE_EVENT_GAP] = "sse_event_gap",
    };
    return names[trend];
}

/* A key of two parts in the snapshot's own buffer; valid until the next. */
static const struct buf *
join_key(struct snapshot *s, const char *first, char separator,
         const char *second)
{
    buf_clear(&s->key);
    buf_append_str(&s->key, first);
    buf_append(&s->key, &separator, 1);
    buf_append_str(&s->key, second);
    return &s->key;
}

const struct scenario_stats *
snapshot_find_scenario(const struct snapshot *s, const char *name)
{
    struct scenario_stats *row;
    FIND(s->scenarios, name, strlen(name), row);
    return row;
}

const struct workload_stats *
snapshot_find_workload(const struct snapshot *s, const char *name)
{
    struct workload_stats *row;
    FIND(s->workloads, name, strlen(name), row);
    return row;
}

struct scenario_stats *
snapshot_scenario(struct snapshot *s, const char *name)
{
    struct scenario_stats *row;
    FIND(s->scenarios, name, strlen(name), row);
    if (row != NULL)
        return row;
    row = xcalloc(1, sizeof(*row));
    row->name = xstrdup(name);
    ADD(s->scenarios, name, row);
    return row;
}

struct workload_stats *
snapshot_workload(struct snapshot *s, const char *name)
{
    struct workload_stats *row;
    FIND(s->workloads, name, strlen(name), row);
    if (row != NULL)
        return row;
    row = xcalloc(1, sizeof(*row));
    row->name = xstrdup(name);
    ADD(s->workloads, name, row);
    return row;
}

struct role_stats *
snapshot_role(struct scenario_stats *scenario, const char *role)
{
    struct role_stats *row;
    FIND(scenario->roles, role, strlen(role), row);
    if (row != NULL)
        return row;
    row = xcalloc(1, sizeof(*row));
    row->name = xstrdup(role);
    ADD(scenario->roles, name, row);
    return row;
}

struct endpoint_stats *
snapshot_find_endpoint(struct snapshot *s, const char *method, const char *name)
{
    const struct buf *key = join_key(s, method, ' ', name);
    struct endpoint_stats *row;
    FIND(s->endpoints, key->data, key->size, row);
    return row;
}

struct endpoint_stats *
snapshot_endpoint(struct snapshot *s, const char *method, const char *name)
{
    struct endpoint_stats *row = snapshot_find_endpoint(s, method, name);
    if (row != NULL)
        return row;
    row = xcalloc(1, sizeof(*row));
    row->key = xstrdup(s->key.data);
    row->method = xstrdup(method);
    row->name = xstrdup(name);
    ADD(s->endpoints, key, row);
    return row;
}

struct check_stats *
snapshot_check(struct snapshot *s, const char *name)
{
    struct check_stats *row;
    FIND(s->checks, name, strlen(name), row);
    if (row != NULL)
        return row;
    row = xcalloc(1, sizeof(*row));
    row->name = xstrdup(name);
    ADD(s->checks, name, row);
    return row;
}

struct coord_stats *
snapshot_coord(struct snapshot *s, const char *type, const char *label)
{
    const struct buf *key = join_key(s, type, ' ', label);
    struct coord_stats *row;
    FIND(s->coords, key->data, key->size, row);
    if (row != NULL)
        return row;
    row = xcalloc(1, sizeof(*row));
    row->key = xstrdup(key->data);
    row->type = xstrdup(type);
    row->label = xstrdup(label);
    ADD(s->coords, key, row);
    return row;
}

/* Errors of coordination tell of steps, rounds and workers, and every step
 * would have a row of its own. */
static bool
differs_in_numbers(const char *kind)
{
    static const char *const kinds[] = {
        "broken", "closed", "deadlock", "exhausted", "leaked", "timeout",
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

/* Each number in the key's text becomes one '#'. */
static void
drop_numbers(struct buf *key)
{
    size_t size = 0;
    for (size_t i = 0; i < key->size; i++) {
        bool digit = key->data[i] >= '0' && key->data[i] <= '9';
        if (!digit)
            key->data[size++] = key->data[i];
        else if (size == 0 || key->data[size - 1] != '#')
            key->data[size++] = '#';
    }
    key->data[size] = '\0';
    key->size = size;
}

/* "v1", by convention the version of an interface. */
static bool
is_version(const char *part, size_t size)
{
    return *part == 'v' && size <= 3 &&
           strspn(part + 1, "0123456789") >= size - 1;
}

/* So is each part of a URL's path or query that has a digit in it, or every
 * item and every user would have a row. Its host keeps its numbers. */
static void
drop_ids(struct buf *key)
{
    char *in = strstr(key->data, "://");
    if (in == NULL)
        return;
    in += strcspn(in + 3, "/ ") + 3;
    char *out = in;
    while (*in != '\0' && *in != ' ') {
        size_t size = strcspn(in, "/?&=: ");
        if (strcspn(in, "0123456789") < size && !is_version(in, size)) {
            *out++ = '#';
        } else {
            memmove(out, in, size);
            out += size;
        }
        in += size;
        if (*in != '\0' && *in != ' ')
            *out++ = *in++;
    }
    memmove(out, in, strlen(in) + 1);
    key->size = strlen(key->data);
}

struct error_stats *
snapshot_error(struct snapshot *s, const char *kind, const char *message)
{
    const struct buf *key = join_key(s, kind, '\n', message);
    if (differs_in_numbers(kind))
        drop_numbers(&s->key);
    else
        drop_ids(&s->key);
    struct error_stats *row;
    FIND(s->errors, key->data, key->size, row);
    if (row != NULL)
        return row;
    if (HASH_COUNT(s->errors) >= SNAPSHOT_MAX_ERRORS)
        return NULL;
    row = xcalloc(1, sizeof(*row));
    row->key = xstrdup(key->data);
    row->kind = xstrdup(kind);
    row->message = xstrdup(message);
    row->first = (struct error_first){.worker_id = -1, .where = xstrdup("")};
    ADD(s->errors, key, row);
    return row;
}
