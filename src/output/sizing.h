#ifndef MOLO_OUTPUT_SIZING_H
#define MOLO_OUTPUT_SIZING_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* What --sizing came to: each number of workers that was tried, and which one
 * was right. */
struct summary;

struct sizing_step {
    int32_t workers;
    nsec_t length;
    uint64_t runs, failed; /* that ended in it */
    double rate;           /* runs per second */
    nsec_t p95;            /* of the requests that were answered; 0: none */
    bool ok;               /* nothing was wrong with it */
};

enum sizing_end {
    SIZING_UNDECIDED, /* something else has ended the test */
    SIZING_FAILURES,
    SIZING_THRESHOLD,
    SIZING_NO_GROWTH,
    SIZING_ALL_WORKERS,
};

struct sizing {
    struct sizing_step *steps;
    size_t count;
    enum sizing_end end;
    int32_t size;        /* 0: not even the first number was right */
    double tolerance;    /* percent */
    char threshold[128]; /* the one that has failed */
};

/* A new reference. */
json_t *json_sizing(const struct sizing *sizing);
void summary_sizing(struct summary *sum);

#endif
