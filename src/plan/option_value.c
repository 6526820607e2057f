#include "plan/option_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"

static bool
parse_time(const struct option_spec *spec, const char *text, int64_t *out)
{
    nsec_t t;
    if (!units_parse_duration(text, &t, NULL) || t < spec->min || t > spec->max)
        return false;
    *out = t;
    return true;
}

static bool
parse_range(const struct option_spec *spec, const char *text,
            struct option_value *out)
{
    const char *dots = strstr(text, "..");
    if (dots == NULL) {
        if (!parse_time(spec, text, &out->number))
            return false;
        out->high = out->number;
        return true;
    }
    char *low = xstrndup(text, (size_t)(dots - text));
    bool ok = parse_time(spec, low, &out->number) &&
              parse_time(spec, dots + 2, &out->high) &&
              out->number <= out->high;
    free(low);
    return ok;
}

/* Digits with an optional fraction: strtod alone would take "inf" and "0x1". */
static bool
parse_percentage(const char *text, size_t size, double *out)
{
    char digits[32];
    if (size == 0 || size >= sizeof(digits) ||
        strspn(text, "0123456789.") < size)
        return false;
    memcpy(digits, text, size);
    digits[size] = '\0';
    char *end;
    double percent = strtod(digits, &end);
    if (*end != '\0' || percent > 100)
        return false;
    *out = percent;
    return true;
}

static bool
parse_fail(const char *text, struct option_value *out)
{
    size_t size = strlen(text);
    out->number = -1;
    out->percent = -1;
    if (strcmp(text, "never") == 0)
        return true;
    if (size > 0 && text[size - 1] == '%')
        return parse_percentage(text, size - 1, &out->percent) &&
               out->percent > 0;
    return units_parse_int(text, "", 1, INT64_MAX, &out->number, NULL);
}

static bool
parse_flag(const char *text, bool *out)
{
    bool on = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!on && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return false;
    *out = on;
    return true;
}

static bool
parse_verbosity(const char *text, struct option_value *out)
{
    if (strcmp(text, "2") == 0) {
        out->number = 2;
        return true;
    }
    bool on = false;
    if (!parse_flag(text, &on))
        return false;
    out->number = on;
    return true;
}

static bool
parse_word(const struct option_spec *spec, const char *text, int64_t *out)
{
    for (int64_t i = 0; spec->words[i] != NULL; i++) {
        if (strcmp(spec->words[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool
parse_pair(const char *text, size_t *key_size)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return false;
    *key_size = (size_t)(equals - text);
    return true;
}

static bool
parse(const struct option_spec *spec, const char *text,
      struct option_value *out)
{
    switch (spec->kind) {
    case OPTION_KIND_FLAG:
    case OPTION_KIND_QUIET:
        return parse_flag(text, &out->flag);
    case OPTION_KIND_VERBOSE:
        return parse_verbosity(text, out);
    case OPTION_KIND_INT:
        if (spec->words != NULL && strcmp(text, spec->words[0]) == 0) {
            out->number = 0;
            return true;
        }
        return units_parse_int(text, "", spec->min, spec->max, &out->number,
                               NULL);
    case OPTION_KIND_SEED:
        return units_parse_int(text, "", spec->min, spec->max, &out->number,
                               NULL);
    case OPTION_KIND_TIME:
        return parse_time(spec, text, &out->number);
    case OPTION_KIND_SIZE:
        return units_parse_bytes(text, &out->number, NULL) &&
               out->number >= spec->min && out->number <= spec->max;
    case OPTION_KIND_RANGE:
        return parse_range(spec, text, out);
    case OPTION_KIND_FAIL:
        return parse_fail(text, out);
    case OPTION_KIND_PERCENT:
        return text[0] != '\0' && text[strlen(text) - 1] == '%' &&
               parse_percentage(text, strlen(text) - 1, &out->percent);
    case OPTION_KIND_RATE:
        return rate_parse(text, &out->rate);
    case OPTION_KIND_STAGE:
        return stage_parse(text, &out->stage);
    case OPTION_KIND_WORD:
        return parse_word(spec, text, &out->number);
    case OPTION_KIND_TEXT:
    case OPTION_KIND_LIST:
        return spec->is_valid == NULL || spec->is_valid(text);
    case OPTION_KIND_THRESHOLD:
        /* Metrics are known further up. */
        return text[0] != '\0';
    case OPTION_KIND_SERVICE:
        return parse_pair(text, &out->key_size) && spec->is_valid(text);
    case OPTION_KIND_ENV:
    case OPTION_KIND_TAG:
        return parse_pair(text, &out->key_size);
    }
    return false;
}

bool
option_parse_value(const struct option_spec *spec, enum option_source source,
                   const char *text, struct option_value *out, struct err *err)
{
    char name[OPTION_SPELLING_SIZE];
    const char *forms = spec->forms != NULL ? spec->forms : "true or false";
    option_spell(source, spec->name, name);
    if (text == NULL) {
        if (!option_is_flag(spec))
            return err_set(err, "%s needs a value: %s", name, forms);
        text = "true";
    }
    struct option_value value = {.text = text};
    if (!parse(spec, text, &value))
        return err_set(err, "%s: '%.80s' is not %s", name, text, forms);
    *out = value;
    return true;
}
