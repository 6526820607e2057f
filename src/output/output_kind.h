#ifndef MOLO_OUTPUT_OUTPUT_KIND_H
#define MOLO_OUTPUT_OUTPUT_KIND_H

#include "output/outputs.h"

/* What a kind of output is made of; inside src/output only. A new kind is a
 * file with such a table and a row in outputs.c. */

/* When a kind is completed: later ones can tell what became of earlier ones. */
enum output_rank {
    OUTPUT_RANK_LOG,
    OUTPUT_RANK_STREAM,
    OUTPUT_RANK_FILE,
};

struct output {
    const struct output_kind *kind;
    const char *path; /* "-": stdout; borrowed from the options */
    void *data;       /* of open; NULL: none */
};

struct output_kind {
    const char *name;
    enum output_rank rank;
    /* Its file is written to as it stands, while the test goes on. The other
     * functions are for such kinds; each may be NULL. */
    bool grows;
    bool (*open)(struct output *output, struct err *err);
    void (*start)(struct output *output, const struct result *result);
    void (*on_interval)(struct output *output, const struct interval_row *row);
    void (*on_error)(struct output *output, nsec_t at, const char *kind,
                     const char *message, const struct error_first *occurrence);
    void (*on_request)(struct output *output, nsec_t at,
                       const struct request_sample *sample);
    /* See outputs_write(). */
    void (*write)(struct output *output);
    /* Adds to it what the output has logged so far. */
    void (*log)(const struct output *output, struct outputs_log *log);
    /* Of all kinds: completes it. */
    bool (*finish)(struct output *output, const struct result *result,
                   struct err *err);
    /* Of one that was opened and never completed. */
    void (*abandon)(struct output *output);
};

extern const struct output_kind output_csv;
extern const struct output_kind output_hgrm;
extern const struct output_kind output_hlog;
extern const struct output_kind output_json;
extern const struct output_kind output_junit;
extern const struct output_kind output_ndjson;
extern const struct output_kind output_requests;
extern const struct output_kind output_requests_bin;

#endif
