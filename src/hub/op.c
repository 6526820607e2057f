#include "hub/op.h"

#include <string.h>

const char *
hub_object_type_name(enum hub_object_type type)
{
    switch (type) {
    case HUB_VARIABLE:
        return "variable";
    case HUB_NOTIFIER:
        return "notifier";
    case HUB_BARRIER:
        return "barrier";
    case HUB_EVENT:
        return "event";
    case HUB_LOCK:
        return "lock";
    case HUB_SEMAPHORE:
        return "semaphore";
    case HUB_CONDITION:
        return "condition";
    case HUB_QUEUE:
        return "queue";
    case HUB_LIMITER:
        return "limiter";
    case HUB_TASK:
        return "task";
    case HUB_OBJECT_TYPES:
        break;
    }
    return "object";
}

const char *
hub_object_type_article(enum hub_object_type type)
{
    return strchr("aeiou", hub_object_type_name(type)[0]) ? "an" : "a";
}

bool
hub_op_may_wait(enum hub_op_type type)
{
    static const bool may_wait[] = {
        [HUB_OP_TASK_JOIN] = true,
        [HUB_OP_TASK_PAUSE] = true,
        [HUB_OP_NOTIFIER_WAIT_WRITER] = true,
        [HUB_OP_NOTIFIER_WAIT_READERS] = true,
        [HUB_OP_BARRIER_WAIT] = true,
        [HUB_OP_EVENT_WAIT] = true,
        [HUB_OP_LOCK_ACQUIRE] = true,
        [HUB_OP_SEMAPHORE_ACQUIRE] = true,
        [HUB_OP_CONDITION_WAIT] = true,
        [HUB_OP_QUEUE_PUT] = true,
        [HUB_OP_QUEUE_GET] = true,
        [HUB_OP_QUEUE_JOIN] = true,
        [HUB_OP_LIMITER_TAKE] = true,
        [HUB_OP_VAR_GET_OR_MAKE] = true,
        [HUB_OP_VAR_LOCK] = true,
        [HUB_OP_VAR_WAIT] = true,
        [HUB_OP_VAR_WAIT_CHANGE] = true,
    };
    return type < sizeof(may_wait) / sizeof(may_wait[0]) && may_wait[type];
}

const char *
hub_op_name(enum hub_op_type type)
{
    switch (type) {
    case HUB_OP_WORKER_START:
        return "start";
    case HUB_OP_RUN_BEGIN:
        return "run_begin";
    case HUB_OP_RUN_END:
        return "run_end";
    case HUB_OP_SETTLE:
        return "settle";
    case HUB_OP_RUNS_OVER:
        return "runs_over";
    case HUB_OP_WORKER_END:
        return "end";
    case HUB_OP_TASK_BEGIN:
        return "spawn";
    case HUB_OP_TASK_END:
        return "task_end";
    case HUB_OP_TASK_JOIN:
        return "join";
    case HUB_OP_TASK_PAUSE:
        return "pause";
    case HUB_OP_TASK_RESUME:
        return "resume";
    case HUB_OP_CANCEL:
        return "cancel";
    case HUB_OP_DECLARE:
        return "declare";
    case HUB_OP_FREE:
        return "free";
    case HUB_OP_GIVE_BACK:
        return "give_back";
    case HUB_OP_NOTIFIER_WRITTEN:
        return "written";
    case HUB_OP_NOTIFIER_WAIT_WRITER:
        return "wait_for_writer";
    case HUB_OP_NOTIFIER_ONE_READ:
        return "one_read";
    case HUB_OP_NOTIFIER_WAIT_READERS:
        return "wait_for_readers";
    case HUB_OP_BARRIER_WAIT:
    case HUB_OP_EVENT_WAIT:
    case HUB_OP_CONDITION_WAIT:
        return "wait";
    case HUB_OP_BARRIER_ACTED:
        return "acted";
    case HUB_OP_BARRIER_ABORT:
        return "abort";
    case HUB_OP_BARRIER_RESET:
        return "reset";
    case HUB_OP_BARRIER_STATE:
    case HUB_OP_EVENT_STATE:
    case HUB_OP_LOCK_STATE:
    case HUB_OP_SEMAPHORE_STATE:
    case HUB_OP_QUEUE_STATE:
        return "state";
    case HUB_OP_EVENT_SET:
        return "set";
    case HUB_OP_EVENT_CLEAR:
        return "clear";
    case HUB_OP_LOCK_ACQUIRE:
    case HUB_OP_SEMAPHORE_ACQUIRE:
        return "acquire";
    case HUB_OP_LOCK_RELEASE:
    case HUB_OP_SEMAPHORE_RELEASE:
        return "release";
    case HUB_OP_CONDITION_NOTIFY:
        return "notify";
    case HUB_OP_QUEUE_PUT:
        return "put";
    case HUB_OP_QUEUE_GET:
        return "get";
    case HUB_OP_QUEUE_DONE:
        return "done";
    case HUB_OP_QUEUE_JOIN:
        return "join";
    case HUB_OP_QUEUE_CLOSE:
        return "close";
    case HUB_OP_LIMITER_TAKE:
        return "take";
    case HUB_OP_VAR_GET:
    case HUB_OP_VAR_GET_OR_MAKE:
        return "get_var";
    case HUB_OP_VAR_MAKE_FAILED:
        return "make_failed";
    case HUB_OP_VAR_MADE:
        return "made";
    case HUB_OP_VAR_SET:
        return "set_var";
    case HUB_OP_VAR_DELETE:
        return "del_var";
    case HUB_OP_VAR_ADD:
        return "add_var";
    case HUB_OP_VAR_LOCK:
        return "update_var";
    case HUB_OP_VAR_UNLOCK:
        return "updated";
    case HUB_OP_VAR_WAIT:
    case HUB_OP_VAR_WAIT_CHANGE:
        return "wait_var";
    }
    return "operation";
}

const char *
hub_status_name(enum hub_status status)
{
    switch (status) {
    case HUB_GRANTED:
        return "granted";
    case HUB_MAKE:
        return "make";
    case HUB_MISUSE:
        return "misuse";
    case HUB_TIMEOUT:
        return "timeout";
    case HUB_BROKEN:
        return "broken";
    case HUB_EXHAUSTED:
        return "exhausted";
    case HUB_DEADLOCK:
        return "deadlock";
    case HUB_STOPPED:
        return "stopped";
    case HUB_CANCELLED:
        return "cancelled";
    case HUB_FAILED:
        return "failed";
    case HUB_ACT:
        return "act";
    case HUB_CLOSED:
        return "closed";
    case HUB_LEAKED:
        return "leaked";
    case HUB_WOULD_WAIT:
        return "would_wait";
    }
    return "";
}
