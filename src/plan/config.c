#include "plan/config.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plan/config_options.h"
#include "plan/option_table.h"

struct config_test {
    const char *name; /* borrowed from the tree */
    char *scenario;
    json_t *settings; /* with all that it inherits */
};

struct config {
    char *path;
    json_t *root;
    struct config_test *tests;
    size_t count;
};

/* --- reading --- */

static json_t *
load(const char *path, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        err_set(err, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    json_error_t error;
    errno = 0;
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    int cause = ferror(file) ? errno : 0;
    fclose(file);
    if (root == NULL && cause != 0)
        err_set(err, "cannot read '%s': %s", path, strerror(cause));
    else if (root == NULL)
        err_set(err, "%s:%d:%d: %s", path, error.line > 0 ? error.line : 1,
                error.column > 0 ? error.column : 1, error.text);
    return root;
}

static bool
expect_object(const struct config *config, const char *where,
              const json_t *value, struct err *err)
{
    return json_is_object(value) ||
           err_set(err, "%s: %s: expected an object, got %s", config->path,
                   where, config_type_name(value));
}

static bool
check_top(const struct config *config, struct err *err)
{
    static const char *const known[] = {"defaults", "tests"};
    const char *key;
    json_t *value;
    if (!json_is_object(config->root))
        return err_set(err,
                       "%s: expected an object such as {\"tests\": "
                       "{\"smoke\": {\"scenario\": \"smoke.lua\"}}}, got %s",
                       config->path, config_type_name(config->root));
    json_object_foreach(config->root, key, value)
    {
        if (strcmp(key, known[0]) != 0 && strcmp(key, known[1]) != 0) {
            const char *nearest = str_nearest(key, known, 2);
            return err_set(err, "%s: unknown key '%.80s': %s'%s'%s",
                           config->path, key,
                           nearest != NULL ? "did you mean " : "there are ",
                           nearest != NULL ? nearest : "defaults' and 'tests",
                           nearest != NULL ? "?" : "");
        }
        if (!expect_object(config, key, value, err))
            return false;
    }
    return json_object_size(json_object_get(config->root, "tests")) > 0 ||
           err_set(err,
                   "%s: there are no tests: add some, such as \"tests\": "
                   "{\"smoke\": {\"scenario\": \"smoke.lua\"}}",
                   config->path);
}

/* Each section by itself, so that a message says where it is wrong. */
static bool
check_section(const struct config *config, const char *where,
              const json_t *section, struct err *err)
{
    if (!expect_object(config, where, section, err))
        return false;
    struct options *scratch = options_create();
    bool ok = config_set_options(section, config->path, scratch, err);
    options_destroy(scratch);
    static const char *const own[] = {CONFIG_SCENARIO, CONFIG_EXTENDS};
    for (size_t i = 0; ok && i < 2; i++) {
        const json_t *value = json_object_get(section, own[i]);
        if (value != NULL &&
            (!json_is_string(value) || json_string_length(value) == 0))
            ok = err_set(
                err, "%s: expected %s, got %s", own[i],
                i == 0 ? "the path of a scenario file" : "the name of a test",
                json_is_string(value) ? "nothing" : config_type_name(value));
    }
    return ok || err_prefix(err, "%s: %s", config->path, where);
}

/* --- inheritance --- */

static const json_t *
get_test(const struct config *config, const char *name)
{
    return json_object_get(json_object_get(config->root, "tests"), name);
}

static const char *
get_base(const json_t *test)
{
    return json_string_value(json_object_get(test, CONFIG_EXTENDS));
}

static bool
refuse_base(const struct config *config, const char *test, const char *base,
            struct err *err)
{
    json_t *tests = json_object_get(config->root, "tests"), *value;
    const char **names = xcalloc(json_object_size(tests), sizeof(names[0]));
    const char *name;
    size_t count = 0;
    json_object_foreach(tests, name, value) names[count++] = name;
    err_set(err, "%s: tests.%s: extends: there is no test '%.80s'",
            config->path, test, base);
    str_suggest(base, names, count, err);
    free(names);
    return false;
}

/* Every chain of `extends` has an end. */
static bool
check_chain(const struct config *config, const char *name, struct err *err)
{
    size_t most = json_object_size(json_object_get(config->root, "tests"));
    struct buf way = {0};
    buf_append_str(&way, name);
    const char *at = name;
    bool ok = true;
    for (size_t i = 0; ok; i++) {
        const char *base = get_base(get_test(config, at));
        if (base == NULL)
            break;
        buf_printf(&way, " -> %.80s", base);
        if (get_test(config, base) == NULL)
            ok = refuse_base(config, at, base, err);
        else if (strcmp(base, name) == 0 || i >= most)
            ok =
                err_set(err, "%s: tests.%s: extends goes round in a circle: %s",
                        config->path, name, way.data);
        at = base;
    }
    buf_finish(&way);
    return ok;
}

/* An option has several spellings, such as max_runs and max-runs. */
static const char *
settings_key(const char *key)
{
    const struct option_spec *spec = option_named(key);
    if (spec == NULL)
        return key;
    return spec->kind == OPTION_KIND_THRESHOLD ? "thresholds" : spec->name;
}

/* Two objects of pairs become one; anything else is replaced. */
static void
inherit(json_t *settings, const json_t *section)
{
    const char *given;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)section, given, value)
    {
        const char *key = settings_key(given);
        json_t *before = json_object_get(settings, key);
        bool pairs = strcmp(key, "env") == 0 || strcmp(key, "tag") == 0 ||
                     strcmp(key, "services") == 0 ||
                     strcmp(key, "service") == 0;
        if (pairs && json_is_object(before) && json_is_object(value))
            json_object_update(before, value);
        else
            json_object_set_new(settings, key, json_deep_copy(value));
    }
}

static void
inherit_chain(const struct config *config, json_t *settings, const char *name)
{
    const json_t *test = get_test(config, name);
    const char *base = get_base(test);
    if (base != NULL)
        inherit_chain(config, settings, base);
    inherit(settings, test);
}

/* --- the tests --- */

/* Relative to the config file. */
static char *
join_path(const char *config_path, const char *path)
{
    const char *slash = strrchr(config_path, '/');
    if (path[0] == '/' || slash == NULL)
        return xstrdup(path);
    return xasprintf("%.*s%s", (int)(slash + 1 - config_path), config_path,
                     path);
}

static void
add_test(struct config *config, const char *name)
{
    json_t *settings = json_object();
    const json_t *defaults = json_object_get(config->root, "defaults");
    if (defaults != NULL)
        inherit(settings, defaults);
    inherit_chain(config, settings, name);
    const char *scenario =
        json_string_value(json_object_get(settings, CONFIG_SCENARIO));
    if (scenario == NULL) {
        /* One that is there to be extended. */
        json_decref(settings);
        return;
    }
    config->tests =
        xrealloc(config->tests, (config->count + 1) * sizeof(config->tests[0]));
    config->tests[config->count++] = (struct config_test){
        .name = name,
        .scenario = join_path(config->path, scenario),
        .settings = settings,
    };
}

static bool
check_all(struct config *config, struct err *err)
{
    const char *name;
    json_t *test;
    if (!check_top(config, err))
        return false;
    const json_t *defaults = json_object_get(config->root, "defaults");
    if (defaults != NULL) {
        if (json_object_get(defaults, CONFIG_EXTENDS) != NULL)
            return err_set(err, "%s: defaults: extends is for tests",
                           config->path);
        if (!check_section(config, "defaults", defaults, err))
            return false;
    }
    json_object_foreach(json_object_get(config->root, "tests"), name, test)
    {
        char where[128];
        snprintf(where, sizeof(where), "tests.%s", name);
        if (!check_section(config, where, test, err))
            return false;
    }
    json_object_foreach(json_object_get(config->root, "tests"), name, test)
    {
        if (!check_chain(config, name, err))
            return false;
        add_test(config, name);
    }
    return config->count > 0 ||
           err_set(err,
                   "%s: no test has a scenario: add \"scenario\": "
                   "\"FILE.lua\"",
                   config->path);
}

struct config *
config_load(const char *path, struct err *err)
{
    json_t *root = load(path, err);
    if (root == NULL)
        return NULL;
    struct config *config = xmalloc(sizeof(*config));
    *config = (struct config){.path = xstrdup(path), .root = root};
    if (check_all(config, err))
        return config;
    config_destroy(config);
    return NULL;
}

void
config_destroy(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->count; i++) {
        free(config->tests[i].scenario);
        json_decref(config->tests[i].settings);
    }
    free(config->tests);
    json_decref(config->root);
    free(config->path);
    free(config);
}

size_t
config_count(const struct config *config)
{
    return config->count;
}

const char *
config_name(const struct config *config, size_t index)
{
    return config->tests[index].name;
}

const char *
config_scenario(const struct config *config, size_t index)
{
    return config->tests[index].scenario;
}

size_t
config_find(const struct config *config, const char *name, struct err *err)
{
    for (size_t i = 0; i < config->count; i++) {
        if (strcmp(config->tests[i].name, name) == 0)
            return i;
    }
    if (get_test(config, name) != NULL) {
        err_set(err,
                "%s: tests.%s has no scenario, and what it extends has none: "
                "add \"scenario\": \"FILE.lua\"",
                config->path, name);
        return SIZE_MAX;
    }
    const char **names = xcalloc(config->count, sizeof(names[0]));
    for (size_t i = 0; i < config->count; i++)
        names[i] = config->tests[i].name;
    err_set(err, "%s has no test '%.80s'", config->path, name);
    str_suggest(name, names, config->count, err);
    free(names);
    return SIZE_MAX;
}

void
config_apply(const struct config *config, size_t index, struct options *options)
{
    /* It has been tried, section by section. */
    config_set_options(config->tests[index].settings, config->path, options,
                       NULL);
}
