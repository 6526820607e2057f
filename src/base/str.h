#ifndef MOLO_BASE_STR_H
#define MOLO_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Number of insertions, deletions, substitutions and swaps of neighbours
 * between two words (optimal string alignment distance), case-insensitive. */
size_t str_distance(const char *a, const char *b);

/* The candidate nearest to a mistyped word, or NULL if none is near enough to
 * be what was meant. Borrows from `candidates` (`count` entries). */
const char *
str_nearest(const char *word, const char *const *candidates, size_t count);

/* Adds to the message of `err`, "unknown scenario 'bowse'", what was probably
 * meant, ": did you mean 'browse'?", or else what there is, " (there are:
 * browse, buy)". Returns false. */
bool str_suggest(const char *word, const char *const *candidates, size_t count,
                 struct err *err);

/* Label of a name in results: trailing digits become one '#'. `out` is always
 * terminated; a name longer than size - 1 is cut. */
void str_label(const char *name, char *out, size_t size);

/* True if [data, data+size) holds CR, LF or NUL. */
bool str_has_ctl_break(const char *data, size_t size);

#endif
