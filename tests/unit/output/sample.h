#ifndef MOLO_TESTS_OUTPUT_SAMPLE_H
#define MOLO_TESTS_OUTPUT_SAMPLE_H

#include "output/result.h"
#include "stats/recorder.h"

/* The result of a small run: two workers, "pad" with seed 7, 4 s. */
struct sample {
    struct options *options;
    struct plan *plan;
    struct recorder *recorder;
    struct result result;
};

/* Nothing has happened yet; the recorder is the caller's to fill. */
void sample_init(struct sample *sample);
void sample_finish(struct sample *sample);
/* Fills in five runs with requests, checks, errors and coordination. */
void sample_record(struct sample *sample);

#endif
