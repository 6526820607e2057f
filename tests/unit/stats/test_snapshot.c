#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "stats/snapshot.h"

static void
test_rows_are_made_once(void **state)
{
    struct snapshot *s = snapshot_create();
    char name[] = "name";
    struct check_stats *check = snapshot_check(s, name);
    name[0] = 'N';
    assert_string_equal(check->name, "name");
    assert_ptr_equal(snapshot_check(s, "name"), check);
    assert_ptr_not_equal(snapshot_check(s, "Name"), check);

    assert_null(snapshot_find_endpoint(s, "GET", "/"));
    struct endpoint_stats *endpoint = snapshot_endpoint(s, "GET", "/");
    assert_ptr_equal(snapshot_find_endpoint(s, "GET", "/"), endpoint);
    assert_ptr_not_equal(snapshot_endpoint(s, "PUT", "/"), endpoint);
    assert_string_equal(endpoint->key, "GET /");

    struct error_stats *error = snapshot_error(s, "kind", "message");
    assert_int_equal(error->count, 0);
    assert_int_equal(error->first.worker_id, -1);
    assert_string_equal(error->first.where, "");
    snapshot_destroy(s);
    snapshot_destroy(NULL);
}

static void
test_rows_keep_the_order_of_first_use(void **state)
{
    static const char *const names[] = {"z", "a", "m", "b"};
    struct snapshot *s = snapshot_create();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 4; i++)
            snapshot_scenario(s, names[i]);
    }
    const struct scenario_stats *row = s->scenarios;
    for (size_t i = 0; i < 4; i++, row = row->hh.next)
        assert_string_equal(row->name, names[i]);
    assert_null(row);
    snapshot_destroy(s);
}

static void
test_every_trend_has_a_name(void **state)
{
    for (int i = 0; i < TREND_COUNT; i++) {
        assert_non_null(snapshot_trend_name((enum trend)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(snapshot_trend_name((enum trend)i),
                                    snapshot_trend_name((enum trend)j));
    }
}

/* A round that breaks in every step is one error. */
static void
test_errors_that_differ_in_numbers(void **state)
{
    struct snapshot *s = snapshot_create();
    struct error_stats *row = snapshot_error(s, "broken", "round 1 of step 9");
    assert_ptr_equal(row, snapshot_error(s, "broken", "round 12 of step 10"));
    assert_string_equal(row->message, "round 1 of step 9");
    assert_ptr_not_equal(row, snapshot_error(s, "broken", "round of step 9"));
    /* Elsewhere a number may be what matters. */
    assert_ptr_not_equal(snapshot_error(s, "http", "status 404"),
                         snapshot_error(s, "http", "status 500"));
    snapshot_destroy(s);
}

/* An item, a user or a page that fails is one error, not as many as there are.
 */
static void
test_errors_that_differ_in_a_url(void **state)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        {"GET http://a/items/17: not 200", "GET http://a/items/8: not 200",
         true},
        {"GET http://a/u/0b3ef0c2-7d6c/x: late", "GET http://a/u/x7/x: late",
         true},
        {"GET http://a/?page=1&q=b: late", "GET http://a/?page=12&q=b: late",
         true},
        {"http://a/1", "http://a/2", true},
        {"GET http://a/v1/x: late", "GET http://a/v12/x: late", false},
        {"GET http://a/v1: late", "GET http://a/v2: late", false},
        {"GET http://a/v1b/x: late", "GET http://a/v123/x: late", true},
        {"GET http://a/items/17: not 200", "GET http://a/carts/17: not 200",
         false},
        {"GET http://a/items/17: not 200", "GET http://a/items/17: not 204",
         false},
        {"GET http://a/?q=b&page=1: late", "GET http://a/?q=c&page=1: late",
         false},
        {"GET http://a:1/x: late", "GET http://a:2/x: late", false},
        {"GET http://a1: late", "GET http://a2: late", false},
        {"1 of 2", "1 of 3", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct snapshot *s = snapshot_create();
        struct error_stats *first = snapshot_error(s, "http", rows[i].first);
        struct error_stats *second = snapshot_error(s, "http", rows[i].second);
        print_message("# %s, %s\n", rows[i].first, rows[i].second);
        assert_int_equal(first == second, rows[i].same);
        assert_string_equal(first->message, rows[i].first);
        snapshot_destroy(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_made_once),
        cmocka_unit_test(test_rows_keep_the_order_of_first_use),
        cmocka_unit_test(test_errors_that_differ_in_numbers),
        cmocka_unit_test(test_errors_that_differ_in_a_url),
        cmocka_unit_test(test_every_trend_has_a_name),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
