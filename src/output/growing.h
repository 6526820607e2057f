#ifndef MOLO_OUTPUT_GROWING_H
#define MOLO_OUTPUT_GROWING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A file that grows while the test goes on and that others may follow. It
 * consists of whole pieces only (lines, records): on a disk that is full, what
 * is there of the piece that does not fit is taken back, and nothing is written
 * after it. One thread at a time, but for growing_put. */
struct growing;

/* Replaces the content of `path`; "-" is stdout. NULL with `err`. */
struct growing *growing_open(const char *path, struct err *err);

/* Appends pieces and waits until they are written: piece i ends before ends[i],
 * the last one at the end of `data`. Returns how many of them the file has; if
 * not all, the rest and whatever comes after them is lost. */
size_t growing_write(struct growing *growing, const void *data,
                     const size_t *ends, size_t count);
/* The same of lines, each with its newline; false: some of them, or of those
 * before, are lost. */
bool
growing_write_lines(struct growing *growing, const char *lines, size_t size);

/* Hands lines over to the thread that calls growing_flush: one that must not
 * wait for the file. */
void growing_put(struct growing *growing, const char *lines, size_t size);
void growing_flush(struct growing *growing);

/* Writes what was handed over, puts all on the disk and destroys it. False with
 * `err` if anything was lost; the message names the file. NULL is fine. */
bool growing_close(struct growing *growing, struct err *err);

#endif
