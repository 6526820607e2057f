#include "engine/backlog.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* A power of two, as all that follow. */
#define CAPACITY_MIN 16

static nsec_t *
at(const struct backlog *backlog, size_t place)
{
    return &backlog->due[(backlog->first + place) & (backlog->capacity - 1)];
}

static void
grow(struct backlog *backlog)
{
    struct backlog grown = {
        .count = backlog->count,
        .capacity =
            backlog->capacity > 0 ? 2 * backlog->capacity : CAPACITY_MIN,
    };
    grown.due = xcalloc(grown.capacity, sizeof(*grown.due));
    for (size_t i = 0; i < backlog->count; i++)
        grown.due[i] = *at(backlog, i);
    free(backlog->due);
    *backlog = grown;
}

void
backlog_finish(struct backlog *backlog)
{
    free(backlog->due);
    *backlog = (struct backlog){0};
}

void
backlog_add(struct backlog *backlog, nsec_t due)
{
    if (backlog->count == backlog->capacity)
        grow(backlog);
    size_t last = backlog->count++, place;
    if (last > 0 && due < *at(backlog, last / 2)) {
        backlog->first--;
        for (place = 0; *at(backlog, place + 1) <= due; place++)
            *at(backlog, place) = *at(backlog, place + 1);
    } else {
        for (place = last; place > 0 && *at(backlog, place - 1) > due; place--)
            *at(backlog, place) = *at(backlog, place - 1);
    }
    *at(backlog, place) = due;
}

nsec_t
backlog_first(const struct backlog *backlog)
{
    assert(backlog->count > 0);
    return *at(backlog, 0);
}

nsec_t
backlog_pop(struct backlog *backlog)
{
    nsec_t due = backlog_first(backlog);
    backlog->first++;
    backlog->count--;
    return due;
}
