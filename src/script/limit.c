#include "script/limit.h"

#include <stdio.h>

#include "base/units.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "script/state.h"
#include "script/tasks.h"

static struct worker *
worker_of(struct limit *limit)
{
    return container_of(limit, struct worker, limit);
}

/* It failed by itself before, or the test is ending: then it is told so. */
static bool
has_another_end(const struct task *root)
{
    return root->error_ref != LUA_NOREF || root->body_failed ||
           root->stop_wanted || root->stop_raised;
}

static void
exceed(struct limit *limit)
{
    struct worker *worker = worker_of(limit);
    struct task *root = &worker->task;
    if (!limit->scenario || limit->over || !root->running)
        return;
    limit->over = !has_another_end(root);
    limit->deadline = NSEC_NEVER;
    timer_stop(&limit->timer);
    /* A root whose function is over waits for its tasks, which are told; one
     * that has failed is left to its clean-up. */
    if (limit->over && !root->body_over)
        task_cancel(root);
    else
        task_limit_cleanup(root);
    tasks_cancel(worker, NULL);
}

static void
on_timer(struct timer *timer)
{
    exceed(container_of(timer, struct limit, timer));
}

void
limit_init(struct limit *limit, struct worker *worker)
{
    *limit = (struct limit){.deadline = NSEC_NEVER};
    timer_init(&limit->timer, worker->script->env.loop, on_timer);
}

void
limit_finish(struct limit *limit)
{
    timer_stop(&limit->timer);
}

void
limit_begin(struct worker *worker, const char *scenario, nsec_t length)
{
    struct limit *limit = &worker->limit;
    limit->over = false;
    limit->where[0] = '\0';
    limit->scenario = length > 0 ? scenario : NULL;
    limit->length = length;
    limit->deadline = NSEC_NEVER;
    if (length == 0)
        return;
    limit->deadline = nsec_add(worker->called_at, length);
    timer_start(&limit->timer, limit->deadline);
}

void
limit_end(struct worker *worker)
{
    limit_check(worker);
    timer_stop(&worker->limit.timer);
    worker->limit.deadline = NSEC_NEVER;
}

void
limit_check(struct worker *worker)
{
    if (worker->limit.deadline != NSEC_NEVER &&
        clock_now() >= worker->limit.deadline)
        exceed(&worker->limit);
}

void
limit_describe(const struct limit *limit, char *out, size_t size)
{
    char length[32];
    units_format_duration(limit->length, length, sizeof(length));
    snprintf(out, size, "scenario '%.200s': %s are over", limit->scenario,
             length);
}

void
limit_note_where(struct task *task, const char *where)
{
    struct limit *limit = &task->worker->limit;
    /* What the run itself was doing says more than what its tasks were. */
    if (limit->over && (!limit->where[0] || task->id == TASK_ROOT))
        snprintf(limit->where, sizeof(limit->where), "%s", where);
}

void
limit_spare(struct task *task)
{
    task->watched = true;
    task->watched_at = clock_real_now();
    state_watch_closely(task->co, false);
}

/* Raised by the hook: no protected call of the script keeps it, as the next
 * instruction after that call raises it again. */
static void
raise_again(lua_State *L, struct task *task)
{
    char where[96], text[256];
    mlua_where(L, where, sizeof(where));
    limit_describe(&task->worker->limit, text, sizeof(text));
    state_watch_closely(L, true);
    if (L != task->co)
        state_watch_closely(task->co, true);
    mlua_push_error_at(L, where, "cancelled", text);
    lua_error(L);
}

void
limit_watch(lua_State *L, struct task *task)
{
    struct worker *worker = task->worker;
    struct script *script = worker->script;
    if (script_let_time_pass(script, worker->limit.deadline))
        script->entered_at = clock_real_now();
    limit_check(worker);
    if (!worker->limit.over) {
        state_watch_closely(L, false);
        return;
    }
    nsec_t now = clock_real_now();
    bool first = !task->watched;
    if (first) {
        task->watched = true;
        task->watched_at = now;
    }
    /* Told at a wait already: it is cleaning up. */
    if (first && task->cancel_asked && !task->cancel_raised && !task->resetting)
        task_raise_cancellation(L, task);
    nsec_t since = task->watched_at > script->entered_at ? task->watched_at
                                                         : script->entered_at;
    if (now - since >= SCRIPT_LAST_MOMENT)
        raise_again(L, task);
}
