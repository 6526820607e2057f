#ifndef MOLO_BASE_UNITS_H
#define MOLO_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/* "250ms", "2m", "1h30m", "1.5" (seconds). Units: ns us ms s m h. Refuses
 * negative, NaN, infinite and empty values with a message that shows forms. */
bool units_parse_duration(const char *s, nsec_t *out, struct err *err);
/* "1.23 ms", "12 s": three significant digits for people. */
void units_format_duration(nsec_t t, char *out, size_t size);
/* "64MB", "1.5GB", "512MiB", "4096" (bytes). Units: B kB MB GB TB (powers of
 * 1000), KiB MiB GiB TiB (of 1024). Refuses what is negative or not finite. */
bool units_parse_bytes(const char *s, int64_t *out, struct err *err);
/* "1.2 kB", "3.4 MB" (powers of 1000). */
void units_format_bytes(uint64_t bytes, char *out, size_t size);
/* Whole decimal number within [min, max]; the message names `what`. */
bool units_parse_int(const char *s, const char *what, int64_t min, int64_t max,
                     int64_t *out, struct err *err);

#endif
