#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hub/op_copy.h"

static void
test_an_operation_shares_nothing(void **state)
{
    char name[] = "pad", lock[] = "door", text[] = "why", where[] = "pad.lua:9";
    struct value *value = value_from_string("text", 4);
    struct hub_op_copy copy;
    hub_op_copy_init(&copy, &(struct hub_op){
                                .type = HUB_OP_CONDITION_WAIT,
                                .id = {.worker = 3, .task = 1, .seq = 7},
                                .name = name,
                                .options.lock = lock,
                                .text = text,
                                .where = where,
                                .value = value,
                                .step = 12,
                            });
    memset(name, 'x', sizeof(name) - 1);
    memset(lock, 'x', sizeof(lock) - 1);
    memset(text, 'x', sizeof(text) - 1);
    memset(where, 'x', sizeof(where) - 1);
    assert_int_equal(value->refs, 1);
    value_unref(value);
    assert_int_equal(copy.op.type, HUB_OP_CONDITION_WAIT);
    assert_int_equal(copy.op.id.seq, 7);
    assert_int_equal(copy.op.step, 12);
    assert_string_equal(copy.op.name, "pad");
    assert_string_equal(copy.op.options.lock, "door");
    assert_string_equal(copy.op.text, "why");
    assert_string_equal(copy.op.where, "pad.lua:9");
    struct value *expected = value_from_string("text", 4);
    assert_true(value_equal(copy.op.value, expected));
    value_unref(expected);
    hub_op_copy_finish(&copy);
}

static void
test_an_operation_without_texts(void **state)
{
    struct hub_op_copy copy;
    hub_op_copy_init(&copy, &(struct hub_op){.type = HUB_OP_RUN_BEGIN});
    assert_null(copy.op.name);
    assert_null(copy.op.options.lock);
    assert_null(copy.op.text);
    assert_null(copy.op.where);
    assert_null(copy.op.value);
    hub_op_copy_finish(&copy);
}

static void
test_a_reply_shares_nothing(void **state)
{
    char text[] = "nobody is left";
    struct value *value = value_from_integer(5);
    struct hub_reply_copy copy;
    hub_reply_copy_init(&copy, &(struct hub_reply){
                                   .status = HUB_BROKEN,
                                   .text = text,
                                   .value = value,
                                   .culprit = 2,
                               });
    memset(text, 'x', sizeof(text) - 1);
    assert_int_equal(value->refs, 1);
    value_unref(value);
    assert_int_equal(copy.reply.status, HUB_BROKEN);
    assert_int_equal(copy.reply.culprit, 2);
    assert_string_equal(copy.reply.text, "nobody is left");
    assert_string_equal(value_type_name(copy.reply.value), "number");
    hub_reply_copy_finish(&copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_operation_shares_nothing),
        cmocka_unit_test(test_an_operation_without_texts),
        cmocka_unit_test(test_a_reply_shares_nothing),
    };
    return cmocka_run_group_tests_name("op_copy", tests, NULL, NULL);
}
