/* `workloads` of a config file: the same keys as in a script. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/config_options.h"
#include "plan/workload_keys.h"

static bool
refuse(const struct option_workload *workload, const char *key,
       const char *expected, const json_t *value, struct err *err)
{
    return err_set(err, "workload '%s': %s: expected %s, got %s",
                   workload->name, key, expected, config_type_name(value));
}

static bool
is(const char *key, enum workload_key which)
{
    return strcmp(key, workload_key_name(which)) == 0;
}

static bool
set_text(struct option_workload *workload, const char *key, char *text,
         struct err *err)
{
    bool ok = option_workload_set(workload, key, text, err);
    free(text);
    return ok;
}

static bool
set_stages(struct option_workload *workload, const char *key,
           const json_t *list, struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *stage = json_string_value(json_array_get(list, i));
        if (stage == NULL)
            return refuse(workload, key, "strings such as \"1m:50\"",
                          json_array_get(list, i), err);
        if (!option_workload_set(workload, key, stage, err))
            return false;
    }
    return json_array_size(list) > 0 ||
           refuse(workload, key, "a list such as [\"1m:50\", \"30s:0\"]", list,
                  err);
}

/* ["browse", "buy"]: with their own weights. */
static bool
set_names(struct option_workload *workload, const char *key, const json_t *list,
          struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name == NULL)
            return refuse(workload, key, "names", json_array_get(list, i), err);
        if (!option_workload_set_weight(workload, name, -1, err))
            return false;
    }
    return true;
}

static bool
set_map(struct option_workload *workload, const char *key, const json_t *map,
        struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, name, value)
    {
        bool ok;
        if (is(key, WORKLOAD_SCENARIOS)) {
            if (!json_is_number(value) || json_number_value(value) < 0)
                return err_set(err,
                               "workload '%s': scenarios: the weight of '%s' "
                               "is not a number from 0 on",
                               workload->name, name);
            ok = option_workload_set_weight(workload, name,
                                            json_number_value(value), err);
        } else {
            char *text = config_text(value);
            if (text == NULL)
                return refuse(workload, key, "strings", value, err);
            ok = option_workload_set_pair(workload, key, name, text, err);
            free(text);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool
set_key(struct option_workload *workload, const char *key, const json_t *value,
        struct err *err)
{
    bool map = is(key, WORKLOAD_SCENARIOS) || is(key, WORKLOAD_ENV) ||
               is(key, WORKLOAD_TAGS);
    if (is(key, WORKLOAD_STAGES))
        return set_stages(workload, key, value, err);
    if (is(key, WORKLOAD_SCENARIOS) && json_is_array(value))
        return set_names(workload, key, value, err);
    if (map)
        return json_is_object(value)
                   ? set_map(workload, key, value, err)
                   : refuse(workload, key, "an object", value, err);
    if (is(key, WORKLOAD_DELAY) && json_is_array(value)) {
        char *range = config_range(value);
        return range != NULL
                   ? set_text(workload, key, range, err)
                   : refuse(workload, key, "a time or [low, high]", value, err);
    }
    char *text = config_text(value);
    if (text == NULL) {
        /* An unknown key is told as such, whatever its value is. */
        if (workload_key_find(key) < 0)
            return option_workload_set(workload, key, "", err);
        return refuse(workload, key, "a number or a string", value, err);
    }
    if (is(key, WORKLOAD_RATE) && json_is_number(value)) {
        char *rate = xasprintf("%s/s", text);
        free(text);
        text = rate;
    }
    return set_text(workload, key, text, err);
}

static bool
add(struct options *options, const char *name, const json_t *object,
    const char *where, struct err *err)
{
    if (!json_is_object(object))
        return err_set(err, "workload '%.80s': expected an object, got %s",
                       name, config_type_name(object));
    struct option_workload *workload =
        options_add_workload(options, name, where, err);
    const char *key;
    json_t *value;
    if (workload == NULL)
        return false;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!set_key(workload, key, value, err))
            return false;
    }
    return option_workload_check(workload, err);
}

bool
config_set_workloads(const json_t *workloads, const char *where,
                     struct options *options, struct err *err)
{
    const char *name;
    json_t *workload;
    if (json_object_size(workloads) == 0)
        return err_set(err,
                       "workloads: expected an object such as {\"browse\": "
                       "{\"executor\": \"constant_workers\", \"workers\": "
                       "5, \"duration\": \"1m\"}}");
    if (!options_begin_workloads(options, OPTION_CONFIG))
        return true;
    json_object_foreach((json_t *)(uintptr_t)workloads, name, workload)
    {
        if (!add(options, name, workload, where, err))
            return false;
    }
    return true;
}
