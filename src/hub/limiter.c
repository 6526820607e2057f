/* A limiter: so many tokens a second, first come first served. Only the first
 * who waits is looked at, and at the nanosecond at which it can be served, the
 * timer fires. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/units.h"
#include "hub/bucket.h"
#include "hub/hub_internal.h"
#include "hub/object.h"
#include "hub/options.h"
#include "hub/wait.h"

struct limiter {
    struct object object;
    struct bucket bucket;
    struct list waits;
    struct hub_timer refill;
};

static struct limiter *
limiter_of(struct object *object)
{
    return container_of(object, struct limiter, object);
}

/* --- serving --- */

static void
arm(struct hub *hub, struct limiter *limiter)
{
    const struct wait *first = wait_first(&limiter->waits);
    hub_set_timer(
        hub, &limiter->refill,
        first ? bucket_ready_at(&limiter->bucket, first->amount, hub->now)
              : NSEC_NEVER);
}

static void
serve(struct hub *hub, struct limiter *limiter)
{
    struct wait *first;
    while ((first = wait_first(&limiter->waits)) &&
           bucket_serve(&limiter->bucket, first->amount, hub->now))
        wait_grant(hub, first, &(struct hub_reply){.status = HUB_GRANTED});
    arm(hub, limiter);
}

static void
on_refill(struct hub *hub, struct hub_timer *timer)
{
    serve(hub, container_of(timer, struct limiter, refill));
}

/* --- waiting --- */

/* The one that waits behind it may want less and be served now, but not from
 * here: others are being taken from the hub's lists. The timer does it. */
static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    arm(hub, limiter_of(wait->object));
}

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_printf(out, "no turn to take %" PRId64, wait->amount);
}

/* "missing: 2.5 s until then (rate = 10, 3 wait before it)" */
static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    const struct limiter *limiter = limiter_of(wait->object);
    int64_t amount = wait->amount;
    int before = 0;
    list_for_each (it, &limiter->waits) {
        const struct wait *other = container_of(it, struct wait, queue);
        if (other == wait)
            break;
        if (__builtin_add_overflow(amount, other->amount, &amount))
            amount = INT64_MAX;
        before++;
    }
    nsec_t at = bucket_ready_at(&limiter->bucket, amount, hub->now);
    char left[32];
    units_format_duration(at - hub->now, left, sizeof(left));
    buf_printf(out, "missing: %s until then (rate = %g", left,
               limiter->object.options.rate);
    if (before > 0)
        buf_printf(out, ", %d %s before it", before,
                   before == 1 ? "waits" : "wait");
    buf_append_str(out, ")");
}

static const struct wait_ops take_ops = {
    .name = "take",
    .object = HUB_LIMITER,
    .withdraw = withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
    .ends_by_itself = true,
};

/* --- operations --- */

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    const struct hub_options *options = &op->options;
    if (!options->given) {
        hub_reply_misuse(hub, op->id,
                         "limiter '%s' needs {rate = ...}: nobody has said yet "
                         "how many it lets pass per second",
                         op->name);
        return NULL;
    }
    struct limiter *limiter = xmalloc(sizeof(*limiter));
    *limiter = (struct limiter){.refill.fire = on_refill};
    bucket_init(&limiter->bucket, options->rate, hub_options_burst(options),
                hub->now);
    list_init(&limiter->waits);
    return &limiter->object;
}

static void
destroy(struct hub *hub, struct object *object)
{
    struct limiter *limiter = limiter_of(object);
    hub_set_timer(hub, &limiter->refill, NSEC_NEVER);
    free(limiter);
}

static const char *
refuses_free(struct object *object)
{
    return wait_first(&limiter_of(object)->waits) ? "a worker waits on it"
                                                  : NULL;
}

static void
operate(struct hub *hub, struct object *object, struct member *member,
        const struct hub_op *op)
{
    struct limiter *limiter = limiter_of(object);
    if (!bucket_holds(&limiter->bucket, op->amount)) {
        hub_reply_misuse(hub, op->id,
                         "take: limiter '%s' never lets %" PRId64
                         " pass at once: burst = %g",
                         op->name, op->amount,
                         hub_options_burst(&object->options));
        return;
    }
    if (!wait_first(&limiter->waits) &&
        bucket_take(&limiter->bucket, op->amount, hub->now)) {
        wait_count_at_once(hub, op->name, &take_ops, HUB_GRANTED);
        hub_reply_status(hub, op->id, HUB_GRANTED);
        return;
    }
    struct wait *wait = wait_begin(hub, member, op, &take_ops, object->name);
    wait->object = object;
    wait->amount = op->amount;
    if (wait_enqueue(hub, wait, op, &limiter->waits))
        arm(hub, limiter);
}

const struct object_ops limiter_object_ops = {
    .create = create,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .op = operate,
};
