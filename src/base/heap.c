#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* Four children share a cache line of pointers, and the tree is half as deep as
 * a binary one. */
#define ARITY 4

static bool
before(const struct heap_node *a, const struct heap_node *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
put(struct heap *heap, size_t i, struct heap_node *node)
{
    heap->nodes[i] = node;
    node->slot = i + 1;
}

static void
sift_up(struct heap *heap, size_t i, struct heap_node *node)
{
    while (i > 0) {
        size_t parent = (i - 1) / ARITY;
        if (!before(node, heap->nodes[parent]))
            break;
        put(heap, i, heap->nodes[parent]);
        i = parent;
    }
    put(heap, i, node);
}

static void
sift_down(struct heap *heap, size_t i, struct heap_node *node)
{
    for (;;) {
        size_t child = i * ARITY + 1;
        if (child >= heap->count)
            break;
        size_t end = child + ARITY;
        if (end > heap->count)
            end = heap->count;
        size_t least = child;
        while (++child < end) {
            if (before(heap->nodes[child], heap->nodes[least]))
                least = child;
        }
        if (!before(heap->nodes[least], node))
            break;
        put(heap, i, heap->nodes[least]);
        i = least;
    }
    put(heap, i, node);
}

void
heap_finish(struct heap *heap)
{
    for (size_t i = 0; i < heap->count; i++)
        heap->nodes[i]->slot = 0;
    free(heap->nodes);
    *heap = (struct heap){0};
}

void
heap_insert(struct heap *heap, struct heap_node *node, nsec_t at)
{
    assert(node->slot == 0);
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity > 0 ? heap->capacity * 2 : 16;
        heap->nodes =
            xrealloc(heap->nodes, heap->capacity * sizeof(heap->nodes[0]));
    }
    node->at = at;
    node->order = heap->next_order++;
    heap->count++;
    sift_up(heap, heap->count - 1, node);
}

void
heap_remove(struct heap *heap, struct heap_node *node)
{
    if (node->slot == 0)
        return;
    size_t i = node->slot - 1;
    assert(i < heap->count && heap->nodes[i] == node);
    node->slot = 0;
    struct heap_node *last = heap->nodes[--heap->count];
    if (last == node)
        return;
    if (i > 0 && before(last, heap->nodes[(i - 1) / ARITY]))
        sift_up(heap, i, last);
    else
        sift_down(heap, i, last);
}

/* Children are not before their parent: who is after `at` hides all below. */
static nsec_t
next_after(const struct heap *heap, size_t i, nsec_t at)
{
    if (heap->nodes[i]->at > at)
        return heap->nodes[i]->at;
    nsec_t earliest = NSEC_NEVER;
    size_t end = i * ARITY + 1 + ARITY;
    for (size_t child = i * ARITY + 1; child < end; child++) {
        if (child >= heap->count)
            break;
        nsec_t found = next_after(heap, child, at);
        if (found < earliest)
            earliest = found;
    }
    return earliest;
}

nsec_t
heap_next_after(const struct heap *heap, nsec_t at)
{
    return heap->count > 0 ? next_after(heap, 0, at) : NSEC_NEVER;
}
