#ifndef MOLO_BASE_HEAP_H
#define MOLO_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* Intrusive min-heap of deadlines. Equal deadlines leave in the order they were
 * inserted. The heap borrows its nodes; a node is in one heap at most. */
struct heap_node {
    nsec_t at;
    size_t slot; /* 1-based place in the heap; 0: not in one */
    unsigned long order;
};

struct heap {
    struct heap_node **nodes;
    size_t count, capacity;
    unsigned long next_order;
};

void heap_finish(struct heap *heap); /* a zeroed struct heap is empty */
void heap_insert(struct heap *heap, struct heap_node *node, nsec_t at);
void heap_remove(struct heap *heap, struct heap_node *node); /* not in: no-op */
/* The earliest deadline after `at`; NSEC_NEVER: none. Takes the longer the more
 * deadlines are not after it. */
nsec_t heap_next_after(const struct heap *heap, nsec_t at);

static inline struct heap_node *
heap_first(const struct heap *heap)
{
    return heap->count > 0 ? heap->nodes[0] : NULL;
}

static inline bool
heap_contains(const struct heap_node *node)
{
    return node->slot != 0;
}

#endif
