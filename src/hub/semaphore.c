/* A semaphore: so many permits, first come first served; who asks for many is
 * not overtaken by those who ask for few. Permits belong to the task that
 * acquired them, unless the semaphore is without owners. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/holding.h"
#include "hub/hub_internal.h"
#include "hub/object.h"
#include "hub/options.h"
#include "hub/wait.h"
#include "stats/recorder.h"

struct semaphore {
    struct object object;
    int64_t permits;
    int64_t taken; /* without owners: may be below 0 */
    bool unowned;
    struct list grants; /* struct grant, oldest first */
    struct list spares; /* struct grant */
    struct list waits;
};

/* What one acquire gave to a task. */
struct grant {
    struct holding holding;
    struct semaphore *semaphore;
    struct list by_semaphore;
    int64_t amount;
};

static struct semaphore *
semaphore_of(struct object *object)
{
    return container_of(object, struct semaphore, object);
}

static struct grant *
grant_at(struct list *it)
{
    return container_of(it, struct grant, by_semaphore);
}

static int64_t
available(const struct semaphore *semaphore)
{
    return semaphore->permits - semaphore->taken;
}

static void serve(struct hub *hub, struct semaphore *semaphore);

/* --- what a task has --- */

static void
tell_permits(int64_t amount, struct buf *out)
{
    buf_printf(out, "%" PRId64 " permit%s", amount, amount == 1 ? "" : "s");
}

static void
tell_grant(struct holding *holding, struct buf *out)
{
    const struct grant *grant = container_of(holding, struct grant, holding);
    tell_permits(grant->amount, out);
    buf_append_str(out, " of ");
    object_describe(&grant->semaphore->object, out);
}

static void
end_grant(struct hub *hub, struct grant *grant)
{
    struct semaphore *semaphore = grant->semaphore;
    if (hub->config.recorder)
        recorder_coord_time(hub->config.recorder, COORD_HELD,
                            hub_object_type_name(HUB_SEMAPHORE),
                            semaphore->object.name,
                            hub->now - grant->holding.since);
    holding_drop(&grant->holding);
    list_remove(&grant->by_semaphore);
    list_append(&semaphore->spares, &grant->by_semaphore);
}

static void
release_grant(struct hub *hub, struct holding *holding)
{
    struct grant *grant = container_of(holding, struct grant, holding);
    struct semaphore *semaphore = grant->semaphore;
    semaphore->taken -= grant->amount;
    end_grant(hub, grant);
    serve(hub, semaphore);
}

static bool is_awaited_by(struct holding *holding, const struct wait *wait);

static const struct holding_ops grant_holding_ops = {
    .leaks = true,
    .release = release_grant,
    .tell = tell_grant,
    .is_awaited_by = is_awaited_by,
};

static void
take(struct hub *hub, struct semaphore *semaphore, const struct hub_id *id,
     int64_t amount, bool worker_scope, const char *where)
{
    semaphore->taken += amount;
    if (semaphore->unowned)
        return;
    struct grant *grant;
    if (list_empty(&semaphore->spares)) {
        grant = xmalloc(sizeof(*grant));
    } else {
        grant = grant_at(semaphore->spares.next);
        list_remove(&grant->by_semaphore);
    }
    *grant = (struct grant){.semaphore = semaphore, .amount = amount};
    holding_init(&grant->holding, &grant_holding_ops);
    holding_take(hub, &grant->holding, id, where);
    grant->holding.worker_scope = worker_scope;
    list_append(&semaphore->grants, &grant->by_semaphore);
}

/* The grant, if the holding is one of this semaphore's to that task. */
static struct grant *
grant_to(const struct semaphore *semaphore, uint32_t task, struct list *it)
{
    struct holding *holding = container_of(it, struct holding, by_member);
    if (holding->ops != &grant_holding_ops || holding->task != task)
        return NULL;
    struct grant *grant = container_of(holding, struct grant, holding);
    return grant->semaphore == semaphore ? grant : NULL;
}

static int64_t
held_by(const struct semaphore *semaphore, const struct member *member,
        uint32_t task)
{
    int64_t amount = 0;
    list_for_each (it, &member->holdings) {
        const struct grant *grant = grant_to(semaphore, task, it);
        amount += grant ? grant->amount : 0;
    }
    return amount;
}

/* Takes them from the latest grants of the task, which has that many. */
static void
take_back(struct hub *hub, struct semaphore *semaphore,
          const struct member *member, uint32_t task, int64_t amount)
{
    semaphore->taken -= amount;
    struct list *it = member->holdings.prev;
    while (amount > 0) {
        struct grant *grant = grant_to(semaphore, task, it);
        it = it->prev;
        if (!grant)
            continue;
        int64_t part = grant->amount < amount ? grant->amount : amount;
        grant->amount -= part;
        amount -= part;
        if (grant->amount == 0)
            end_grant(hub, grant);
    }
}

/* --- waiting --- */

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    serve(hub, wait->semaphore);
}

static void
tell_what(const struct wait *wait, struct buf *out)
{
    tell_permits(wait->amount, out);
    buf_printf(out, " not free (%" PRId64 " of %" PRId64 " are)",
               available(wait->semaphore), wait->semaphore->permits);
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    const struct semaphore *semaphore = wait->semaphore;
    const struct wait *first = wait_first(&semaphore->waits);
    if (semaphore->unowned || list_empty(&semaphore->grants)) {
        buf_append_str(out, "missing: a release");
    } else {
        struct roll roll = {.out = out};
        const struct member *last = NULL;
        buf_append_str(out, "held by ");
        list_for_each (it, &semaphore->grants) {
            if (grant_at(it)->holding.member != last)
                roll_add(&roll, grant_at(it)->holding.member);
            last = grant_at(it)->holding.member;
        }
        roll_end(&roll);
    }
    if (first && first != wait) {
        buf_append_str(out, "; ahead of it: ");
        member_describe(first->member, out);
    }
}

static const struct wait_ops acquire_ops = {
    .name = "acquire",
    .object = HUB_SEMAPHORE,
    .withdraw = withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
};

static bool
is_awaited_by(struct holding *holding, const struct wait *wait)
{
    const struct grant *grant = container_of(holding, struct grant, holding);
    return wait->ops == &acquire_ops && wait->semaphore == grant->semaphore;
}

/* The first one blocks the others. */
static void
serve(struct hub *hub, struct semaphore *semaphore)
{
    struct wait *wait;
    while ((wait = wait_first(&semaphore->waits)) &&
           wait->amount <= available(semaphore)) {
        take(hub, semaphore, &wait->id, wait->amount, wait->worker_scope,
             wait->where);
        wait_grant(hub, wait, &(struct hub_reply){.status = HUB_GRANTED});
    }
}

/* --- operations --- */

/* Replies MISUSE to one who asks for what can never be there. */
static bool
can_ever_have(struct hub *hub, const struct semaphore *semaphore,
              const struct member *member, const struct hub_op *op)
{
    if (semaphore->unowned)
        return true;
    if (op->amount > semaphore->permits) {
        hub_reply_misuse(hub, op->id,
                         "semaphore '%s' has %" PRId64 " permit%s in all: "
                         "%" PRId64 " are never free at once",
                         op->name, semaphore->permits,
                         semaphore->permits == 1 ? "" : "s", op->amount);
        return false;
    }
    int64_t held = op->attempt ? 0 : held_by(semaphore, member, op->id.task);
    if (held > semaphore->permits - op->amount) {
        hub_reply_misuse(hub, op->id,
                         "semaphore '%s': this task holds %" PRId64
                         " of its %" PRId64 " permit%s and waits for %" PRId64
                         " more, which nobody else could release",
                         op->name, held, semaphore->permits,
                         semaphore->permits == 1 ? "" : "s", op->amount);
        return false;
    }
    return true;
}

static void
acquire(struct hub *hub, struct semaphore *semaphore, struct member *member,
        const struct hub_op *op)
{
    if (!can_ever_have(hub, semaphore, member, op))
        return;
    if (list_empty(&semaphore->waits) && op->amount <= available(semaphore)) {
        take(hub, semaphore, &op->id, op->amount, op->worker_scope, op->where);
        wait_count_at_once(hub, semaphore->object.name, &acquire_ops,
                           HUB_GRANTED);
        hub_reply_status(hub, op->id, HUB_GRANTED);
    } else if (op->attempt) {
        hub_reply_status(hub, op->id, HUB_WOULD_WAIT);
    } else {
        struct wait *wait =
            wait_begin(hub, member, op, &acquire_ops, semaphore->object.name);
        wait->semaphore = semaphore;
        wait->amount = op->amount;
        wait->worker_scope = op->worker_scope;
        wait_enqueue(hub, wait, op, &semaphore->waits);
    }
}

static void
release(struct hub *hub, struct semaphore *semaphore,
        const struct member *member, const struct hub_op *op)
{
    if (semaphore->unowned) {
        semaphore->taken -= op->amount;
    } else {
        int64_t held = held_by(semaphore, member, op->id.task);
        if (held < op->amount && !member->stopped) {
            hub_reply_misuse(hub, op->id,
                             "release: this task holds %" PRId64
                             " permit%s of semaphore '%s', not %" PRId64,
                             held, held == 1 ? "" : "s", op->name, op->amount);
            return;
        }
        take_back(hub, semaphore, member, op->id.task,
                  held < op->amount ? held : op->amount);
    }
    hub_reply_status(hub, op->id, HUB_GRANTED);
    serve(hub, semaphore);
}

/* Permits without owners are known by their number only. */
static void
give_back(struct hub *hub, struct object *object, const struct hub_op *op)
{
    struct semaphore *semaphore = semaphore_of(object);
    if (semaphore->unowned) {
        semaphore->taken -= op->amount;
        serve(hub, semaphore);
        return;
    }
    list_for_each (it, &semaphore->grants) {
        if (!holding_was_taken_by(&grant_at(it)->holding, &op->id))
            continue;
        release_grant(hub, &grant_at(it)->holding);
        return;
    }
}

static void
operate(struct hub *hub, struct object *object, struct member *member,
        const struct hub_op *op)
{
    struct semaphore *semaphore = semaphore_of(object);
    if (op->type == HUB_OP_SEMAPHORE_ACQUIRE)
        acquire(hub, semaphore, member, op);
    else if (op->type == HUB_OP_SEMAPHORE_RELEASE)
        release(hub, semaphore, member, op);
    else
        hub_reply_granted(hub, op->id,
                          &(struct hub_reply){
                              .number = available(semaphore),
                          });
}

/* --- life --- */

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct semaphore *semaphore = xmalloc(sizeof(*semaphore));
    *semaphore = (struct semaphore){
        .permits = hub_options_permits(&op->options),
        .unowned = op->options.unowned,
    };
    list_init(&semaphore->grants);
    list_init(&semaphore->spares);
    list_init(&semaphore->waits);
    return &semaphore->object;
}

static bool
adopt(struct hub *hub, struct object *object, const struct hub_op *op)
{
    struct semaphore *semaphore = semaphore_of(object);
    semaphore->permits = hub_options_permits(&op->options);
    semaphore->unowned = op->options.unowned;
    while (semaphore->unowned && !list_empty(&semaphore->grants))
        end_grant(hub, grant_at(semaphore->grants.next));
    serve(hub, semaphore);
    return true;
}

static void
free_grants(struct list *grants)
{
    list_for_each (it, grants) {
        holding_drop(&grant_at(it)->holding);
        free(grant_at(it));
    }
}

static void
destroy(struct hub *hub, struct object *object)
{
    struct semaphore *semaphore = semaphore_of(object);
    free_grants(&semaphore->grants);
    free_grants(&semaphore->spares);
    free(semaphore);
}

static const char *
refuses_free(struct object *object)
{
    const struct semaphore *semaphore = semaphore_of(object);
    if (!list_empty(&semaphore->waits))
        return "a worker waits on it";
    return list_empty(&semaphore->grants) ? NULL : "a worker holds permits";
}

const struct object_ops semaphore_object_ops = {
    .create = create,
    .adopt = adopt,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .op = operate,
    .give_back = give_back,
};
