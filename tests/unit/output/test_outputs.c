#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "output/growing.h"
#include "output/outputs.h"
#include "sample.h"

/* Every test runs in a directory of its own. */
static int
setup(void **state)
{
    char template[] = "/tmp/molo-test-XXXXXX";
    if (mkdtemp(template) == NULL || chdir(template) != 0)
        return -1;
    *state = xstrdup(template);
    return 0;
}

static int
teardown(void **state)
{
    static const char *const names[] = {"a", "b", "link"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(names[i]);
    int rc = rmdir(*state);
    free(*state);
    return rc;
}

static char *
content(const char *path)
{
    struct buf text = {0};
    buf_append(&text, "", 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c; (c = fgetc(file)) != EOF;)
        buf_append(&text, &(char){(char)c}, 1);
    fclose(file);
    return buf_take(&text);
}

/* --- what is asked for --- */

static struct outputs *
make(const char *const *outputs, const char *timeline, bool json,
     struct err *err)
{
    struct options *options = options_create();
    for (; *outputs != NULL; outputs++)
        assert_true(
            options_set(options, OPTION_COMMAND_LINE, "out", *outputs, err));
    if (timeline != NULL)
        options_set(options, OPTION_COMMAND_LINE, "timeline", timeline, err);
    if (json)
        options_set(options, OPTION_COMMAND_LINE, "summary-format", "json",
                    err);
    struct outputs *made = outputs_create(options, err);
    /* Paths are borrowed. */
    outputs_destroy(made);
    options_destroy(options);
    return made;
}

static void
test_what_can_be_asked_for(void **state)
{
    static const struct {
        const char *outputs[4];
        const char *timeline;
        bool json;
        const char *message; /* NULL: fine */
    } rows[] = {
        {.outputs = {NULL}},
        {.outputs = {"json=a", "csv=b", "json=-"}},
        {.outputs = {"json=-"}, .timeline = "a"},
        {.outputs = {"json=a"}, .timeline = "-"},
        {.outputs = {"json=a"}, .json = true},
        {.outputs = {"jsn=a"},
         .message = "--out jsn=a: unknown kind 'jsn': did you mean 'json'?"},
        {.outputs = {"postgres=a"},
         .message = "--out postgres=a: unknown kind 'postgres': it is json, "
                    "ndjson, csv, junit, hgrm, hlog, requests or requests-bin"},
        {.outputs = {"json=a", "csv=a"},
         .message = "--out json=a and --out csv=a would both write a: give "
                    "each a file of its own"},
        {.outputs = {"json=b", "ndjson=link"},
         .message = "--out json=b and --out ndjson=link would both write "
                    "link: give each a file of its own"},
        {.outputs = {"json=-", "csv=-"},
         .message = "--out json=- and --out csv=- would both go to standard "
                    "output: give one of them a file"},
        {.outputs = {"json=-"},
         .timeline = "-",
         .message = "--timeline - and --out json=- would both go to standard "
                    "output: give one of them a file"},
        {.outputs = {"csv=-"},
         .json = true,
         .message = "--summary-format json and --out csv=- would both go to "
                    "standard output: give one of them a file"},
        {.outputs = {NULL},
         .timeline = "-",
         .json = true,
         .message = "--summary-format json and --timeline - would both go to "
                    "standard output: give one of them a file"},
        {.outputs = {"csv=a"},
         .timeline = "a",
         .message = "--timeline a and --out csv=a would both write a: give "
                    "each a file of its own"},
    };
    close(open("b", O_CREAT | O_WRONLY, 0600));
    assert_int_equal(symlink("b", "link"), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        bool ok = make(rows[i].outputs, rows[i].timeline, rows[i].json, &err);
        if (rows[i].message == NULL && !ok)
            fail_msg("row %zu: %s", i, err.message);
        assert_int_equal(ok, rows[i].message == NULL);
        if (!ok)
            assert_string_equal(err.message, rows[i].message);
    }
}

static void
test_every_kind_can_be_asked_for(void **state)
{
    static const char *const kinds[] = {"json",     "ndjson",      "csv",
                                        "junit",    "hgrm",        "hlog",
                                        "requests", "requests-bin"};
    struct buf help = {0};
    options_help(&help);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char output[64];
        struct err err;
        snprintf(output, sizeof(output), "%s=a", kinds[i]);
        assert_non_null(
            make((const char *[]){output, NULL}, NULL, false, &err));
        if (strstr(help.data, kinds[i]) == NULL)
            fail_msg("--help does not name %s", kinds[i]);
    }
    buf_finish(&help);
}

/* --- what they write --- */

static char *
written(const char *output, const struct sample *sample)
{
    struct err err;
    assert_true(
        options_set(sample->options, OPTION_COMMAND_LINE, "out", output, &err));
    struct outputs *outputs = outputs_create(sample->options, &err);
    assert_non_null(outputs);
    assert_true(outputs_check(outputs, &err));
    assert_true(outputs_open(outputs, &err));
    assert_true(outputs_finish(outputs, 0, &sample->result, &err));
    outputs_destroy(outputs);
    return content("a");
}

static void
test_csv(void **state)
{
    struct sample sample;
    sample_init(&sample);
    sample_record(&sample);
    char *text = written("csv=a", &sample);
    const char *expected =
        "method,name,count,failed,unsent,rate,bytes_sent,bytes_received,"
        "status,min,mean,p50,p90,p95,p99,p999,max\r\n"
        "GET,/pad/demo,8,0,0,2,800,8000,200=8,0.001000000,0.004500000,";
    assert_memory_equal(text, expected, strlen(expected));
    assert_non_null(strstr(text, "\r\nPUT,/pad/demo,4,4,1,1,"));
    assert_non_null(strstr(text, ",404=1,"));
    free(text);
    sample_finish(&sample);
}

static void
test_csv_cells(void **state)
{
    static const struct {
        const char *name, *cell;
    } rows[] = {
        {"/plain", "/plain"},
        {"a,b", "\"a,b\""},
        {"say \"x\"", "\"say \"\"x\"\"\""},
        {"=1+2", "'=1+2"},
        {"\n=1", "\"'\n=1\""},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@sum(a)", "'@sum(a)"},
        {"\tx", "'\tx"},
        {"\rx", "\"'\rx\""},
        {"=a,\"b\"", "\"'=a,\"\"b\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"a=b", "a=b"},
        {"\xff", "\xef\xbf\xbd"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample sample;
        sample_init(&sample);
        recorder_request(sample.recorder,
                         &(struct request_sample){.method = "GET",
                                                  .name = rows[i].name,
                                                  .status = 200,
                                                  .sends = 1});
        char *text = written("csv=a", &sample);
        char *expected = xasprintf("\r\nGET,%s,1,0,0,", rows[i].cell);
        if (strstr(text, expected) == NULL)
            fail_msg("%s is not in\n%s", expected, text);
        free(expected);
        free(text);
        sample_finish(&sample);
    }
}

static void
test_junit(void **state)
{
    struct sample sample;
    sample_init(&sample);
    sample_record(&sample);
    result_add_cause(&sample.result, EXIT_CODE_FAILED, "1 of 5 runs <failed>");
    char *text = written("junit=a", &sample);
    static const char *const parts[] = {
        "<testsuite name=\"scenarios/pad.lua\" tests=\"3\" failures=\"3\" ",
        "<testcase classname=\"molo.scenario\" name=\"pad\">\n"
        "      <failure message=\"1 of 5 runs failed\"/>",
        "<testcase classname=\"molo.check\" name=\"text arrived\">\n"
        "      <failure message=\"failed 1 of 4 times\"/>",
        "<failure message=\"1 of 5 runs &lt;failed&gt; (exit code 1)\"/>",
        "</testsuites>\n",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(text, parts[i]) == NULL)
            fail_msg("%s is not in\n%s", parts[i], text);
    }
    free(text);
    sample_finish(&sample);
}

/* What was planned and did not run to an end is no test that passed. */
static void
test_junit_of_what_did_not_run(void **state)
{
    struct sample sample;
    sample_init(&sample);
    recorder_run_end(sample.recorder, NULL, "cut", RUN_INTERRUPTED, 1, 1);
    char *text = written("junit=a", &sample);
    static const char *const parts[] = {
        " tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"2\" ",
        "<testcase classname=\"molo.scenario\" name=\"cut\">\n"
        "      <skipped message=\"all of its runs were interrupted\"/>\n"
        "    </testcase>",
        "<testcase classname=\"molo.scenario\" name=\"pad\">\n"
        "      <skipped message=\"no run of it began\"/>\n"
        "    </testcase>",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(text, parts[i]) == NULL)
            fail_msg("%s is not in\n%s", parts[i], text);
    }
    free(text);
    sample_finish(&sample);
}

/* XML has no way to write most control characters, U+FFFE and U+FFFF. */
static void
test_junit_text(void **state)
{
    static const struct {
        const char *name, *written;
    } rows[] = {
        {"plain", "plain"},
        {"<a b=\"c\">&", "&lt;a b=&quot;c&quot;&gt;&amp;"},
        {"\t\n\r", "&#9;&#10;&#13;"},
        {"a\x1b[2J", "a\xef\xbf\xbd[2J"},
        {"a\xef\xbf\xbe!", "a\xef\xbf\xbd!"},
        {"\xef\xbf\xbf\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xef\xbc\x8a", "\xef\xbc\x8a"},
        {"\xff", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample sample;
        sample_init(&sample);
        recorder_check(sample.recorder, NULL, rows[i].name, true);
        char *text = written("junit=a", &sample);
        char *expected = xasprintf("classname=\"molo.check\" name=\"%s\"/>",
                                   rows[i].written);
        if (strstr(text, expected) == NULL)
            fail_msg("%s is not in\n%s", expected, text);
        free(expected);
        free(text);
        sample_finish(&sample);
    }
}

/* --- files that grow --- */

static void
test_growing(void **state)
{
    struct err err;
    struct growing *growing = growing_open("a", &err);
    assert_non_null(growing);
    assert_true(growing_write_lines(growing, "one\n", 4));
    char *text = content("a");
    assert_string_equal(text, "one\n");
    free(text);
    assert_int_equal(growing_write(growing, "23", (const size_t[]){1, 2}, 2),
                     2);
    growing_put(growing, "four\n", 5);
    growing_flush(growing);
    text = content("a");
    assert_string_equal(text, "one\n23four\n");
    free(text);
    growing_put(growing, "five\n", 5);
    assert_true(growing_close(growing, &err));
    text = content("a");
    assert_string_equal(text, "one\n23four\nfive\n");
    free(text);
}

/* As on a disk that has room for that much. */
static void
limit_files(rlim_t size, struct rlimit *old)
{
    getrlimit(RLIMIT_FSIZE, old);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){size, old->rlim_max});
}

static void
assert_lost(struct growing *growing, const char *kept)
{
    struct err err;
    assert_false(growing_close(growing, &err));
    assert_string_equal(err.message,
                        "cannot write a: it would be larger than a file may be "
                        "(see 'ulimit -f')");
    char *text = content("a");
    assert_string_equal(text, kept);
    free(text);
}

/* All that fits is there, nothing of the line that does not, and nothing after
 * it, though there would be room. */
static void
test_growing_keeps_whole_lines(void **state)
{
    static const char lines[] = "five.\nsix..\nnine....\nlast\n";
    struct rlimit old;
    struct growing *growing = growing_open("a", NULL);
    limit_files(20, &old);
    assert_true(growing_write_lines(growing, lines, 6));
    assert_false(growing_write_lines(growing, lines + 6, strlen(lines) - 6));
    assert_false(growing_write_lines(growing, "\n", 1));
    growing_put(growing, "\n", 1);
    growing_flush(growing);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_lost(growing, "five.\nsix..\n");
}

static void
test_growing_keeps_whole_pieces(void **state)
{
    static const size_t ends[] = {4, 9, 10, 12};
    struct rlimit old;
    struct growing *growing = growing_open("a", NULL);
    limit_files(11, &old);
    assert_int_equal(growing_write(growing, "aaaabbbbbcdd", ends, 4), 3);
    assert_int_equal(growing_write(growing, "e", (const size_t[]){1}, 1), 0);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_lost(growing, "aaaabbbbbc");
}

/* Not even the first piece. */
static void
test_growing_takes_all_back(void **state)
{
    struct rlimit old;
    struct growing *growing = growing_open("a", NULL);
    limit_files(3, &old);
    assert_int_equal(growing_write(growing, "aaaa", (const size_t[]){4}, 1), 0);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_lost(growing, "");
}

static void
test_growing_on_a_full_disk(void **state)
{
    struct err err;
    struct growing *growing = growing_open("/dev/full", &err);
    assert_non_null(growing);
    assert_false(growing_write_lines(growing, "x\n", 2));
    assert_false(growing_close(growing, &err));
    assert_string_equal(err.message,
                        "cannot write /dev/full: the disk is full");
    assert_null(growing_open("none/a", &err));
    assert_string_equal(err.message,
                        "cannot write none/a: its directory does not exist");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_can_be_asked_for, setup,
                                        teardown),
        cmocka_unit_test(test_every_kind_can_be_asked_for),
        cmocka_unit_test_setup_teardown(test_csv, setup, teardown),
        cmocka_unit_test_setup_teardown(test_csv_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(test_junit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_junit_of_what_did_not_run, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_junit_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_growing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_growing_keeps_whole_lines, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_growing_keeps_whole_pieces, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_growing_takes_all_back, setup,
                                        teardown),
        cmocka_unit_test(test_growing_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
