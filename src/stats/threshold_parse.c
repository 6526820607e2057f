#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/units.h"
#include "stats/threshold.h"

#define FORM "metric{tag=value}:stat < bound"
#define WORD                     \
    "abcdefghijklmnopqrstuvwxyz" \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
    "0123456789_"

static void
skip_space(const char **p)
{
    *p += strspn(*p, " \t");
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool
take(const char **p, char c)
{
    skip_space(p);
    if (**p != c)
        return false;
    ++*p;
    return true;
}

/* Owned by the caller; empty when no character of `accept` is next. */
static char *
take_word(const char **p, const char *accept)
{
    skip_space(p);
    size_t size = strspn(*p, accept);
    char *word = xstrndup(*p, size);
    *p += size;
    return word;
}

/* --- tags --- */

static bool
take_quoted(const char **p, struct buf *out)
{
    for (++*p; **p != '"'; ++*p) {
        if (**p == '\\' && ((*p)[1] == '"' || (*p)[1] == '\\'))
            ++*p;
        if (**p == '\0')
            return false;
        buf_append(out, *p, 1);
    }
    ++*p;
    return true;
}

static bool
take_value(const char **p, struct buf *out, struct err *err)
{
    skip_space(p);
    if (**p == '"')
        return take_quoted(p, out) ||
               err_set(err, "the quote of a tag's value is not closed");
    size_t size = strcspn(*p, ",}");
    const char *value = *p;
    *p += size;
    while (size > 0 && is_space(value[size - 1]))
        size--;
    buf_append(out, value, size);
    return true;
}

static bool
take_tag(const char **p, struct metric_query *query,
         const struct metric_catalog *catalog, struct err *err)
{
    char *tag = take_word(p, WORD);
    struct buf value = {0};
    bool ok = false;
    if (tag[0] == '\0')
        err_set(err, "a tag is missing: write {tag=value}");
    else if (!take(p, '='))
        err_set(err, "the tag '%.60s' has no value: write {%.60s=value}", tag,
                tag);
    else if (take_value(p, &value, err)) {
        if (value.size == 0)
            err_set(err, "the tag '%.60s' has an empty value", tag);
        else
            ok = metric_query_set_tag(query, tag, value.data, catalog, err);
    }
    buf_finish(&value);
    free(tag);
    return ok;
}

static bool
take_tags(const char **p, struct metric_query *query,
          const struct metric_catalog *catalog, struct err *err)
{
    if (!take(p, '{'))
        return true;
    if (take(p, '}'))
        return true;
    do {
        if (!take_tag(p, query, catalog, err))
            return false;
    } while (take(p, ','));
    return take(p, '}') ||
           err_set(err, "the tags end with '}', after a quoted value too");
}

/* --- the bound --- */

static bool
needs_bound(const char *text, struct err *err)
{
    return text[0] != '\0' || err_set(err, "there is no bound: write " FORM);
}

static bool
parse_number(const char *text, size_t size, double *out)
{
    char digits[32];
    if (size == 0 || size >= sizeof(digits) ||
        strspn(text, "0123456789.") < size)
        return false;
    memcpy(digits, text, size);
    digits[size] = '\0';
    char *end;
    *out = strtod(digits, &end);
    return *end == '\0' && isfinite(*out);
}

/* Moves the unit, without the space before it, out of the text. */
static size_t
split_unit(const char *text, const char **unit)
{
    size_t size = strspn(text, "0123456789.");
    *unit = text + size;
    skip_space(unit);
    return size;
}

static bool
parse_time(const char *text, double *out, struct err *err)
{
    const char *unit;
    size_t size = split_unit(text, &unit);
    double number;
    if (*unit == '\0' && parse_number(text, size, &number) && number > 0)
        return err_set(err, "a time needs a unit: %.20sms or %.20ss?", text,
                       text);
    struct buf joined = {0};
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_space(*c))
            buf_append(&joined, c, 1);
    }
    nsec_t t;
    bool ok = units_parse_duration(joined.data, &t, err);
    buf_finish(&joined);
    if (ok)
        *out = (double)t;
    return ok;
}

static bool
parse_share(const char *text, double *out, struct err *err)
{
    const char *unit;
    size_t size = split_unit(text, &unit);
    double number;
    if (!parse_number(text, size, &number) ||
        (*unit != '\0' && strcmp(unit, "%") != 0))
        return err_set(
            err, "'%.40s' is not a share; write for example 1%% or 0.01", text);
    if (*unit == '\0' && number > 1)
        return err_set(err,
                       "a share is from 0 to 1: did you mean %.20s%%, which "
                       "is %g?",
                       text, number / 100);
    if (*unit == '%')
        number /= 100;
    if (number > 1)
        return err_set(err, "a share is at most 100%%, not %.20s", text);
    *out = number;
    return true;
}

static bool
parse_count(const char *text, const char *behind, double *out, struct err *err)
{
    const char *unit;
    size_t size = split_unit(text, &unit);
    double number;
    if (!parse_number(text, size, &number) ||
        (*unit != '\0' && (*behind == '\0' || strcmp(unit, behind) != 0)))
        return err_set(err, "'%.40s' is not a number; write for example 100%s",
                       text, behind);
    *out = number;
    return true;
}

static bool
parse_bytes(const char *text, bool per_second, double *out, struct err *err)
{
    static const struct {
        const char *name;
        double scale;
    } units[] = {{"", 1},     {"B", 1},    {"kB", 1e3},
                 {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
    const char *unit;
    size_t size = split_unit(text, &unit);
    double number;
    size_t unit_size = strlen(unit);
    if (per_second && unit_size >= 2 && strcmp(unit + unit_size - 2, "/s") == 0)
        unit_size -= 2;
    if (parse_number(text, size, &number)) {
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            if (strlen(units[i].name) == unit_size &&
                strncmp(units[i].name, unit, unit_size) == 0) {
                *out = number * units[i].scale;
                return true;
            }
        }
    }
    return err_set(err,
                   "'%.40s' is not a number of bytes%s; write for example "
                   "500kB%s (units: B kB MB GB)",
                   text, per_second ? " per second" : "",
                   per_second ? "/s" : "");
}

static bool
parse_bound(const char *text, enum metric_unit unit, double *out,
            struct err *err)
{
    if (!needs_bound(text, err))
        return false;
    switch (unit) {
    case METRIC_UNIT_NUMBER:
        return parse_count(text, "", out, err);
    case METRIC_UNIT_TIME:
        return parse_time(text, out, err);
    case METRIC_UNIT_SHARE:
        return parse_share(text, out, err);
    case METRIC_UNIT_BYTES:
        return parse_bytes(text, false, out, err);
    case METRIC_UNIT_PER_SECOND:
        return parse_count(text, "/s", out, err);
    case METRIC_UNIT_BYTES_PER_SECOND:
        return parse_bytes(text, true, out, err);
    }
    return false;
}

/* --- the expression --- */

static bool
take_op(const char **p, enum threshold_op *op, struct err *err)
{
    skip_space(p);
    size_t size = strspn(*p, "<>=!~");
    /* The longer ones first: "<=" begins with "<". */
    static const enum threshold_op ops[] = {
        THRESHOLD_LESS_EQUAL, THRESHOLD_GREATER_EQUAL, THRESHOLD_EQUAL,
        THRESHOLD_NOT_EQUAL,  THRESHOLD_LESS,          THRESHOLD_GREATER};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        const char *text = threshold_op_text(ops[i]);
        if (strlen(text) == size && strncmp(*p, text, size) == 0) {
            *op = ops[i];
            *p += size;
            return true;
        }
    }
    if (size == 1 && **p == '=')
        return err_set(err, "unknown comparison '=': did you mean '=='?");
    if (size == 0)
        return err_set(err, "there is no comparison: write " FORM);
    return err_set(err,
                   "unknown comparison '%.*s' (there are: < <= > >= == !=)",
                   (int)(size < 10 ? size : 10), *p);
}

static bool
take_metric(const char **p, struct metric_query *query,
            const struct metric_catalog *catalog, struct err *err)
{
    char *name = take_word(p, WORD);
    if (name[0] == '\0')
        err_set(err, "there is no metric: write " FORM);
    else
        query->metric = metric_find(name, catalog, err);
    free(name);
    return query->metric != NULL;
}

static bool
take_stat(const char **p, struct metric_query *query, struct err *err)
{
    if (!take(p, ':')) {
        skip_space(p);
        if (**p != '\0' && strchr("<>=!", **p) == NULL)
            return err_set(err,
                           "':' and a statistic are due before '%.40s' (values "
                           "with ',' or '}' need quotes)",
                           *p);
        return err_set(err, "there is no statistic: write %s:%s %s",
                       metric_name(query->metric),
                       metric_kind(query->metric) == METRIC_TREND   ? "p95"
                       : metric_kind(query->metric) == METRIC_GAUGE ? "last"
                                                                    : "count",
                       **p != '\0' ? *p : "< bound");
    }
    char *stat = take_word(p, WORD ".()");
    bool ok = metric_query_set_stat(query, stat, err);
    free(stat);
    return ok;
}

static bool
parse(const char *p, struct threshold *threshold,
      const struct metric_catalog *catalog, struct err *err)
{
    struct metric_query *query = &threshold->query;
    if (!take_metric(&p, query, catalog, err) ||
        !take_tags(&p, query, catalog, err) || !take_stat(&p, query, err) ||
        !take_op(&p, &threshold->op, err))
        return false;
    skip_space(&p);
    size_t size = strlen(p);
    while (size > 0 && is_space(p[size - 1]))
        size--;
    char *bound = xstrndup(p, size);
    bool ok =
        parse_bound(bound, metric_query_unit(query), &threshold->bound, err);
    free(bound);
    return ok;
}

bool
threshold_init(struct threshold *threshold, const char *expression,
               const struct metric_catalog *catalog, struct err *err)
{
    struct threshold parsed = {0};
    if (!parse(expression, &parsed, catalog, err)) {
        threshold_finish(&parsed);
        return err_prefix(err, "'%.200s'", expression);
    }
    parsed.expression = xstrdup(expression);
    *threshold = parsed;
    return true;
}
