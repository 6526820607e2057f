#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/rng.h"

#define COUNT 1000

static void
assert_is_heap(const struct heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        assert_int_equal(heap->nodes[i]->slot, i + 1);
        assert_true(heap_first(heap)->at <= heap->nodes[i]->at);
    }
}

static int
compare_nodes(const void *a, const void *b)
{
    const struct heap_node *x = *(struct heap_node *const *)a;
    const struct heap_node *y = *(struct heap_node *const *)b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void
test_empty(void **state)
{
    struct heap heap = {0};
    struct heap_node node = {0};
    assert_null(heap_first(&heap));
    assert_false(heap_contains(&node));
    heap_remove(&heap, &node);
    heap_finish(&heap);
}

/* Leaves in the order of a stable sort: the nodes are inserted in the order of
 * their addresses, and few distinct deadlines make many equal ones. */
static void
sorts_with(nsec_t highest, uint64_t seed)
{
    static struct heap_node nodes[COUNT];
    struct heap_node *sorted[COUNT];
    memset(nodes, 0, sizeof(nodes));
    struct heap heap = {0};
    struct rng rng;
    rng_init(&rng, seed, 0);
    for (size_t i = 0; i < COUNT; i++) {
        heap_insert(&heap, &nodes[i], rng_int(&rng, 0, highest));
        sorted[i] = &nodes[i];
    }
    assert_is_heap(&heap);
    qsort(sorted, COUNT, sizeof(sorted[0]), compare_nodes);
    for (size_t i = 0; i < COUNT; i++) {
        struct heap_node *first = heap_first(&heap);
        assert_ptr_equal(first, sorted[i]);
        heap_remove(&heap, first);
        assert_false(heap_contains(first));
    }
    assert_null(heap_first(&heap));
    heap_finish(&heap);
}

static void
test_sorts(void **state)
{
    static const nsec_t highest[] = {0, 1, 10, 1000, NSEC_NEVER - 1};
    for (size_t i = 0; i < sizeof(highest) / sizeof(highest[0]); i++)
        sorts_with(highest[i], i);
}

/* Against a plain array: insertions, removals from anywhere, in random order.
 */
static void
test_random_operations(void **state)
{
    static struct heap_node nodes[64];
    memset(nodes, 0, sizeof(nodes));
    struct heap heap = {0};
    struct rng rng;
    rng_init(&rng, 7, 0);
    size_t inside = 0;
    for (int step = 0; step < 20000; step++) {
        struct heap_node *node = &nodes[rng_int(&rng, 0, 63)];
        if (heap_contains(node)) {
            heap_remove(&heap, node);
            inside--;
        } else {
            heap_insert(&heap, node, rng_int(&rng, 0, 20));
            inside++;
        }
        assert_int_equal(heap.count, inside);
        const struct heap_node *least = NULL;
        for (size_t i = 0; i < 64; i++) {
            const struct heap_node *n = &nodes[i];
            if (heap_contains(n) &&
                (least == NULL || n->at < least->at ||
                 (n->at == least->at && n->order < least->order)))
                least = n;
        }
        assert_ptr_equal(heap_first(&heap), least);
    }
    assert_is_heap(&heap);
    heap_finish(&heap);
}

static void
test_reinserted_goes_behind_equals(void **state)
{
    struct heap heap = {0};
    struct heap_node a = {0}, b = {0};
    heap_insert(&heap, &a, 5);
    heap_insert(&heap, &b, 5);
    heap_remove(&heap, &a);
    heap_insert(&heap, &a, 5);
    assert_ptr_equal(heap_first(&heap), &b);
    heap_finish(&heap);
    assert_false(heap_contains(&a));
    assert_int_equal(heap.count, 0);
}

static void
test_next_after(void **state)
{
    struct heap heap = {0};
    assert_int_equal(heap_next_after(&heap, 0), NSEC_NEVER);
    static struct heap_node many[500];
    for (int i = 0; i < 500; i++)
        heap_insert(&heap, &many[i], i * 7919 % 500 / 5 * 10);
    /* Deadlines 0, 10 ... 990, five times each. */
    for (int at = -5; at < 990; at++) {
        int next = at < 0 ? 0 : at / 10 * 10 + 10;
        assert_int_equal(heap_next_after(&heap, at), next);
    }
    assert_int_equal(heap_next_after(&heap, 990), NSEC_NEVER);
    heap_finish(&heap);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_sorts),
        cmocka_unit_test(test_random_operations),
        cmocka_unit_test(test_reinserted_goes_behind_equals),
        cmocka_unit_test(test_next_after),
    };
    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
