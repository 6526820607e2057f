#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stats/tags.h"

static void
test_a_set_exists_once(void **state)
{
    struct tag_table *table = tag_table_create();
    const struct tag forth[] = {{"page", "cart"}, {"env", "ci"}};
    const struct tag back[] = {{"env", "ci"}, {"page", "cart"}};
    const struct tag other[] = {{"env", "ci"}, {"page", "cart2"}};
    const struct tag_set *set = tag_table_add(table, forth, 2);
    assert_ptr_equal(tag_table_add(table, back, 2), set);
    assert_ptr_not_equal(tag_table_add(table, other, 2), set);
    assert_int_equal(set->count, 2);
    assert_string_equal(set->tags[0].name, "env");
    assert_string_equal(tag_set_get(set, "page"), "cart");
    assert_null(tag_set_get(set, "pag"));
    tag_table_destroy(table);
}

static void
test_the_later_one_holds(void **state)
{
    struct tag_table *table = tag_table_create();
    const struct tag tags[] = {
        {"b", "1"}, {"a", "2"}, {"b", "3"}, {"c", NULL}, {"a", "4"},
    };
    const struct tag_set *set = tag_table_add(table, tags, 5);
    assert_int_equal(set->count, 2);
    assert_string_equal(tag_set_get(set, "a"), "4");
    assert_string_equal(tag_set_get(set, "b"), "3");
    tag_table_destroy(table);
}

static void
test_finding_makes_nothing(void **state)
{
    struct tag_table *table = tag_table_create();
    const struct tag tags[] = {{"a", "1"}};
    assert_null(tag_table_find(table, tags, 1));
    assert_null(tag_table_find(table, NULL, 0));
    const struct tag_set *set = tag_table_add(table, tags, 1);
    const struct tag_set *none = tag_table_add(table, NULL, 0);
    assert_ptr_equal(tag_table_find(table, tags, 1), set);
    assert_ptr_equal(tag_table_find(table, NULL, 0), none);
    assert_int_equal(none->count, 0);
    tag_table_destroy(table);
}

/* Neighbours in the packed text must not run into each other. */
static void
test_names_and_values_do_not_mix(void **state)
{
    struct tag_table *table = tag_table_create();
    const struct tag rows[][2] = {
        {{"a", "bc"}, {"d", "e"}},
        {{"a", "b"}, {"cd", "e"}},
        {{"ab", "c"}, {"d", "e"}},
        {{"a", "bc"}, {"de", ""}},
    };
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(tag_table_add(table, rows[i], 2),
                                 tag_table_add(table, rows[j], 2));
    }
    tag_table_destroy(table);
}

static void
test_any_order_is_the_same_set(void **state)
{
    struct tag tags[] = {{"a", "1"}, {"b", "2"}, {"c", "3"},
                         {"d", "4"}, {"e", "5"}, {"f", "6"}};
    struct tag_table *table = tag_table_create();
    const struct tag_set *set = tag_table_add(table, tags, 6);
    struct rng rng;
    rng_init(&rng, 1, 0);
    for (int i = 0; i < 500; i++) {
        size_t x = (size_t)rng_int(&rng, 0, 5), y = (size_t)rng_int(&rng, 0, 5);
        struct tag swap = tags[x];
        tags[x] = tags[y];
        tags[y] = swap;
        assert_ptr_equal(tag_table_add(table, tags, 6), set);
    }
    tag_table_destroy(table);
}

static void
test_packed(void **state)
{
    static const char packed[] = "a\0001\0b\0\0c\0003";
    const char *p = packed;
    struct tag tag;
    assert_int_equal(tags_count(packed, sizeof(packed)), 3);
    assert_true(tags_next(&p, packed + sizeof(packed), &tag));
    assert_string_equal(tag.name, "a");
    assert_string_equal(tag.value, "1");
    assert_true(tags_next(&p, packed + sizeof(packed), &tag));
    assert_string_equal(tag.value, "");
    assert_true(tags_next(&p, packed + sizeof(packed), &tag));
    assert_false(tags_next(&p, packed + sizeof(packed), &tag));
    assert_int_equal(tags_count(NULL, 0), 0);
}

static void
test_refused(void **state)
{
    char long_name[TAG_NAME_MAX + 2], long_value[TAG_VALUE_MAX + 2];
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    memset(long_value, 'v', sizeof(long_value) - 1);
    long_value[sizeof(long_value) - 1] = '\0';
    const struct {
        const char *name, *value, *message;
    } rows[] = {
        {"", "x",
         "'' is no name for a tag: use letters, digits and _, and begin with "
         "a letter"},
        {"two words", "x",
         "'two words' is no name for a tag: use letters, digits and _, and "
         "begin with a letter"},
        {"1st", "x",
         "'1st' is no name for a tag: use letters, digits and _, and begin "
         "with a letter"},
        {"status", "x",
         "the tag 'status' is set by molo itself: choose another name"},
        {"page", "", "the tag 'page' has an empty value"},
        {long_name, "x",
         "the name of the tag 'nnnnnnnnnnnnnnnnnnnn...' has 65 bytes: at most "
         "64 are allowed"},
        {"page", long_value,
         "the value of the tag 'page' has 201 bytes: at most 200 are allowed"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err;
        assert_false(tag_check(rows[i].name, rows[i].value, &err));
        assert_string_equal(err.message, rows[i].message);
    }
    assert_true(tag_check("_page2", "any text, with = and }", NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_exists_once),
        cmocka_unit_test(test_the_later_one_holds),
        cmocka_unit_test(test_finding_makes_nothing),
        cmocka_unit_test(test_names_and_values_do_not_mix),
        cmocka_unit_test(test_any_order_is_the_same_set),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
