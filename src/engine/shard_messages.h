#ifndef MOLO_ENGINE_SHARD_MESSAGES_H
#define MOLO_ENGINE_SHARD_MESSAGES_H

#include "engine/fleet.h"
#include "hub/op_copy.h"
#include "loop/mailbox.h"

/* What travels between the engine and a shard on a thread of its own. A message
 * belongs to whoever has it, and so does all that it points to, but for the
 * plan's. */

enum order_type { ORDER_COMMAND, ORDER_MEASURE, ORDER_QUIT };

/* From the engine. Owns what the command points to. */
struct order {
    struct message message;
    enum order_type type;
    struct command command;
    struct hub_reply_copy reply;
};

enum report_type {
    REPORT_OP,
    REPORT_IDLE, /* number: messages it had got; demand */
    REPORT_MEASURED,
    REPORT_RUN_FAILED,
    REPORT_FIXTURE_FAILED, /* phase */
    REPORT_TIME_OVER,
    REPORT_WORKLOAD_OVER, /* workload */
    REPORT_STOP_WAITS,    /* number, count, flag */
    REPORT_UNSERVED,      /* arrival */
    REPORT_FREE,          /* workload */
    REPORT_DESERTED,      /* workload */
    REPORT_CAUGHT_UP,
    REPORT_READY,
    REPORT_STAGE, /* number */
    REPORT_ALL_ENDED,
    REPORT_GLOBAL_OVER, /* value */
    REPORT_STOP,        /* text */
    REPORT_ABORT,       /* text */
};

struct measures {
    struct snapshot *snapshot;
    struct shard_figures figures;
    struct generator_sample health;
    struct result_generator report;
};

/* To the engine. */
struct report {
    struct message message;
    enum report_type type;
    size_t shard;
    int64_t number;
    int32_t count;
    bool flag;
    enum worker_phase phase;
    const struct plan_workload *workload;
    struct arrival arrival;
    struct shard_demand demand;
    struct value *value;
    char *text;
    struct measures *measures;
    struct hub_op_copy op;
};

/* A value for the other side; NULL stays NULL. */
struct value *message_copy_value(const struct value *value);
void message_free_order(struct message *message);
void message_free_report(struct message *message);

#endif
