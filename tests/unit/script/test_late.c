#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hub/op_copy.h"
#include "script/late.h"
#include "script/lua_handle.h"
#include "script/script_internal.h"
#include "script/worker.h"

/* A port that keeps the last operation and answers nothing, like one to another
 * thread. */
static struct {
    struct hub_port base;
    int count;
    struct hub_op_copy last;
} port;

static void
submit(struct hub_port *base, const struct hub_op *op)
{
    hub_op_copy_finish(&port.last);
    hub_op_copy_init(&port.last, op);
    port.count++;
}

struct parts {
    struct script script;
    struct worker worker;
    struct task task;
    struct lua_handle *handle;
};

/* The task is taken down in a wait that is not answered yet. */
static void
begin(struct parts *parts, enum hub_object_type type, enum hub_op_type asked)
{
    memset(&port, 0, sizeof(port));
    port.base.submit = submit;
    memset(parts, 0, sizeof(*parts));
    list_init(&parts->script.late);
    parts->script.env.port = &port.base;
    parts->worker.script = &parts->script;
    parts->worker.id = 7;
    parts->worker.step = 3;
    parts->handle = xcalloc(1, sizeof(*parts->handle) + sizeof("jobs"));
    parts->handle->type = type;
    parts->handle->room = 2;
    strcpy(parts->handle->name, "jobs");
    parts->task.worker = &parts->worker;
    parts->task.id = 5;
    parts->task.wait.seq = 11;
    parts->task.wait.data = parts->handle;
    parts->task.wait.asked = asked;
    parts->task.wait.amount = 4;
    late_give_back(&parts->task);
    /* The handle is on the stack of a coroutine that is taken down. */
    memset(parts->handle, 0xff, sizeof(*parts->handle) + sizeof("jobs"));
}

static void
end(struct parts *parts)
{
    late_finish(&parts->script);
    hub_op_copy_finish(&port.last);
    free(parts->handle);
}

static bool
answer(struct parts *parts, struct hub_id id, enum hub_status status,
       struct value *value)
{
    return late_on_reply(&parts->script, &(struct hub_reply){
                                             .id = id,
                                             .status = status,
                                             .value = value,
                                         });
}

static void
test_an_item_is_given_back(void **state)
{
    struct parts parts;
    begin(&parts, HUB_QUEUE, HUB_OP_QUEUE_GET);
    struct value *value = value_create("\x01item", 5);
    assert_true(answer(&parts, (struct hub_id){7, 5, 11}, HUB_GRANTED, value));
    assert_int_equal(port.count, 1);
    const struct hub_op *op = &port.last.op;
    assert_int_equal(op->type, HUB_OP_GIVE_BACK);
    assert_int_equal(op->object, HUB_QUEUE);
    assert_int_equal(op->room, 2);
    assert_string_equal(op->name, "jobs");
    assert_int_equal(op->id.worker, 7);
    assert_int_equal(op->step, 3);
    assert_memory_equal(op->value->data, "\x01item", 5);
    /* Once. */
    assert_false(answer(&parts, (struct hub_id){7, 5, 11}, HUB_GRANTED, value));
    value_unref(value);
    end(&parts);
}

static void
test_a_cancellation_gives_nothing_back(void **state)
{
    struct parts parts;
    begin(&parts, HUB_QUEUE, HUB_OP_QUEUE_GET);
    assert_true(answer(&parts, (struct hub_id){7, 5, 11}, HUB_CANCELLED, NULL));
    assert_int_equal(port.count, 0);
    end(&parts);
}

static void
test_what_is_given_back(void **state)
{
    static const struct {
        enum hub_object_type type;
        enum hub_op_type asked;
        bool given_back;
    } rows[] = {
        {HUB_QUEUE, HUB_OP_QUEUE_GET, true},
        {HUB_QUEUE, HUB_OP_QUEUE_PUT, false},
        {HUB_LOCK, HUB_OP_LOCK_ACQUIRE, true},
        {HUB_CONDITION, HUB_OP_LOCK_ACQUIRE, true},
        {HUB_CONDITION, HUB_OP_CONDITION_WAIT, true},
        {HUB_SEMAPHORE, HUB_OP_SEMAPHORE_ACQUIRE, true},
        {HUB_EVENT, HUB_OP_EVENT_WAIT, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parts parts;
        begin(&parts, rows[i].type, rows[i].asked);
        assert_int_equal(
            answer(&parts, (struct hub_id){7, 5, 11}, HUB_GRANTED, NULL),
            rows[i].given_back);
        assert_int_equal(port.count, rows[i].given_back);
        if (rows[i].given_back) {
            assert_int_equal(port.last.op.type, HUB_OP_GIVE_BACK);
            assert_int_equal(port.last.op.object, rows[i].type);
            assert_int_equal(port.last.op.asked, rows[i].asked);
            assert_int_equal(port.last.op.amount, 4);
            assert_int_equal(port.last.op.id.seq, 11);
        }
        end(&parts);
    }
}

static void
test_answers_to_others_are_theirs(void **state)
{
    struct parts parts;
    begin(&parts, HUB_QUEUE, HUB_OP_QUEUE_GET);
    static const struct hub_id others[] = {{6, 5, 11}, {7, 4, 11}, {7, 5, 12}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(answer(&parts, others[i], HUB_GRANTED, NULL));
    assert_int_equal(port.count, 0);
    end(&parts);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_item_is_given_back),
        cmocka_unit_test(test_a_cancellation_gives_nothing_back),
        cmocka_unit_test(test_what_is_given_back),
        cmocka_unit_test(test_answers_to_others_are_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
