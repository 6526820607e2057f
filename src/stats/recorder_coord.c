#include <string.h>

#include "base/str.h"
#include "stats/recorder_internal.h"

#define LABEL_SIZE 256

static struct coord_stats *
find_row(struct recorder *recorder, const char *type, const char *name)
{
    char label[LABEL_SIZE];
    str_label(name, label, sizeof(label));
    return snapshot_coord(recorder->snapshot, type, label);
}

static struct coord_stats *
coord_of(struct recorder *recorder, const char *type, const char *name)
{
    /* Those who wait keep the name where it is; if not, it is compared. */
    size_t place = (uintptr_t)name / _Alignof(max_align_t) % COORD_REFS;
    struct coord_ref *ref = &recorder->coords[place];
    if (ref->row != NULL && strcmp(ref->name, name) == 0 &&
        strcmp(ref->type, type) == 0)
        return ref->row;
    struct coord_stats *row = find_row(recorder, type, name);
    if (strlen(name) < sizeof(ref->name) && strlen(type) < sizeof(ref->type)) {
        ref->row = row;
        strcpy(ref->name, name);
        strcpy(ref->type, type);
    }
    return row;
}

void
recorder_coord_wait(struct recorder *recorder, const char *type,
                    const char *name, nsec_t waited)
{
    struct coord_stats *row = coord_of(recorder, type, name);
    row->waits++;
    hist_record_into(&row->wait, waited);
    recorder_trend(recorder, TREND_COORD_WAIT, waited < 0 ? 0 : waited);
}

void
recorder_coord_event(struct recorder *recorder, const char *type,
                     const char *name, enum coord_event event)
{
    struct coord_stats *row = coord_of(recorder, type, name);
    switch (event) {
    case COORD_ROUND:
        row->rounds++;
        break;
    case COORD_MISSED:
        row->missed++;
        break;
    case COORD_TIMEOUT:
        row->timeouts++;
        break;
    case COORD_BREAK:
        row->breaks++;
        break;
    case COORD_CONTENDED:
        row->contended++;
        break;
    }
}

void
recorder_coord_time(struct recorder *recorder, enum coord_time which,
                    const char *type, const char *name, nsec_t t)
{
    struct coord_stats *row = coord_of(recorder, type, name);
    static const enum trend trends[] = {
        [COORD_PROPAGATION] = TREND_COORD_PROPAGATION,
        [COORD_VISIBILITY] = TREND_COORD_VISIBILITY,
        [COORD_ROUND_TIME] = TREND_COORD_ROUND,
        [COORD_SKEW] = TREND_COORD_SKEW,
        [COORD_RELEASE] = TREND_COORD_RELEASE,
        [COORD_HELD] = TREND_COORD_HELD,
    };
    struct hist **const hists[] = {
        [COORD_PROPAGATION] = &row->propagation,
        [COORD_VISIBILITY] = &row->visibility,
        [COORD_ROUND_TIME] = &row->round,
        [COORD_SKEW] = &row->skew,
        [COORD_RELEASE] = &row->release,
        [COORD_HELD] = &row->held,
    };
    hist_record_into(hists[which], t);
    recorder_trend(recorder, trends[which], t < 0 ? 0 : t);
}

void
recorder_coord_depth(struct recorder *recorder, const char *type,
                     const char *name, uint64_t items)
{
    nsec_t depth = items < INT64_MAX ? (nsec_t)items : INT64_MAX;
    hist_record_into(&coord_of(recorder, type, name)->depth, depth);
}
