#ifndef MOLO_OUTPUT_TIMELINE_H
#define MOLO_OUTPUT_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/* The history of coordination as NDJSON, written as it happens: one object per
 * line, in the order in which things happened. A file that cannot be written to
 * any more is given up; the rest of the test does not mind. */
struct timeline;

/* Strings are borrowed during the call; those that are NULL, and numbers that
 * are 0 or below where the comment says so, are left out of the line. */
struct timeline_event {
    nsec_t at; /* since the start of the test */
    const char *what;
    int32_t worker; /* below 0: a global fixture; the line has null */
    int64_t task;
    const char *type, *name, *op, *where;
    int32_t room;        /* from 0, of the name; below 0: none */
    int64_t step, round; /* 0: none */
    nsec_t waited;       /* below 0: was no wait */
    bool failed;         /* false is left out */
};

/* Replaces the file at `path`; "-" is stdout. NULL with `err`. */
struct timeline *timeline_open(const char *path, struct err *err);
void
timeline_write(struct timeline *timeline, const struct timeline_event *event);
/* Writes what is still buffered and destroys it. False with `err` if any line
 * was lost; the message names the file. NULL is fine. */
bool timeline_close(struct timeline *timeline, struct err *err);
/* Writes what is buffered; for a process that ends without closing it. */
void timeline_flush(struct timeline *timeline);

#endif
