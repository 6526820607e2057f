#include "script/scope.h"

#include <stdio.h>

#include "script/script_internal.h"
#include "script/tasks.h"

static struct scope *
of_link(struct list *link)
{
    return container_of(link, struct scope, link);
}

static void
on_deadline(struct timer *timer)
{
    scope_cancel(container_of(timer, struct scope, timer));
}

void
scope_begin(struct scope *scope, struct task *task, enum scope_kind kind)
{
    *scope = (struct scope){
        .task = task,
        .kind = kind,
        .deadline = NSEC_NEVER,
        .before = scopes_delivered(task),
    };
    timer_init(&scope->timer, task->worker->script->env.loop, on_deadline);
    list_append(&task->scopes, &scope->link);
}

void
scope_limit(struct scope *scope, nsec_t length)
{
    scope->length = length;
    scope->deadline = nsec_add(clock_now(), length);
    timer_start(&scope->timer, scope->deadline);
}

void
scope_cancel(struct scope *scope)
{
    if (!scope->task || scope->due || scope->resting)
        return;
    scope->due = true;
    task_interrupt(scope->task);
}

bool
scope_rest(struct scope *scope)
{
    struct task *task = scope->task;
    timer_stop(&scope->timer);
    list_remove(&scope->link);
    bool delivered = scope->delivered;
    scope->delivered = false;
    scope->resting = true;
    if (delivered && scopes_delivered(task) == 0)
        timer_stop(&task->cleanup);
    return delivered && scopes_asked(task) <= scope->before;
}

bool
scope_end(struct scope *scope)
{
    struct task *task = scope->task;
    if (!task)
        return false;
    bool own = scope_rest(scope);
    scope->task = NULL;
    if (scope->kind == SCOPE_GROUP)
        tasks_leave_group(task->worker, scope);
    return own;
}

void
scopes_check_deadlines(struct task *task)
{
    if (list_empty(&task->scopes))
        return;
    nsec_t now = clock_now();
    list_for_each (it, &task->scopes)
        if (of_link(it)->deadline <= now)
            scope_cancel(of_link(it));
}

int
scopes_asked(const struct task *task)
{
    int count = (task->stop_wanted || task->stop_raised) + task->cancel_asked;
    list_for_each (it, &task->scopes)
        count += of_link(it)->due;
    return count;
}

int
scopes_delivered(const struct task *task)
{
    int count = task->stop_raised + task->cancel_raised;
    list_for_each (it, &task->scopes)
        count += of_link(it)->delivered;
    return count;
}

struct scope *
scopes_pending(const struct task *task)
{
    list_for_each (it, &task->scopes)
        if (of_link(it)->due && !of_link(it)->delivered)
            return of_link(it);
    return NULL;
}

void
scopes_deliver(struct task *task, const char *where)
{
    list_for_each (it, &task->scopes) {
        struct scope *scope = of_link(it);
        if (!scope->due || scope->delivered)
            continue;
        scope->delivered = true;
        snprintf(scope->where, sizeof(scope->where), "%s", where);
    }
}

bool
scopes_enclose(const struct task *task)
{
    if (task->enclosed || timer_is_armed(&task->cleanup))
        return true;
    list_for_each (it, &task->scopes)
        if (of_link(it)->kind == SCOPE_TIMEOUT)
            return true;
    return false;
}

void
scopes_finish(struct task *task)
{
    list_for_each (it, &task->scopes)
        scope_end(of_link(it));
}
