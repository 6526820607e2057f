#include "hub/options.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"

int64_t
hub_options_permits(const struct hub_options *options)
{
    if (options->permits == HUB_NO_PERMITS)
        return 0;
    return options->permits > 0 ? options->permits : 1;
}

double
hub_options_burst(const struct hub_options *options)
{
    if (options->burst > 0)
        return options->burst;
    return options->rate > 1 ? options->rate : 1;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool
hub_options_agree(enum hub_object_type type, const struct hub_options *a,
                  const struct hub_options *b)
{
    switch (type) {
    case HUB_NOTIFIER:
        return a->readers == b->readers;
    case HUB_BARRIER:
        return a->parties == b->parties && a->shrink == b->shrink;
    case HUB_SEMAPHORE:
        return hub_options_permits(a) == hub_options_permits(b) &&
               a->unowned == b->unowned;
    case HUB_CONDITION:
        return same_text(a->lock, b->lock);
    case HUB_QUEUE:
        return a->bounded == b->bounded && a->capacity == b->capacity;
    case HUB_LIMITER:
        return a->rate == b->rate &&
               hub_options_burst(a) == hub_options_burst(b);
    case HUB_VARIABLE:
    case HUB_EVENT:
    case HUB_LOCK:
    case HUB_TASK:
    case HUB_OBJECT_TYPES:
        break;
    }
    return true;
}

void
hub_options_describe(enum hub_object_type type,
                     const struct hub_options *options, struct buf *out)
{
    switch (type) {
    case HUB_NOTIFIER:
        if (options->readers > 0)
            buf_printf(out, "readers = %" PRId32, options->readers);
        return;
    case HUB_BARRIER:
        if (options->parties > 0)
            buf_printf(out, "parties = %" PRId32, options->parties);
        if (options->shrink)
            buf_printf(out, "%son_leave = \"shrink\"",
                       options->parties > 0 ? ", " : "");
        return;
    case HUB_SEMAPHORE:
        buf_printf(out, "permits = %" PRId64, hub_options_permits(options));
        if (options->unowned)
            buf_append_str(out, ", owned = false");
        return;
    case HUB_CONDITION:
        if (options->lock)
            buf_printf(out, "lock = '%s'", options->lock);
        return;
    case HUB_QUEUE:
        if (options->bounded)
            buf_printf(out, "capacity = %" PRId64, options->capacity);
        return;
    case HUB_LIMITER:
        buf_printf(out, "rate = %g", options->rate);
        if (options->burst > 0)
            buf_printf(out, ", burst = %g", options->burst);
        return;
    case HUB_VARIABLE:
    case HUB_EVENT:
    case HUB_LOCK:
    case HUB_TASK:
    case HUB_OBJECT_TYPES:
        break;
    }
}
