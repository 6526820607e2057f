#include "base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNIT_COUNT 6
#define UNIT_SECOND 2

static const struct unit {
    const char *name;
    nsec_t length;
} units[UNIT_COUNT] = {
    {"h", 3600 * NSEC_PER_SEC}, {"m", 60 * NSEC_PER_SEC}, {"s", NSEC_PER_SEC},
    {"ms", NSEC_PER_MSEC},      {"us", NSEC_PER_USEC},    {"ns", 1},
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Index into units, or UNIT_COUNT; moves *s behind the name. */
static size_t
parse_unit(const char **s)
{
    size_t len = 0;
    while ((*s)[len] != '\0' && !is_digit((*s)[len]) && (*s)[len] != '.')
        len++;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strlen(units[i].name) == len &&
            memcmp(units[i].name, *s, len) == 0) {
            *s += len;
            return i;
        }
    }
    return UNIT_COUNT;
}

/* Digits with an optional fraction. Sets the whole part (saturated, so that the
 * caller sees an overflow) and the fraction; false without a digit. */
static bool
parse_number(const char **s, uint64_t *whole, double *fraction)
{
    const char *p = *s;
    bool any = false;
    *whole = 0;
    for (; is_digit(*p); p++) {
        any = true;
        if (__builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_add_overflow(*whole, (uint64_t)(*p - '0'), whole))
            *whole = UINT64_MAX;
    }
    *fraction = 0;
    if (*p == '.') {
        p++;
        if (!is_digit(*p))
            return false;
        any = true;
        for (double scale = 0.1; is_digit(*p); p++, scale /= 10)
            *fraction += (*p - '0') * scale;
    }
    *s = p;
    return any;
}

bool
units_parse_duration(const char *s, nsec_t *out, struct err *err)
{
    const char *p = s;
    nsec_t total = 0;
    size_t next_unit = 0; /* 1h30m, but neither 30m1h nor 1m1m */
    if (*p == '\0')
        goto refused;
    while (*p != '\0') {
        uint64_t whole;
        double fraction;
        if (!parse_number(&p, &whole, &fraction))
            goto refused;
        bool bare = *p == '\0' && total == 0 && next_unit == 0;
        size_t unit = bare ? UNIT_SECOND : parse_unit(&p);
        if (unit < next_unit || unit >= UNIT_COUNT)
            goto refused;
        next_unit = unit + 1;
        nsec_t part;
        if (__builtin_mul_overflow(whole, units[unit].length, &part) ||
            __builtin_add_overflow(total, part, &total) ||
            __builtin_add_overflow(
                total, (nsec_t)llround(fraction * (double)units[unit].length),
                &total) ||
            total == NSEC_NEVER)
            return err_set(err, "the duration '%.40s' is too long", s);
    }
    *out = total;
    return true;

refused:
    return err_set(err,
                   "'%.40s' is not a duration; write for example 250ms, 1.5s, "
                   "2m or 1h30m (units: ns us ms s m h; none: seconds)",
                   s);
}

/* Three significant digits without the zeros that end a fraction. */
static void
format_scaled(double value, const char *unit, char *out, size_t size)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%.*f", decimals, value);
    if (decimals > 0) {
        while (digits[len - 1] == '0')
            len--;
        if (digits[len - 1] == '.')
            len--;
    }
    snprintf(out, size, "%.*s %s", len, digits, unit);
}

void
units_format_duration(nsec_t t, char *out, size_t size)
{
    if (t == NSEC_NEVER) {
        snprintf(out, size, "never");
        return;
    }
    if (t == 0) {
        snprintf(out, size, "0 s");
        return;
    }
    if (t < 0 && size > 1) {
        *out++ = '-';
        size--;
    }
    /* Rounds before it picks a unit: 999.9 us is 1 ms. */
    double d = fabs((double)t);
    if (d < 999.5)
        format_scaled(d, "ns", out, size);
    else if (d < 999.5e3)
        format_scaled(d / 1e3, "us", out, size);
    else if (d < 999.5e6)
        format_scaled(d / 1e6, "ms", out, size);
    else if (d < 119.5e9)
        format_scaled(d / 1e9, "s", out, size);
    else {
        int64_t seconds = llround(d / 1e9);
        if (seconds < 3600)
            snprintf(out, size, "%" PRId64 "m%02" PRId64 "s", seconds / 60,
                     seconds % 60);
        else {
            int64_t minutes = (seconds + 30) / 60;
            snprintf(out, size, "%" PRId64 "h%02" PRId64 "m", minutes / 60,
                     minutes % 60);
        }
    }
}

void
units_format_bytes(uint64_t bytes, char *out, size_t size)
{
    static const char *const names[] = {"B",  "kB", "MB", "GB",
                                        "TB", "PB", "EB"};
    if (bytes < 1000) {
        snprintf(out, size, "%" PRIu64 " B", bytes);
        return;
    }
    double value = (double)bytes / 1000;
    size_t i = 1;
    for (; value >= 999.5; i++)
        value /= 1000;
    snprintf(out, size, "%.*f %s", value < 99.95 ? 1 : 0, value, names[i]);
}

bool
units_parse_bytes(const char *s, int64_t *out, struct err *err)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } sizes[] = {
        {"", 1},
        {"B", 1},
        {"kB", 1000},
        {"KB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", INT64_C(1000000000000)},
        {"KiB", 1 << 10},
        {"MiB", 1 << 20},
        {"GiB", 1 << 30},
        {"TiB", INT64_C(1) << 40},
    };
    const char *p = s;
    uint64_t whole;
    double fraction;
    if (parse_number(&p, &whole, &fraction)) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            int64_t size;
            if (strcmp(p, sizes[i].name) != 0)
                continue;
            if (__builtin_mul_overflow(whole, sizes[i].bytes, &size) ||
                __builtin_add_overflow(
                    size, llround(fraction * (double)sizes[i].bytes), &size))
                return err_set(err, "the size '%.40s' is too large", s);
            *out = size;
            return true;
        }
    }
    return err_set(err,
                   "'%.40s' is not a size; write for example 64MB, 1.5GB or "
                   "512MiB (none: bytes)",
                   s);
}

static bool
refuse_range(const char *s, const char *what, int64_t min, int64_t max,
             struct err *err)
{
    if (max == INT64_MAX)
        return err_set(err, "%s must be at least %" PRId64 ", not %.40s", what,
                       min, s);
    if (min == INT64_MIN)
        return err_set(err, "%s must be at most %" PRId64 ", not %.40s", what,
                       max, s);
    return err_set(err,
                   "%s must be between %" PRId64 " and %" PRId64 ", not %.40s",
                   what, min, max, s);
}

bool
units_parse_int(const char *s, const char *what, int64_t min, int64_t max,
                int64_t *out, struct err *err)
{
    bool negative = s[0] == '-';
    const char *p = s + negative;
    if (*p == '\0')
        return err_set(err, "%s must be a whole number, not '%.40s'", what, s);
    for (const char *q = p; *q != '\0'; q++) {
        if (!is_digit(*q))
            return err_set(err, "%s must be a whole number, not '%.40s'", what,
                           s);
    }
    int64_t value = 0;
    for (; *p != '\0'; p++) {
        int digit = *p - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return refuse_range(s, what, min, max, err);
    }
    if (value < min || value > max)
        return refuse_range(s, what, min, max, err);
    *out = value;
    return true;
}
