#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/list.h"

struct item {
    char name;
    struct list link;
};

static void
assert_order(const struct list *head, const char *expected)
{
    char names[16] = "";
    size_t count = 0;
    for (struct list *it = head->next; it != head; it = it->next) {
        names[count++] = container_of(it, struct item, link)->name;
        assert_ptr_equal(it->next->prev, it);
    }
    assert_string_equal(names, expected);
}

static void
test_order(void **state)
{
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
    list_init(&head);
    assert_true(list_empty(&head));
    list_append(&head, &b.link);
    list_append(&head, &c.link);
    list_prepend(&head, &a.link);
    assert_order(&head, "abc");
    list_remove(&b.link);
    list_remove(&b.link);
    assert_order(&head, "ac");
    list_insert_before(&c.link, &b.link);
    assert_order(&head, "abc");
}

static void
test_remove_while_iterating(void **state)
{
    struct list head;
    struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
    list_init(&head);
    for (size_t i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    int seen = 0;
    list_for_each (it, &head) {
        seen++;
        list_remove(it);
    }
    assert_int_equal(seen, 3);
    assert_true(list_empty(&head));
}

static void
test_splice(void **state)
{
    struct list to, from;
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
    list_init(&to);
    list_init(&from);
    list_splice(&to, &from);
    assert_true(list_empty(&to));
    list_append(&to, &a.link);
    list_append(&from, &b.link);
    list_append(&from, &c.link);
    list_splice(&to, &from);
    assert_order(&to, "abc");
    assert_true(list_empty(&from));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove_while_iterating),
        cmocka_unit_test(test_splice),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
