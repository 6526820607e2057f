#ifndef MOLO_PLAN_CONFIG_OPTIONS_H
#define MOLO_PLAN_CONFIG_OPTIONS_H

#include <jansson.h>

#include "plan/options.h"

/* What a test of a config file says, as options. Inside src/plan only. */

/* Keys that are no options: for config.c. */
#define CONFIG_SCENARIO "scenario"
#define CONFIG_EXTENDS "extends"

/* Sets all that the object `section` says; `where` is the name of the file.
 * False with `err`: an unknown key, or a value that is not what its option
 * takes. */
bool config_set_options(const json_t *section, const char *where,
                        struct options *options, struct err *err);

/* `workloads` of it. */
bool config_set_workloads(const json_t *workloads, const char *where,
                          struct options *options, struct err *err);

/* A string, number or boolean as an option takes it; NULL: it is none of them.
 * The caller frees it. */
char *config_text(const json_t *value);
/* "an object", "a list" ... */
const char *config_type_name(const json_t *value);
/* ["1s", "5s"] as "1s..5s"; NULL: it is no such list. The caller frees it. */
char *config_range(const json_t *value);

#endif
