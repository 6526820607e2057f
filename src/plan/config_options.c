#include "plan/config_options.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "plan/option_table.h"

const char *
config_type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* In decimals, as options are written: never 1e-05. */
static char *
real_text(double number)
{
    char text[64];
    if (fabs(number) >= 1e15)
        return xasprintf("%g", number);
    for (int decimals = 1; decimals <= 9; decimals++) {
        snprintf(text, sizeof(text), "%.*f", decimals, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return xstrdup(text);
}

char *
config_text(const json_t *value)
{
    if (json_is_string(value))
        return xstrdup(json_string_value(value));
    if (json_is_integer(value))
        return xasprintf("%lld", (long long)json_integer_value(value));
    if (json_is_real(value))
        return real_text(json_real_value(value));
    if (json_is_boolean(value))
        return xstrdup(json_is_true(value) ? "true" : "false");
    return NULL;
}

char *
config_range(const json_t *value)
{
    if (json_array_size(value) != 2)
        return NULL;
    char *low = config_text(json_array_get(value, 0));
    char *high = config_text(json_array_get(value, 1));
    char *range =
        low != NULL && high != NULL ? xasprintf("%s..%s", low, high) : NULL;
    free(low);
    free(high);
    return range;
}

static bool
refuse(const char *key, const char *expected, const json_t *value,
       struct err *err)
{
    return err_set(err, "%s: expected %s, got %s", key, expected,
                   config_type_name(value));
}

static bool
set(struct options *options, const char *key, const json_t *value,
    struct err *err)
{
    char *text = config_text(value);
    if (text == NULL)
        return refuse(key, "a string, a number, true or false", value, err);
    if (strcmp(key, "rate") == 0 && json_is_number(value)) {
        char *rate = xasprintf("%s/s", text);
        free(text);
        text = rate;
    }
    bool ok = options_set(options, OPTION_CONFIG, key, text, err);
    free(text);
    return ok;
}

/* {"USER": "ann"} */
static bool
set_pairs(struct options *options, const char *key, const json_t *object,
          struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        char *text = config_text(value);
        if (text == NULL) {
            char where[128];
            snprintf(where, sizeof(where), "%s.%s", key, name);
            return refuse(where, "a string", value, err);
        }
        char *pair = xasprintf("%s%s%s", name,
                               strcmp(key, "header") == 0 ? ": " : "=", text);
        bool ok = options_set(options, OPTION_CONFIG, key, pair, err);
        free(pair);
        free(text);
        if (!ok)
            return false;
    }
    return true;
}

/* ["1s", "5s"] */
static bool
set_range(struct options *options, const char *key, const json_t *list,
          struct err *err)
{
    char *range = config_range(list);
    bool ok = range != NULL
                  ? options_set(options, OPTION_CONFIG, key, range, err)
                  : err_set(err, "%s is a time or [low, high]", key);
    free(range);
    return ok;
}

static bool
set_list(struct options *options, const char *option, const json_t *list,
         struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!set(options, option, json_array_get(list, i), err))
            return false;
    }
    return true;
}

/* {"users": {"base_url": "http://..."}} */
static bool
set_services(struct options *options, const json_t *services, struct err *err)
{
    const char *name, *key;
    json_t *service, *value;
    json_object_foreach((json_t *)(uintptr_t)services, name, service)
    {
        char where[128];
        snprintf(where, sizeof(where), "services.%s", name);
        if (!json_is_object(service))
            return refuse(where,
                          "an object such as {\"base_url\": \"http://"
                          "127.0.0.1:8642\"}",
                          service, err);
        json_object_foreach(service, key, value)
        {
            if (strcmp(key, "base_url") != 0)
                return err_set(err,
                               "%s: unknown key '%.80s': there is "
                               "'base_url'",
                               where, key);
        }
        const char *url =
            json_string_value(json_object_get(service, "base_url"));
        if (url == NULL)
            return err_set(err, "%s: base_url is missing", where);
        char *text = xasprintf("%s=%s", name, url);
        bool ok = options_set(options, OPTION_CONFIG, "service", text, NULL);
        free(text);
        if (!ok)
            return err_set(err, "%s: base_url: '%.80s' is not " FORMS_ADDRESS,
                           where, url);
    }
    return true;
}

/* {"url": ..., "timeout": ..., "every": ..., "status": ...} */
static bool
set_precheck(struct options *options, const json_t *precheck, struct err *err)
{
    static const char *const keys[][2] = {
        {"url", "precheck"},
        {"timeout", "precheck_timeout"},
        {"every", "precheck_every"},
        {"status", "precheck_status"},
    };
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)precheck, key, value)
    {
        const char *option = NULL;
        for (size_t i = 0; i < 4 && option == NULL; i++)
            option = strcmp(key, keys[i][0]) == 0 ? keys[i][1] : NULL;
        if (option == NULL)
            return err_set(err,
                           "precheck: unknown key '%.80s': there are url, "
                           "timeout, every and status",
                           key);
        if (!set(options, option, value, err))
            return false;
    }
    return true;
}

/* "EXPR", or {"expression": "EXPR", "abort": true, "after": "10s"} */
static bool
add_threshold(struct options *options, const json_t *item, const char *where,
              struct err *err)
{
    struct option_threshold threshold = {.where = (char *)(uintptr_t)where};
    const char *expression = json_string_value(item), *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)item, key, value)
    {
        if (strcmp(key, "expression") == 0 && json_is_string(value)) {
            expression = json_string_value(value);
        } else if (strcmp(key, "abort") == 0 && json_is_boolean(value)) {
            threshold.abort = json_is_true(value);
        } else if (strcmp(key, "after") == 0) {
            char *text = config_text(value);
            bool ok = text != NULL &&
                      units_parse_duration(text, &threshold.after, err);
            free(text);
            if (!ok)
                return text == NULL
                           ? refuse("thresholds: after", "a time", value, err)
                           : err_prefix(err, "thresholds: after");
        } else {
            return err_set(err,
                           "thresholds: '%.80s' is none of expression (a "
                           "string), abort (true or false) and after (a time)",
                           key);
        }
    }
    if (expression == NULL || expression[0] == '\0')
        return err_set(err,
                       "thresholds: expected an expression such as "
                       "\"http_req_duration:p95 < 300ms\", or {\"expression\": "
                       "..., \"abort\": true}");
    threshold.expression = (char *)(uintptr_t)expression;
    options_add_threshold(options, OPTION_CONFIG, &threshold);
    return true;
}

static bool
set_thresholds(struct options *options, const json_t *list, const char *where,
               struct err *err)
{
    if (!json_is_array(list))
        return add_threshold(options, list, where, err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!add_threshold(options, json_array_get(list, i), where, err))
            return false;
    }
    return true;
}

/* May it be a list, of what could be given one after the other? */
static bool
takes_many(enum option_kind kind)
{
    return kind == OPTION_KIND_LIST || kind == OPTION_KIND_STAGE ||
           kind == OPTION_KIND_ENV || kind == OPTION_KIND_TAG ||
           kind == OPTION_KIND_SERVICE;
}

static bool
refuse_key(const char *key, struct err *err)
{
    static const char *const own[] = {CONFIG_EXTENDS, CONFIG_SCENARIO,
                                      "scenarios",    "services",
                                      "thresholds",   "workloads"};
    const char *nearest = str_nearest(key, own, sizeof(own) / sizeof(own[0]));
    return nearest != NULL ? err_set(err,
                                     "unknown option '%.80s': did you mean "
                                     "'%s'?",
                                     key, nearest)
                           : option_refuse_unknown(OPTION_CONFIG, key, err);
}

static bool
set_option(struct options *options, const char *key, const json_t *value,
           const char *where, struct err *err)
{
    if (strcmp(key, CONFIG_SCENARIO) == 0 || strcmp(key, CONFIG_EXTENDS) == 0)
        return true;
    if (strcmp(key, "scenarios") == 0)
        return json_is_array(value)
                   ? set_list(options, "scenario", value, err)
                   : refuse(key, "a list of names", value, err);
    if (strcmp(key, "services") == 0)
        return json_is_object(value) ? set_services(options, value, err)
                                     : refuse(key, "an object", value, err);
    if (strcmp(key, "workloads") == 0)
        return config_set_workloads(value, where, options, err);
    if (strcmp(key, "thresholds") == 0)
        return set_thresholds(options, value, where, err);
    const struct option_spec *spec = option_named(key);
    if (spec == NULL || spec->command_line_only)
        return refuse_key(key, err);
    if (spec->kind == OPTION_KIND_THRESHOLD)
        return set_thresholds(options, value, where, err);
    if (strcmp(key, "precheck") == 0 && json_is_object(value))
        return set_precheck(options, value, err);
    if (spec->kind == OPTION_KIND_RANGE && json_is_array(value))
        return set_range(options, key, value, err);
    if (takes_many(spec->kind) && json_is_array(value))
        return set_list(options, key, value, err);
    if (takes_many(spec->kind) && spec->kind != OPTION_KIND_STAGE &&
        json_is_object(value))
        return set_pairs(options, key, value, err);
    return set(options, key, value, err);
}

bool
config_set_options(const json_t *section, const char *where,
                   struct options *options, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)section, key, value)
    {
        if (!set_option(options, key, value, where, err))
            return false;
    }
    return true;
}
