#ifndef MOLO_PLAN_CONFIG_H
#define MOLO_PLAN_CONFIG_H

#include <stddef.h>

#include "plan/options.h"

/* A JSON file of named tests, each a scenario file with options:
 *
 *   {"defaults": {"workers": 5, "services": {"users": {"base_url": "..."}}},
 *    "tests": {"smoke": {"scenario": "shop.lua", "duration": "10s"},
 *              "load": {"extends": "smoke", "workers": 500}}}
 *
 * A test has what `defaults`, the tests that it extends and it itself say, the
 * nearest first. */
struct config;

/* NULL with `err`: the file cannot be read ("load.json:3:7: ..."), or something
 * in it is wrong, in whichever test ("load.json: tests.smoke: ..."). */
struct config *config_load(const char *path, struct err *err);
void config_destroy(struct config *config);

/* The tests that can be run, in the order of the file. */
size_t config_count(const struct config *config);
const char *config_name(const struct config *config, size_t index);
/* Relative to where the config file was found from. */
const char *config_scenario(const struct config *config, size_t index);

/* SIZE_MAX with `err`, which tells what tests there are. */
size_t
config_find(const struct config *config, const char *name, struct err *err);
/* Sets the options of this test (OPTION_CONFIG). */
void config_apply(const struct config *config, size_t index,
                  struct options *options);

#endif
