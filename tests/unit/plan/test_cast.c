#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* "speaker:1 listener:4"; "rest" for a number. */
static struct cast
make_cast(const char *text)
{
    struct cast cast = {0};
    char copy[128], *rest = copy;
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word; (word = strtok_r(rest, " ", &rest));) {
        char *colon = strchr(word, ':');
        *colon = '\0';
        cast_add(&cast, word,
                 strcmp(colon + 1, "rest") == 0 ? CAST_REST : atoi(colon + 1));
    }
    return cast;
}

struct seats {
    const char *cast;
    int32_t room_size;
    const char *roles; /* of the seats in order */
    const char *described;
};

static const struct seats all_seats[] = {
    {"speaker:1 listener:4", 5, "speaker listener listener listener listener ",
     "speaker (seat 0), listener (seats 1 to 4)"},
    {"x:2 y:1", 3, "x x y ", "x (seats 0 to 1), y (seat 2)"},
    {"x:1 y:rest z:1", 5, "x y y y z ",
     "x (seat 0), y (seats 1 to 3), z (seat 4)"},
    {"all:rest", 2, "all all ", "all (seats 0 to 1)"},
    {"x:1 y:rest", 2, "x y ", "x (seat 0), y (seat 1)"},
};

static void
test_seats(void **state)
{
    for (size_t i = 0; i < COUNT(all_seats); i++) {
        const struct seats *row = &all_seats[i];
        struct cast cast = make_cast(row->cast);
        struct buf roles = {0}, described = {0};
        for (int32_t seat = 0; seat < row->room_size; seat++)
            buf_printf(
                &roles, "%s ",
                cast.roles[cast_role_at(&cast, row->room_size, seat)].name);
        cast_describe(&cast, row->room_size, &described);
        assert_string_equal(roles.data, row->roles);
        assert_string_equal(described.data, row->described);
        buf_finish(&roles);
        buf_finish(&described);
        cast_finish(&cast);
    }
}

struct division {
    const char *name;
    const char *workers;
    const char *casts[2]; /* of scenarios "a" and "b"; "": none */
    int32_t rooms, size;
    const char *refused; /* NULL: it is not */
};

static const struct division divisions[] = {
    {"rooms of five", "20", {"x:1 y:4", NULL}, 4, 5, NULL},
    {"one room", "5", {"x:1 y:4", NULL}, 1, 5, NULL},
    {"rooms of one", "3", {"x:1", NULL}, 3, 1, NULL},
    {"no cast", "7", {"", NULL}, 0, 0, NULL},
    {"the rest", "7", {"x:3 y:rest", NULL}, 1, 7, NULL},
    {"the rest is one", "4", {"x:3 y:rest", NULL}, 1, 4, NULL},
    {"same size", "4", {"x:2", "x:1 y:1"}, 2, 2, NULL},
    {"the rest makes the size", "4", {"x:4", "y:rest"}, 1, 4, NULL},
    {"between",
     "7",
     {"x:1 y:4", NULL},
     0,
     0,
     "7 workers do not divide into rooms of 5: use -w 5 or -w 10"},
    {"below",
     "3",
     {"x:1 y:4", NULL},
     0,
     0,
     "3 workers do not divide into rooms of 5: use -w 5"},
    {"one",
     "1",
     {"x:2", NULL},
     0,
     0,
     "1 worker does not divide into rooms of 2: use -w 2"},
    {"nothing left",
     "3",
     {"x:3 y:rest", NULL},
     0,
     0,
     "scenario 'a': no seat is left for the role 'y': the other roles have 3 "
     "and there are only 3 workers: use -w 4 or more"},
    {"nothing left for two",
     "1",
     {"x:2 y:rest", NULL},
     0,
     0,
     "scenario 'a': no seat is left for the role 'y': the other roles have 2 "
     "and there is only 1 worker: use -w 3 or more"},
    {"too large",
     "1",
     {"x:2147483647 y:2147483647", NULL},
     0,
     0,
     "scenario 'a': a room of 4294967294 workers is too large"},
    {"one without",
     "2",
     {"x:2", ""},
     0,
     0,
     "scenario 'a' has a cast and scenario 'b' has none: all scenarios of a "
     "workload play in the same rooms; give each a cast or choose with "
     "--scenario"},
    {"the first without",
     "2",
     {"", "x:2"},
     0,
     0,
     "scenario 'b' has a cast and scenario 'a' has none: all scenarios of a "
     "workload play in the same rooms; give each a cast or choose with "
     "--scenario"},
    {"two sizes",
     "4",
     {"x:2", "x:4"},
     0,
     0,
     "the cast of scenario 'a' has 2 seats and that of scenario 'b' 4: all "
     "scenarios of a workload play in the same rooms; make their casts of one "
     "size or choose with --scenario"},
};

/* NULL if it is refused. */
static struct plan *
make_plan(struct options *options, const struct division *row, struct err *err)
{
    struct cast casts[2] = {{0}};
    struct plan_candidate candidates[2] = {{"a", 1}, {"b", 1}};
    size_t count = 0;
    for (; count < 2 && row->casts[count]; count++) {
        casts[count] = make_cast(row->casts[count]);
        candidates[count].cast = &casts[count];
    }
    assert_true(options_set(options, OPTION_COMMAND_LINE, "workers",
                            row->workers, err));
    struct plan *plan = plan_create(options, candidates, count, err);
    cast_finish(&casts[0]);
    cast_finish(&casts[1]);
    return plan;
}

static void
test_divisions(void **state)
{
    for (size_t i = 0; i < COUNT(divisions); i++) {
        const struct division *row = &divisions[i];
        struct options *options = options_create();
        struct err err = {""};
        struct plan *plan = make_plan(options, row, &err);
        if (row->refused) {
            assert_null(plan);
            assert_string_equal(err.message, row->refused);
        } else {
            if (!plan)
                fail_msg("%s: %s", row->name, err.message);
            assert_int_equal(plan->workloads[0].rooms, row->rooms);
            assert_int_equal(plan->workloads[0].room_size, row->size);
        }
        plan_destroy(plan);
        options_destroy(options);
    }
}

static void
test_who_plays_what(void **state)
{
    static const struct division two = {.workers = "6",
                                        .casts = {"x:1 y:2", "x:2 z:1"}};
    struct options *options = options_create();
    struct err err;
    struct plan *plan = make_plan(options, &two, &err);
    assert_non_null(plan);
    struct plan_workload *workload = &plan->workloads[0];
    assert_int_equal(cast_room_of(workload, 2), 0);
    assert_int_equal(cast_room_of(workload, 3), 1);
    assert_int_equal(cast_seat_of(workload, 5), 2);
    assert_string_equal(cast_role_of(plan, workload, 4, "a"), "y");
    assert_string_equal(cast_role_of(plan, workload, 4, "b"), "x");
    /* The same in both, not the same. */
    assert_string_equal(cast_role_of(plan, workload, 3, NULL), "x");
    assert_null(cast_role_of(plan, workload, 4, NULL));
    /* Rooms are counted over all workloads. */
    workload->first_room = 7;
    assert_int_equal(cast_room_of(workload, 3), 8);
    plan_destroy(plan);
    options_destroy(options);
}

static void
test_no_cast(void **state)
{
    static const struct division none = {.workers = "6", .casts = {""}};
    struct options *options = options_create();
    struct err err;
    struct plan *plan = make_plan(options, &none, &err);
    assert_non_null(plan);
    assert_int_equal(cast_room_of(&plan->workloads[0], 3), -1);
    assert_int_equal(cast_seat_of(&plan->workloads[0], 3), -1);
    assert_null(cast_role_of(plan, &plan->workloads[0], 3, "a"));
    plan_destroy(plan);
    options_destroy(options);
}

static void
test_description(void **state)
{
    static const struct division two = {.workers = "6",
                                        .casts = {"x:1 y:2", "x:3"}};
    struct options *options = options_create();
    struct err err;
    struct plan *plan = make_plan(options, &two, &err);
    assert_non_null(plan);
    struct buf text = {0};
    plan_describe(plan, &text);
    assert_non_null(strstr(text.data, "  workers       6\n"
                                      "  rooms         2 of 3 workers\n"));
    assert_non_null(strstr(text.data,
                           "scenarios       a (weight 1, 50 %)\n"
                           "  roles         x (seat 0), y (seats 1 to 2)\n"
                           "                b (weight 1, 50 %)\n"
                           "  roles         x (seats 0 to 2)\n"));
    buf_finish(&text);
    plan_destroy(plan);
    options_destroy(options);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seats),          cmocka_unit_test(test_divisions),
        cmocka_unit_test(test_who_plays_what), cmocka_unit_test(test_no_cast),
        cmocka_unit_test(test_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
