#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/resolve.h"

/* Transfers by number; `order` is who was let go by others, and when. */
struct crowd {
    struct resolve_gate *gate;
    struct member {
        struct resolve_ticket ticket;
        struct crowd *crowd;
        int number;
        struct member *drops; /* leaves when this one is let go */
    } members[6];
    int order[8];
    int gone;
};

static void
on_go(struct resolve_ticket *ticket)
{
    struct member *member = container_of(ticket, struct member, ticket);
    member->crowd->order[member->crowd->gone++] = member->number;
    if (member->drops != NULL)
        resolve_leave(&member->drops->ticket);
}

static bool
enter(struct crowd *crowd, int number, const char *url)
{
    return resolve_enter(crowd->gate, &crowd->members[number].ticket, url);
}

static void
leave(struct crowd *crowd, int number)
{
    resolve_leave(&crowd->members[number].ticket);
}

static int
setup(void **state)
{
    static struct crowd crowd;
    crowd = (struct crowd){.gate = resolve_gate_create()};
    for (int i = 0; i < 6; i++)
        crowd.members[i] = (struct member){
            .ticket.on_go = on_go,
            .crowd = &crowd,
            .number = i,
        };
    *state = &crowd;
    return 0;
}

static int
teardown(void **state)
{
    struct crowd *crowd = *state;
    resolve_gate_destroy(crowd->gate);
    return 0;
}

static void
test_the_first_looks_up_and_the_others_follow_in_order(void **state)
{
    struct crowd *crowd = *state;
    assert_true(enter(crowd, 0, "http://name/a"));
    assert_false(enter(crowd, 1, "http://name:8080/b"));
    assert_false(enter(crowd, 2, "https://u:p@NAME/"));
    assert_true(enter(crowd, 3, "http://other/"));
    assert_int_equal(crowd->gone, 0);
    resolve_done(&crowd->members[0].ticket);
    resolve_done(&crowd->members[0].ticket);
    assert_int_equal(crowd->gone, 2);
    assert_int_equal(crowd->order[0], 1);
    assert_int_equal(crowd->order[1], 2);
    assert_true(enter(crowd, 4, "http://name/known"));
    for (int i = 0; i < 5; i++)
        leave(crowd, i);
    assert_int_equal(crowd->gone, 2);
}

static void
test_after_a_failure_the_next_in_line_tries(void **state)
{
    struct crowd *crowd = *state;
    assert_true(enter(crowd, 0, "http://name/"));
    assert_false(enter(crowd, 1, "http://name/"));
    assert_false(enter(crowd, 2, "http://name/"));
    leave(crowd, 0);
    assert_int_equal(crowd->gone, 1);
    assert_int_equal(crowd->order[0], 1);
    assert_false(enter(crowd, 0, "http://name/"));
    leave(crowd, 1);
    assert_int_equal(crowd->gone, 2);
    assert_int_equal(crowd->order[1], 2);
    resolve_done(&crowd->members[2].ticket);
    assert_int_equal(crowd->gone, 3);
    assert_int_equal(crowd->order[2], 0);
    leave(crowd, 0);
    leave(crowd, 2);
}

static void
test_one_that_waits_may_leave(void **state)
{
    struct crowd *crowd = *state;
    assert_true(enter(crowd, 0, "http://name/"));
    assert_false(enter(crowd, 1, "http://name/"));
    assert_false(enter(crowd, 2, "http://name/"));
    leave(crowd, 1);
    leave(crowd, 1);
    assert_int_equal(crowd->gone, 0);
    resolve_done(&crowd->members[0].ticket);
    assert_int_equal(crowd->gone, 1);
    assert_int_equal(crowd->order[0], 2);
    leave(crowd, 2);
}

static void
test_who_is_let_go_may_make_others_leave(void **state)
{
    struct crowd *crowd = *state;
    assert_true(enter(crowd, 0, "http://name/"));
    for (int i = 1; i < 4; i++)
        assert_false(enter(crowd, i, "http://name/"));
    crowd->members[1].drops = &crowd->members[2];
    resolve_done(&crowd->members[0].ticket);
    assert_int_equal(crowd->gone, 2);
    assert_int_equal(crowd->order[0], 1);
    assert_int_equal(crowd->order[1], 3);
}

static void
test_the_last_failure_leaves_the_name_unknown(void **state)
{
    struct crowd *crowd = *state;
    assert_true(enter(crowd, 0, "http://name/"));
    leave(crowd, 0);
    assert_true(enter(crowd, 1, "http://name/"));
    assert_false(enter(crowd, 2, "http://name/"));
    leave(crowd, 2);
    leave(crowd, 1);
    assert_int_equal(crowd->gone, 0);
}

static void
test_literal_addresses_never_wait(void **state)
{
    struct crowd *crowd = *state;
    static const char *const urls[] = {
        "http://127.0.0.1/",
        "http://127.0.0.1:81/",
        "http://[::1]/",
        "http://[::1]:81/",
    };
    for (int i = 0; i < 4; i++) {
        assert_true(enter(crowd, i, urls[i]));
        assert_null(crowd->members[i].ticket.host);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_the_first_looks_up_and_the_others_follow_in_order),
        TEST(test_after_a_failure_the_next_in_line_tries),
        TEST(test_one_that_waits_may_leave),
        TEST(test_who_is_let_go_may_make_others_leave),
        TEST(test_the_last_failure_leaves_the_name_unknown),
        TEST(test_literal_addresses_never_wait),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
