#ifndef MOLO_STATS_CUSTOM_H
#define MOLO_STATS_CUSTOM_H

#include "base/err.h"
#include "stats/series.h"

/* The metrics that scripts define: what each is called and measures, and, in a
 * snapshot, its series. A table of them is owned by one thread. */

enum custom_type {
    CUSTOM_COUNTER, /* a sum */
    CUSTOM_GAUGE,   /* the latest of some values, and their range */
    CUSTOM_RATE,    /* which share of them was true */
    CUSTOM_TREND,   /* how they are distributed */
};
enum custom_unit { CUSTOM_NUMBER, CUSTOM_SECONDS, CUSTOM_BYTES };

struct custom_metric {
    char *name;
    enum custom_type type;
    enum custom_unit unit;
    struct series *series;
    bool warned; /* that it has too many; the recorder's */
    UT_hash_handle hh;
};

/* "counter" ... */
const char *custom_type_name(enum custom_type type);
/* "s", "bytes"; "" for plain numbers. */
const char *custom_unit_name(enum custom_unit unit);

/* NULL: there is none of that name. */
struct custom_metric *
custom_find(struct custom_metric *metrics, const char *name);
/* The one of that name, made on first use. */
struct custom_metric *
custom_add(struct custom_metric **metrics, const char *name,
           enum custom_type type, enum custom_unit unit);
void custom_destroy(struct custom_metric **metrics);
/* `table`: of the tags of `into`. */
void custom_merge(struct custom_metric **into, struct tag_table *table,
                  const struct custom_metric *from);

/* Trends are kept in the histogram that durations are kept in. What it holds
 * for a value of 1: seconds as nanoseconds, bytes as they are, other numbers in
 * steps of 1e-6. */
double custom_scale(enum custom_unit unit);

/* False for a value that a metric of that type cannot have: NaN, infinite, or
 * negative where it makes no sense. A rate's is 0 or 1. */
bool
custom_check(const struct custom_metric *metric, double value, struct err *err);
/* Adds a checked value to a row of it. */
void custom_record(const struct custom_metric *metric, struct series *row,
                   double value, nsec_t at);

#endif
