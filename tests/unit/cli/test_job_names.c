#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job.h"
#include "cli/job_names.h"

#define MOST 4

/* No two jobs write the same file, in whatever order they are given. */
static void
test_labels(void **state)
{
    static const struct {
        const char *names[MOST], *labels[MOST];
    } rows[] = {
        {{"pad.lua"}, {"pad"}},
        {{"a/pad.lua", "b/shop.lua"}, {"pad", "shop"}},
        {{"smoke", "load"}, {"smoke", "load"}},
        {{".lua", "pad.LUA"}, {".lua", "pad.LUA"}},
        {{"pad.lua", "b/pad.lua", "pad.lua"}, {"pad", "pad-2", "pad-3"}},
        {{"pad-2.lua", "pad.lua", "pad.lua"}, {"pad-2", "pad", "pad-3"}},
        {{"pad.lua", "pad.lua", "pad-2.lua"}, {"pad", "pad-2", "pad-2-2"}},
        {{"pad-x.lua", "pad.lua"}, {"pad-x", "pad"}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct job jobs[MOST] = {0};
        for (size_t j = 0; j < MOST && rows[i].names[j] != NULL; j++) {
            jobs[j].label = job_names_label(rows[i].names[j], jobs, j);
            if (strcmp(jobs[j].label, rows[i].labels[j]) != 0)
                fail_msg("row %zu: %s is '%s', not '%s'", i, rows[i].names[j],
                         jobs[j].label, rows[i].labels[j]);
        }
        for (size_t j = 0; j < MOST; j++)
            free(jobs[j].label);
    }
}

static void
test_paths(void **state)
{
    static const struct {
        const char *path, *expected;
    } rows[] = {
        {"out.csv", "out.pad.csv"}, {"out", "out.pad"},
        {"a.b/out", "a.b/out.pad"}, {"a.b/out.tar.gz", "a.b/out.tar.pad.gz"},
        {".hidden", ".hidden.pad"}, {"a/.hidden", "a/.hidden.pad"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *path = job_names_path(rows[i].path, "pad");
        assert_string_equal(path, rows[i].expected);
        free(path);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests_name("job_names", tests, NULL, NULL);
}
