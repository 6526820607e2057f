#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "output/request_form.h"

#define HEAD_SIZE 64
#define REQUEST_SIZE 120
#define MAX_TEXTS 50000

enum record_type {
    RECORD_ENDPOINT = 1, /* what a number for an endpoint stands for */
    RECORD_KIND = 2,     /* ... for a kind of failure */
    RECORD_REQUEST = 3,
    RECORD_END = 4,
};

struct text {
    uint32_t id; /* from 1 */
    UT_hash_handle hh;
    char text[];
};

struct names {
    struct text *endpoints, *kinds;
    struct buf key;
};

static void
add_number(struct buf *out, uint64_t value, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    buf_append(out, bytes, size);
}

static void
add_record_head(struct buf *out, enum record_type type, size_t size)
{
    add_number(out, (uint64_t)type, 4);
    add_number(out, size, 4);
}

static void
add_padding(struct buf *out, size_t size)
{
    static const char zeros[8];
    buf_append(out, zeros, -size & 7);
}

/* The number of a text, told to the reader at its first use. */
static uint32_t
number_of(struct text **texts, enum record_type type, const char *text,
          struct buf *out)
{
    struct text *found;
    HASH_FIND_STR(*texts, text, found);
    if (found != NULL)
        return found->id;
    if (HASH_COUNT(*texts) >= MAX_TEXTS)
        return 0;
    size_t size = strlen(text);
    found = xmalloc(sizeof(*found) + size + 1);
    memcpy(found->text, text, size + 1);
    found->id = HASH_COUNT(*texts) + 1;
    HASH_ADD_KEYPTR(hh, *texts, found->text, size, found);
    add_record_head(out, type, 16 + ((size + 7) & ~(size_t)7));
    add_number(out, found->id, 4);
    add_number(out, size, 4);
    buf_append(out, text, size);
    add_padding(out, size);
    return found->id;
}

static void *
create(void)
{
    return xcalloc(1, sizeof(struct names));
}

static void
head(void *data, struct buf *out, const struct result *result)
{
    char started_at[32] = "";
    snprintf(started_at, sizeof(started_at), "%s", result->started_at);
    buf_append(out, "MOLOREQ1", 8);
    add_number(out, HEAD_SIZE, 4);
    add_number(out, REQUEST_SIZE, 4);
    buf_append(out, started_at, sizeof(started_at));
    add_number(out, result->plan->options->seed, 8);
    add_number(out, 0, 8);
}

static void
add_entry(void *data, struct buf *out, const struct request_entry *entry)
{
    struct names *names = data;
    const struct request_sample *s = &entry->sample;
    buf_clear(&names->key);
    buf_printf(&names->key, "%s %s", s->method, s->name);
    uint32_t endpoint =
        number_of(&names->endpoints, RECORD_ENDPOINT, names->key.data, out);
    uint32_t kind = s->kind != NULL
                        ? number_of(&names->kinds, RECORD_KIND, s->kind, out)
                        : 0;
    add_record_head(out, RECORD_REQUEST, REQUEST_SIZE);
    const nsec_t times[] = {entry->at, s->duration, s->dns,  s->connect,
                            s->tls,    s->send,     s->wait, s->receive};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        add_number(out, (uint64_t)times[i], 8);
    add_number(out, s->bytes_sent, 8);
    add_number(out, s->bytes_received, 8);
    add_number(out, (uint64_t)s->step, 8);
    add_number(out, (uint64_t)s->worker_id, 4);
    add_number(out, endpoint, 4);
    add_number(out, (uint64_t)s->status, 2);
    add_number(out, s->failed, 1);
    add_number(out, kind, 1);
    add_number(out, s->sends, 4);
    add_number(out, (uint64_t)s->response, 8);
}

static void
end(void *data, struct buf *out, const struct outputs_log *log)
{
    add_record_head(out, RECORD_END, 24);
    add_number(out, log->written, 8);
    add_number(out, log->dropped, 8);
}

static void
free_texts(struct text **texts)
{
    struct text *text, *next;
    HASH_ITER (hh, *texts, text, next) {
        HASH_DEL(*texts, text);
        free(text);
    }
}

static void
destroy(void *data)
{
    struct names *names = data;
    free_texts(&names->endpoints);
    free_texts(&names->kinds);
    buf_finish(&names->key);
    free(names);
}

const struct request_form request_records = {
    .create = create,
    .destroy = destroy,
    .head = head,
    .entry = add_entry,
    .end = end,
};
