#include "plan/rate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"

#define TARGET_WORKERS_MAX 1000000
/* Ten years. */
#define STAGE_MAX (INT64_C(87600) * 3600 * NSEC_PER_SEC)
/* Of count and fraction together: the period must hold their power of ten. */
#define DIGITS_MAX 12

static int64_t
greatest_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

nsec_t
rate_common_period(nsec_t a, nsec_t b)
{
    nsec_t common;
    if (__builtin_mul_overflow(a / greatest_divisor(a, b), b, &common) ||
        common > RATE_PERIOD_MAX)
        return 0;
    return common;
}

/* "50" or "2.5" as a whole number and the power of ten to divide it by. */
static bool
parse_count(const char *text, size_t size, int64_t *count, int64_t *divisor)
{
    *count = 0;
    *divisor = 1;
    bool fraction = false, any = false;
    size_t digits = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '.' && !fraction && any && i + 1 < size) {
            fraction = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || ++digits > DIGITS_MAX)
            return false;
        any = true;
        *count = *count * 10 + (text[i] - '0');
        if (fraction)
            *divisor *= 10;
    }
    return any;
}

/* "s" is one second. */
static bool
parse_period(const char *text, nsec_t *out)
{
    char whole[64];
    bool bare = text[0] < '0' || text[0] > '9';
    int size = snprintf(whole, sizeof(whole), "%s%s", bare ? "1" : "", text);
    if (text[0] == '\0' || size >= (int)sizeof(whole))
        return false;
    /* "50/2" does not say two of what. */
    if (whole[size - 1] >= '0' && whole[size - 1] <= '9')
        return false;
    return units_parse_duration(whole, out, NULL) && *out > 0;
}

bool
rate_parse(const char *text, struct plan_rate *out)
{
    const char *slash = strchr(text, '/');
    int64_t count, divisor;
    nsec_t per;
    if (slash == NULL ||
        !parse_count(text, (size_t)(slash - text), &count, &divisor) ||
        !parse_period(slash + 1, &per) ||
        __builtin_mul_overflow(per, divisor, &per))
        return false;
    int64_t common = greatest_divisor(count, per);
    count /= common;
    per /= common;
    if (per > RATE_PERIOD_MAX || count > per)
        return false;
    *out = (struct plan_rate){count, per};
    return true;
}

bool
stage_parse(const char *text, struct plan_stage *out)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL)
        return false;
    struct plan_stage stage = {0};
    char *time = xstrndup(text, (size_t)(colon - text));
    bool ok = units_parse_duration(time, &stage.duration, NULL) &&
              stage.duration <= STAGE_MAX;
    free(time);
    const char *target = colon + 1;
    ok = ok && (strchr(target, '/') != NULL
                    ? rate_parse(target, &stage.target)
                    : units_parse_int(target, "", 0, TARGET_WORKERS_MAX,
                                      &stage.target.count, NULL));
    if (ok)
        *out = stage;
    return ok;
}

/* "s", "2m", "90s" */
static void
describe_period(nsec_t per, struct buf *out)
{
    static const struct {
        nsec_t length;
        const char *name;
    } units[] = {
        {3600 * NSEC_PER_SEC, "h"}, {60 * NSEC_PER_SEC, "m"},
        {NSEC_PER_SEC, "s"},        {NSEC_PER_MSEC, "ms"},
        {NSEC_PER_USEC, "us"},      {1, "ns"},
    };
    size_t i = 0;
    while (per % units[i].length != 0)
        i++;
    if (per > units[i].length)
        buf_printf(out, "%" PRId64, per / units[i].length);
    buf_append_str(out, units[i].name);
}

void
rate_describe(struct plan_rate rate, struct buf *out)
{
    static const nsec_t natural[] = {NSEC_PER_SEC, 60 * NSEC_PER_SEC,
                                     3600 * NSEC_PER_SEC};
    if (rate.count == 0) {
        buf_append_str(out, "0/s");
        return;
    }
    for (size_t i = 0; i < sizeof(natural) / sizeof(natural[0]); i++) {
        nsec_t times = natural[i] / rate.per;
        int64_t count;
        if (natural[i] % rate.per != 0 ||
            __builtin_mul_overflow(rate.count, times, &count))
            continue;
        buf_printf(out, "%" PRId64 "/", count);
        describe_period(natural[i], out);
        return;
    }
    buf_printf(out, "%" PRId64 "/", rate.count);
    describe_period(rate.per, out);
}

void
stage_describe_target(struct plan_rate target, struct buf *out)
{
    if (target.per > 0)
        rate_describe(target, out);
    else
        buf_printf(out, "%" PRId64 " worker%s", target.count,
                   target.count == 1 ? "" : "s");
}

double
rate_per_second(struct plan_rate rate)
{
    return rate.per > 0 ? (double)rate.count / nsec_to_seconds(rate.per) : 0;
}
