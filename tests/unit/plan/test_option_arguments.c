#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/options.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS_MAX 12

/* Splits at blanks; a row needs no word with a blank in it. */
struct words {
    char text[256];
    char *items[WORDS_MAX + 1];
    int count;
};

static void
split(const char *line, struct words *out)
{
    *out = (struct words){0};
    assert_true(strlen(line) < sizeof(out->text));
    strcpy(out->text, line);
    char *rest = out->text;
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        assert_true(out->count < WORDS_MAX);
        out->items[out->count++] = word;
    }
}

struct refused {
    const char *line, *message;
};

static const struct refused refused[] = {
    {"--worker 5", "unknown option '--worker': did you mean '--workers'?"},
    {"--worker=5", "unknown option '--worker': did you mean '--workers'?"},
    {"--max-run 5", "unknown option '--max-run': did you mean '--max-runs'?"},
    {"--gracefulstop 5",
     "unknown option '--gracefulstop': did you mean '--graceful-stop'?"},
    {"--stage 1m", "--stage: '1m' is not a stage such as 1m:50 (workers) or "
                   "1m:100/s (a rate of runs)"},
    {"-z", "unknown option '-z'"},
    {"-qz", "unknown option '-z'"},
    {"-qk=false", "-k takes no value: write --insecure, or --insecure=false"},
    {"-w=5", "--workers: '=5' is not a whole number from 1 to 1000000"},
    {"-\xc3\xa9", "unknown option '-\xc3\xa9'"},
    {"-c 64", "--config: '64' is not the name of a JSON file with tests (the "
              "number of workers is -w)"},
    {"-c64", "--config: '64' is not the name of a JSON file with tests (the "
             "number of workers is -w)"},
    {"--jobs all", "--jobs: 'all' is not a number of processes up to 9999, 0 "
                   "(all at once) or auto (one per core)"},
    {"--service users", "--service: 'users' is not NAME=URL, such as "
                        "users=http://127.0.0.1:8642"},
    {"--connections=64",
     "unknown option '--connections': did you mean '-w 64' (workers)?"},
    {"-t 30s",
     "--threads: '30s' is not a whole number from 1 to 256, or auto (the "
     "length of the run is -d)"},
    {"-t", "--threads needs a value: a whole number from 1 to 256, or auto "
           "(the length of the run is -d)"},
    {"-n 100 x.lua", "unknown option '-n': did you mean '-i 100' (runs that "
                     "all workers share)?"},
    {"-R 50",
     "unknown option '-R': did you mean '--rate 50/s' (runs per time)?"},
    {"-R2000",
     "unknown option '-R': did you mean '--rate 2000/s' (runs per time)?"},
    {"--rps x", "unknown option '--rps': did you mean '--rate' (runs per "
                "time)?"},
    {"--rate 50", "--rate: '50' is not a rate such as 50/s, 2.5/s or 1/2m, at "
                  "most 1000000000/s"},
    {"-w", "--workers needs a value: a whole number from 1 to 1000000"},
    {"--out", "--out needs a value: KIND=FILE, such as json=result.json"},
    {"-w -d 5", "--workers: '-d' is not a whole number from 1 to 1000000"},
    {"--workers= 5", "--workers: '' is not a whole number from 1 to 1000000"},
    {"--quiet=perhaps", "--quiet: 'perhaps' is not true or false"},
};

static void
test_refused(void **state)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct words words;
        split(refused[i].line, &words);
        struct options *options = options_create();
        struct option_list files = {0};
        struct err err = {"none"};
        assert_false(options_parse_arguments(options, words.count, words.items,
                                             &files, &err));
        assert_string_equal(err.message, refused[i].message);
        option_list_finish(&files);
        options_destroy(options);
    }
}

/* Each line says the same in another spelling. */
static const char *const same[] = {
    "x.lua --workers 5 --max-runs 20 --quiet --stop-on-failure",
    "--workers=5 --max-runs=20 --quiet=true --exception x.lua",
    "-w 5 -r 20 -q -x x.lua",
    "-w5 -r20 -qx x.lua",
    "-qxw5 x.lua -r 20",
    "-u 5 --max_runs 20 -qx -- x.lua",
    "--vus 5 -q -xr 20 x.lua",
    "-w 4 -w 5 -r 20 -vqx x.lua",
};

static void
test_spellings(void **state)
{
    for (size_t i = 0; i < COUNT(same); i++) {
        struct words words;
        split(same[i], &words);
        struct options *options = options_create();
        struct option_list files = {0};
        struct err err = {""};
        if (!options_parse_arguments(options, words.count, words.items, &files,
                                     &err))
            fail_msg("%s: %s", same[i], err.message);
        assert_int_equal(options->workers, 5);
        assert_int_equal(options->max_runs, 20);
        assert_int_equal(options->verbosity, -1);
        assert_true(options->stop_on_failure);
        assert_int_equal(files.count, 1);
        assert_string_equal(files.items[0], "x.lua");
        option_list_finish(&files);
        options_destroy(options);
    }
}

static void
test_values_that_look_like_options(void **state)
{
    struct words words;
    split("-vv -e A=-1 -s -odd -H X:-y - -- -w --help", &words);
    struct options *options = options_create();
    struct option_list files = {0};
    struct err err = {""};
    assert_true(options_parse_arguments(options, words.count, words.items,
                                        &files, &err));
    assert_int_equal(options->verbosity, 2);
    assert_string_equal(options->env[0].value, "-1");
    assert_string_equal(options->scenarios.items[0], "-odd");
    assert_string_equal(options->headers.items[0], "X:-y");
    assert_int_equal(files.count, 3);
    assert_string_equal(files.items[0], "-");
    assert_string_equal(files.items[1], "-w");
    assert_string_equal(files.items[2], "--help");
    assert_false(options->help);
    assert_int_equal(options->workers, 1);
    option_list_finish(&files);
    options_destroy(options);
}

static void
test_help_fits_and_is_complete(void **state)
{
    static const char *const expected[] = {
        "Load:\n",
        "Stopping and failing:\n",
        "Coordination:\n",
        "HTTP:\n",
        "Script:\n",
        "Output:\n",
        "  -w, --workers N  ",
        "  -d, --duration T  ",
        "  -r, --max-runs N  ",
        "  -i, --iterations N  ",
        "      --ramp-up T  ",
        "      --rate N/T  ",
        "      --stage T:N|T:N/s  ",
        "      --arrival fixed|poisson\n",
        "      --max-lag T  ",
        "      --workload NAME  ",
        "      --single-run  ",
        "      --manual  ",
        "      --manual-step N  ",
        "      --max-workers N  ",
        "      --delay T|A..B  ",
        "  -s, --scenario NAME  ",
        "  -x, --stop-on-failure  ",
        "  -f, --fail N|P%|never  ",
        "      --graceful-stop T  ",
        "      --wait-timeout T  ",
        "      --on-deadlock stop|break\n",
        "      --base-url URL  ",
        "  -H, --header 'K: V'  ",
        "  -k, --insecure  ",
        "      --timeout T  ",
        "  -e, --env K=V  ",
        "      --tag K=V  ",
        "      --seed N  ",
        "  -o, --out KIND=FILE  ",
        "  -q, --quiet  ",
        "  -v, --verbose  ",
        "      --progress auto|on|off  ",
        "      --no-color  ",
        "  -h, --help  ",
    };
    struct buf help = {0};
    options_help(&help);
    const char *at = help.data;
    for (size_t i = 0; i < COUNT(expected); i++) {
        if (strstr(help.data, expected[i]) == NULL)
            fail_msg("not in the help: %s", expected[i]);
    }
    for (size_t size; *at != '\0'; at += size + 1) {
        size = strcspn(at, "\n");
        if (size > 80 || (size > 0 && at[size - 1] == ' '))
            fail_msg("too wide or ends in a blank: %.*s", (int)size, at);
    }
    assert_null(strstr(help.data, "vus"));
    buf_finish(&help);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_values_that_look_like_options),
        cmocka_unit_test(test_help_fits_and_is_complete),
    };
    return cmocka_run_group_tests_name("option_arguments", tests, NULL, NULL);
}
