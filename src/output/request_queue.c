#include "output/request_queue.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TEXT_MAX 1000

/* What stands in the ring: a size that includes the texts, then the entry. An
 * entry never wraps: where it would, the rest of the ring is skipped. */
struct slot {
    size_t size; /* multiple of its alignment */
    bool skipped;
    struct request_entry entry;
    char texts[];
};

/* The end of the ring has room for that much of a slot at least. */
_Static_assert(offsetof(struct slot, entry) <= _Alignof(max_align_t),
               "a skipped slot must fit wherever the ring ends");

struct request_queue {
    char *ring;
    size_t size;
    /* They only grow; the place in the ring is the remainder. */
    atomic_size_t put, taken;
    atomic_ullong dropped;
};

struct request_queue *
request_queue_create(size_t size_bytes)
{
    assert((size_bytes & (size_bytes - 1)) == 0);
    struct request_queue *queue = xcalloc(1, sizeof(*queue));
    queue->ring = xmalloc(size_bytes);
    queue->size = size_bytes;
    return queue;
}

void
request_queue_destroy(struct request_queue *queue)
{
    if (queue == NULL)
        return;
    free(queue->ring);
    free(queue);
}

static struct slot *
slot_at(const struct request_queue *queue, size_t position)
{
    return (struct slot *)(void *)(queue->ring +
                                   (position & (queue->size - 1)));
}

static size_t
text_size(const char *text)
{
    return text != NULL ? strnlen(text, TEXT_MAX) + 1 : 0;
}

static const char *
copy_text(char **to, const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = *to;
    size_t size = text_size(text);
    memcpy(copy, text, size - 1);
    copy[size - 1] = '\0';
    *to += size;
    return copy;
}

bool
request_queue_put(struct request_queue *queue, nsec_t at,
                  const struct request_sample *sample)
{
    size_t put = atomic_load_explicit(&queue->put, memory_order_relaxed);
    size_t taken = atomic_load_explicit(&queue->taken, memory_order_acquire);
    size_t alignment = _Alignof(max_align_t);
    size_t size = sizeof(struct slot) + text_size(sample->method) +
                  text_size(sample->name) + text_size(sample->kind);
    size = (size + alignment - 1) & ~(alignment - 1);
    size_t to_end = queue->size - (put & (queue->size - 1));
    size_t skip = to_end < size ? to_end : 0;
    if (queue->size - (put - taken) < skip + size) {
        atomic_fetch_add_explicit(&queue->dropped, 1, memory_order_relaxed);
        return false;
    }
    if (skip > 0) {
        struct slot *slot = slot_at(queue, put);
        slot->size = skip;
        slot->skipped = true;
    }
    struct slot *slot = slot_at(queue, put + skip);
    *slot = (struct slot){
        .size = size,
        .entry = {.at = at, .sample = *sample},
    };
    struct request_sample *copy = &slot->entry.sample;
    char *texts = slot->texts;
    copy->method = copy_text(&texts, sample->method);
    copy->name = copy_text(&texts, sample->name);
    copy->kind = copy_text(&texts, sample->kind);
    atomic_store_explicit(&queue->put, put + skip + size, memory_order_release);
    return true;
}

const struct request_entry *
request_queue_first(struct request_queue *queue)
{
    size_t taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
    size_t put = atomic_load_explicit(&queue->put, memory_order_acquire);
    if (taken == put)
        return NULL;
    const struct slot *slot = slot_at(queue, taken);
    if (slot->skipped) {
        taken += slot->size;
        atomic_store_explicit(&queue->taken, taken, memory_order_release);
        slot = slot_at(queue, taken);
    }
    return &slot->entry;
}

void
request_queue_take(struct request_queue *queue)
{
    size_t taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
    taken += slot_at(queue, taken)->size;
    atomic_store_explicit(&queue->taken, taken, memory_order_release);
}

uint64_t
request_queue_dropped(const struct request_queue *queue)
{
    return atomic_load_explicit(&queue->dropped, memory_order_relaxed);
}
