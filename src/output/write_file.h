#ifndef MOLO_OUTPUT_WRITE_FILE_H
#define MOLO_OUTPUT_WRITE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Replaces the file at `path` by `data`, all or nothing: whoever reads it sees
 * the old content or the new one, and on failure the old one stays. What is no
 * regular file (a device, a pipe) is written to; "-" is stdout. The message
 * names path and cause. */
bool
write_file(const char *path, const char *data, size_t size, struct err *err);

#endif
