#ifndef MOLO_TESTS_JUDGED_H
#define MOLO_TESTS_JUDGED_H

#include <string.h>

#include "stats/threshold.h"

/* What thresholds find in a snapshot: an expression, and the value as it is
 * told to the user. Include cmocka.h before. */

#define DURATION (4 * NSEC_PER_SEC)

struct judged {
    const char *expression, *value;
};

static inline void
assert_values(const struct snapshot *s, const struct metric_catalog *catalog,
              const struct judged *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct threshold threshold;
        struct err err;
        if (!threshold_init(&threshold, rows[i].expression, catalog, &err))
            fail_msg("%s", err.message);
        threshold_judge(&threshold, s, DURATION);
        char value[THRESHOLD_VALUE_SIZE];
        threshold_value_text(&threshold, value);
        if (strcmp(value, rows[i].value) != 0)
            fail_msg("%s: %s instead of %s", rows[i].expression, value,
                     rows[i].value);
        threshold_finish(&threshold);
    }
}
#define ASSERT_VALUES(s, catalog, rows) \
    assert_values(s, catalog, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
