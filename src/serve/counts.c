#include "serve/counts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/mem.h"

/* Requests to more paths, or to longer ones, are counted together. */
#define PATHS_MAX 10000
#define PATH_SIZE_MAX 1000
#define STATUS_COUNT 600
static const char other_paths[] = "other";

struct path_count {
    char *key;
    uint64_t requests;
    UT_hash_handle hh;
};

struct counts {
    pthread_mutex_t mutex;
    uint64_t epoch;
    uint64_t requests, bytes_received, body_bytes_received, unanswered;
    uint64_t statuses[STATUS_COUNT];
    uint64_t websockets[COUNT_WEBSOCKET_KINDS];
    struct path_count *paths;
};

static void
forget_paths(struct counts *counts)
{
    struct path_count *path, *next;
    HASH_ITER (hh, counts->paths, path, next) {
        HASH_DEL(counts->paths, path);
        free(path->key);
        free(path);
    }
}

/* The key is JSON text later: what is not printable ASCII is escaped. */
static void
append_escaped(struct buf *out, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c > 0x20 && c < 0x7f)
            buf_append(out, s, 1);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static void
add_path(struct counts *counts, const char *method, const char *path)
{
    struct buf key = {0};
    append_escaped(&key, method);
    buf_append_str(&key, " ");
    append_escaped(&key, path);
    struct path_count *entry = NULL;
    if (key.size <= PATH_SIZE_MAX)
        HASH_FIND_STR(counts->paths, key.data, entry);
    if (entry == NULL &&
        (key.size > PATH_SIZE_MAX || HASH_COUNT(counts->paths) >= PATHS_MAX)) {
        buf_clear(&key);
        buf_append_str(&key, other_paths);
        HASH_FIND_STR(counts->paths, key.data, entry);
    }
    if (entry == NULL) {
        entry = xcalloc(1, sizeof(*entry));
        entry->key = buf_take(&key);
        HASH_ADD_KEYPTR(hh, counts->paths, entry->key, strlen(entry->key),
                        entry);
    }
    entry->requests++;
    buf_finish(&key);
}

struct counts *
counts_create(void)
{
    struct counts *counts = xcalloc(1, sizeof(*counts));
    pthread_mutex_init(&counts->mutex, NULL);
    return counts;
}

void
counts_destroy(struct counts *counts)
{
    if (counts == NULL)
        return;
    forget_paths(counts);
    pthread_mutex_destroy(&counts->mutex);
    free(counts);
}

uint64_t
counts_add_request(struct counts *counts, const char *method, const char *path,
                   size_t head_size)
{
    pthread_mutex_lock(&counts->mutex);
    counts->requests++;
    counts->bytes_received += head_size;
    add_path(counts, method, path);
    uint64_t epoch = counts->epoch;
    pthread_mutex_unlock(&counts->mutex);
    return epoch;
}

void
counts_add_body(struct counts *counts, uint64_t epoch, size_t size)
{
    pthread_mutex_lock(&counts->mutex);
    if (epoch == counts->epoch) {
        counts->bytes_received += size;
        counts->body_bytes_received += size;
    }
    pthread_mutex_unlock(&counts->mutex);
}

void
counts_add_status(struct counts *counts, uint64_t epoch, unsigned status)
{
    pthread_mutex_lock(&counts->mutex);
    if (epoch == counts->epoch && status < STATUS_COUNT)
        counts->statuses[status]++;
    pthread_mutex_unlock(&counts->mutex);
}

void
counts_add_unanswered(struct counts *counts, uint64_t epoch)
{
    pthread_mutex_lock(&counts->mutex);
    if (epoch == counts->epoch)
        counts->unanswered++;
    pthread_mutex_unlock(&counts->mutex);
}

void
counts_add_websocket(struct counts *counts, enum count_websocket what)
{
    pthread_mutex_lock(&counts->mutex);
    counts->websockets[what]++;
    pthread_mutex_unlock(&counts->mutex);
}

void
counts_reset(struct counts *counts)
{
    pthread_mutex_lock(&counts->mutex);
    forget_paths(counts);
    memset(counts->statuses, 0, sizeof(counts->statuses));
    memset(counts->websockets, 0, sizeof(counts->websockets));
    counts->requests = 0;
    counts->bytes_received = 0;
    counts->body_bytes_received = 0;
    counts->unanswered = 0;
    counts->epoch++;
    pthread_mutex_unlock(&counts->mutex);
}

static json_t *
json_count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *
websockets_to_json(const uint64_t *counts)
{
    static const char *const names[COUNT_WEBSOCKET_KINDS] = {
        [COUNT_WEBSOCKET_OPENED] = "opened",
        [COUNT_WEBSOCKET_CLOSED] = "closed",
        [COUNT_WEBSOCKET_RECEIVED] = "messages_received",
        [COUNT_WEBSOCKET_SENT] = "messages_sent",
    };
    json_t *json = json_object();
    for (int i = 0; i < COUNT_WEBSOCKET_KINDS; i++)
        json_object_set_new(json, names[i], json_count(counts[i]));
    return json;
}

json_t *
counts_to_json(struct counts *counts)
{
    json_t *paths = json_object(), *statuses = json_object();
    pthread_mutex_lock(&counts->mutex);
    struct path_count *path, *next;
    HASH_ITER (hh, counts->paths, path, next)
        json_object_set_new(paths, path->key, json_count(path->requests));
    for (unsigned i = 0; i < STATUS_COUNT; i++) {
        if (counts->statuses[i] == 0)
            continue;
        char status[16];
        snprintf(status, sizeof(status), "%u", i);
        json_object_set_new(statuses, status, json_count(counts->statuses[i]));
    }
    json_t *json = json_object();
    json_object_set_new(json, "requests", json_count(counts->requests));
    json_object_set_new(json, "unanswered", json_count(counts->unanswered));
    json_object_set_new(json, "bytes_received",
                        json_count(counts->bytes_received));
    json_object_set_new(json, "body_bytes_received",
                        json_count(counts->body_bytes_received));
    json_object_set_new(json, "websockets",
                        websockets_to_json(counts->websockets));
    pthread_mutex_unlock(&counts->mutex);
    json_object_set_new(json, "paths", paths);
    json_object_set_new(json, "status", statuses);
    return json;
}
