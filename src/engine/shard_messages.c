#include "engine/shard_messages.h"

#include <stdlib.h>

struct value *
message_copy_value(const struct value *value)
{
    return value != NULL ? value_create(value->data, value->size) : NULL;
}

void
message_free_order(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    hub_reply_copy_finish(&order->reply);
    value_unref(order->command.value);
    free((char *)(uintptr_t)order->command.name);
    json_decref(order->command.result);
    free(order);
}

void
message_free_report(struct message *message)
{
    struct report *report = container_of(message, struct report, message);
    if (report->type == REPORT_OP)
        hub_op_copy_finish(&report->op);
    if (report->measures != NULL)
        snapshot_destroy(report->measures->snapshot);
    free(report->measures);
    value_unref(report->value);
    free(report->text);
    free(report);
}
