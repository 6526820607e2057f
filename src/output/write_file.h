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

/* Where a file is, or will be once it is written: absolute, without symbolic
 * links, so that two paths of one file are the same. The caller frees it. */
char *write_file_target(const char *path);
/* Could it be written? 0, or an errno. `in_place`: it is to be written to as it
 * stands, not replaced. Creates and changes nothing. */
int write_file_probe(const char *path, bool in_place);
/* Why writing failed, in the words of the messages. */
const char *write_file_cause(int error);

#endif
