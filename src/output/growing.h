#ifndef MOLO_OUTPUT_GROWING_H
#define MOLO_OUTPUT_GROWING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A file that grows while the test goes on and that others may follow. It
 * consists of whole pieces only (lines, records): one that does not fit on the
 * disk any more is taken back, and nothing is written after it. One thread at a
 * time. */
struct growing;

/* Replaces the content of `path`; "-" is stdout. NULL with `err`. */
struct growing *growing_open(const char *path, struct err *err);
/* Appends whole pieces and waits until they are written. False: they, or some
 * before them, are lost. */
bool growing_write(struct growing *growing, const void *data, size_t size);
/* Puts all on the disk and destroys it. False with `err` if anything was lost;
 * the message names the file. NULL is fine. */
bool growing_close(struct growing *growing, struct err *err);

#endif
