#include "script/wait.h"

#include <stdlib.h>

#include "hub/value.h"
#include "script/late.h"
#include "script/limit.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/scope.h"
#include "script/script_internal.h"

static struct task *
check_can_wait(lua_State *L, const char *what)
{
    struct task *task = task_check(L, what);
    if (L != task->co)
        mlua_misuse(L,
                    "%s cannot wait inside a coroutine of your own: call it "
                    "from the scenario function itself",
                    what);
    if (!lua_isyieldable(L))
        mlua_misuse(L,
                    "%s cannot wait here: Lua cannot suspend a table.sort "
                    "comparator, a string.gsub callback, an iterator or "
                    "metamethod called from C, or require; do it before or "
                    "after",
                    what);
    return task;
}

struct task *
wait_check_brief(lua_State *L, const char *what)
{
    struct task *task = check_can_wait(L, what);
    if (task->stop_wanted && !task->cleaning)
        task_raise_stopped(L, task);
    return task;
}

struct task *
wait_check(lua_State *L, const char *what)
{
    struct task *task = check_can_wait(L, what);
    scopes_check_deadlines(task);
    limit_check(task->worker);
    if (task->cleaning ? scopes_pending(task) != NULL
                       : scopes_asked(task) > scopes_delivered(task))
        task_raise_cancellation(L, task);
    return task;
}

static void
clear_reply(struct wait *wait)
{
    value_unref(wait->reply.value);
    free(wait->reply.text);
    wait->reply = (struct wait_reply){0};
}

void
wait_claim(struct task *task, const struct wait_ops *ops, void *data)
{
    struct wait *wait = &task->wait;
    clear_reply(wait);
    wait->ops = ops;
    wait->done = false;
    wait->submitting = true;
    wait->cancelled = false;
    wait->seq++;
    wait->data = data;
    wait->asked = HUB_OP_WORKER_START;
    if (!ops->coordination)
        task->worker->script->outside_waits++;
}

static void
end_wait(struct task *task)
{
    struct wait *wait = &task->wait;
    if (!wait->ops)
        return;
    struct worker *worker = task->worker;
    if (!wait->ops->coordination)
        worker->script->outside_waits--;
    if (wait->idling)
        worker_end_idle(worker);
    wait->idling = false;
    wait->ops = NULL;
    wait->data = NULL;
}

static int
finish(lua_State *L, struct task *task)
{
    struct wait *wait = &task->wait;
    const struct wait_ops *ops = wait->ops;
    timer_stop(&task->timer);
    /* What came after the wait was over is raised at the next one. */
    if (wait->cancelled && !ops->coordination) {
        end_wait(task);
        return task_raise_cancellation(L, task);
    }
    void *data = wait->data;
    end_wait(task);
    wait->data = data;
    return ops->granted != NULL ? lua_sync_finish(L, task, ops->granted)
                                : ops->finish(L, task);
}

static int
wait_continue(lua_State *L, int status, lua_KContext context)
{
    return finish(L, (struct task *)context);
}

int
wait_yield(lua_State *L, struct task *task)
{
    struct wait *wait = &task->wait;
    wait->submitting = false;
    if (wait->done) {
        if (script_has_turn(task->worker->script))
            return finish(L, task);
        loop_post(task->worker->script->env.loop, &task->ready);
    }
    /* What is over at once has not been idle. */
    wait->idling = wait->ops->idle;
    if (wait->idling)
        worker_begin_idle(task->worker);
    return lua_yieldk(L, 0, (lua_KContext)task, wait_continue);
}

static void
cancel_or_drop(struct task *task)
{
    const struct wait *wait = &task->wait;
    const struct wait_ops *ops = wait->ops;
    if (!ops)
        return;
    if (ops->coordination) {
        if (!wait->done)
            lua_sync_cancel(task, true);
        late_give_back(task);
    } else if (!wait->done) {
        ops->cancel(task);
    } else if (ops->drop && !wait->cancelled) {
        ops->drop(task);
    }
}

void
wait_take_down(struct task *task)
{
    cancel_or_drop(task);
    timer_stop(&task->timer);
    end_wait(task);
    clear_reply(&task->wait);
    task->wait.seq++; /* late answers are dropped */
}

void
wait_finish(struct wait *wait)
{
    clear_reply(wait);
}
