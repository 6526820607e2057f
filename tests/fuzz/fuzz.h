#ifndef MOLO_TESTS_FUZZ_H
#define MOLO_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What a target fuzz_NAME.c defines; driver.c calls it. */

/* How often it is run by default: about two seconds under sanitizers. */
extern const unsigned fuzz_default_runs;
/* Once, before the first. */
void fuzz_setup(void);
/* After the last, so that leaks show. */
void fuzz_finish(void);
/* Must come back, whatever the bytes, and have freed what it took. They stand
 * in memory of exactly `size`. Returns 0. */
int fuzz_one(const uint8_t *data, size_t size);

/* Ends the process as a crash if a property does not hold. Not assert: that
 * one may be compiled out. */
#define FUZZ_CHECK(condition) \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

#endif
