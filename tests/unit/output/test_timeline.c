#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "output/timeline.h"

static void
make_path(char path[32])
{
    strcpy(path, "/tmp/molo-test-XXXXXX");
    close(mkstemp(path));
}

static char *
take_content(const char *path)
{
    struct buf content = {0};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char part[4096];
    for (size_t size; (size = fread(part, 1, sizeof(part), file)) > 0;)
        buf_append(&content, part, size);
    fclose(file);
    unlink(path);
    return buf_take(&content);
}

static void
test_lines(void **state)
{
    static const char expected[] =
        "{\"at\": 1.500000001, \"what\": \"wait\", \"worker\": 3, \"task\": 2, "
        "\"type\": \"notifier\", \"name\": \"pad\", \"op\": "
        "\"wait_for_writer\", \"room\": 4, \"step\": 7, \"round\": 1, "
        "\"where\": \"pad.lua:9\", \"waited\": 0.000000250}\n"
        /* What is not known is left out; a global fixture is no worker,
         * and where there is no operation there is no task. */
        "{\"at\": -0.000000005, \"what\": \"round_end\", \"worker\": "
        "null}\n"
        "{\"at\": 0.000000000, \"what\": \"granted\", \"worker\": 0, \"task\": "
        "0, \"name\": \"a\\\"\\\\\\n\xef\xbf\xbd\", \"op\": \"put\", "
        "\"failed\": true}\n";
    char path[32];
    make_path(path);
    struct timeline *timeline = timeline_open(path, NULL);
    assert_non_null(timeline);
    timeline_write(timeline, &(struct timeline_event){
                                 .at = 1500000001,
                                 .what = "wait",
                                 .worker = 3,
                                 .task = 2,
                                 .type = "notifier",
                                 .name = "pad",
                                 .op = "wait_for_writer",
                                 .where = "pad.lua:9",
                                 .room = 4,
                                 .step = 7,
                                 .round = 1,
                                 .waited = 250,
                             });
    timeline_write(timeline, &(struct timeline_event){.at = -5,
                                                      .what = "round_end",
                                                      .worker = -1,
                                                      .room = -1,
                                                      .waited = -1});
    timeline_write(timeline, &(struct timeline_event){.what = "granted",
                                                      .op = "put",
                                                      .name = "a\"\\\n\xff",
                                                      .room = -1,
                                                      .waited = -1,
                                                      .failed = true});
    assert_true(timeline_close(timeline, NULL));
    char *content = take_content(path);
    assert_string_equal(content, expected);
    free(content);
}

/* Far more than is gathered at once: nothing is lost, cut or reordered. */
static void
test_many_lines(void **state)
{
    enum { COUNT = 20000 };
    char path[32];
    make_path(path);
    struct timeline *timeline = timeline_open(path, NULL);
    for (int i = 0; i < COUNT; i++)
        timeline_write(timeline, &(struct timeline_event){
                                     .at = i, .what = "put", .worker = i});
    assert_true(timeline_close(timeline, NULL));
    char *content = take_content(path), *rest = content;
    for (int i = 0; i < COUNT; i++) {
        char *line = strsep(&rest, "\n");
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        assert_int_equal(json_integer_value(json_object_get(json, "worker")),
                         i);
        json_decref(json);
    }
    assert_string_equal(rest, "");
    free(content);
}

static void
test_flush_writes_what_there_is(void **state)
{
    char path[32];
    make_path(path);
    struct timeline *timeline = timeline_open(path, NULL);
    timeline_write(timeline, &(struct timeline_event){.what = "a"});
    timeline_flush(timeline);
    char *content = take_content(path);
    assert_non_null(strstr(content, "}\n"));
    free(content);
    assert_true(timeline_close(timeline, NULL));
}

static void
test_failures_name_the_file(void **state)
{
    struct err err;
    assert_null(timeline_open("/nowhere/t.ndjson", &err));
    assert_string_equal(err.message, "cannot write /nowhere/t.ndjson: its "
                                     "directory does not exist");
    struct timeline *timeline = timeline_open("/dev/full", &err);
    assert_non_null(timeline);
    /* It goes on though nothing can be written any more. */
    for (int i = 0; i < 5000; i++)
        timeline_write(timeline, &(struct timeline_event){.what = "a"});
    assert_false(timeline_close(timeline, &err));
    assert_string_equal(err.message,
                        "cannot write /dev/full: the disk is full");
    assert_true(timeline_close(NULL, &err));
}

/* The line that does not fit is not there by half. */
static void
test_whole_lines_on_a_full_disk(void **state)
{
    char path[32];
    make_path(path);
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_IGN);
    struct timeline *timeline = timeline_open(path, NULL);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){200, old.rlim_max});
    for (int i = 0; i < 10; i++)
        timeline_write(timeline, &(struct timeline_event){.what = "a"});
    struct err err;
    assert_false(timeline_close(timeline, &err));
    setrlimit(RLIMIT_FSIZE, &old);
    char *content = take_content(path);
    size_t size = strlen(content);
    assert_true(size > 100);
    assert_string_equal(content + size - 2, "}\n");
    free(content);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_many_lines),
        cmocka_unit_test(test_flush_writes_what_there_is),
        cmocka_unit_test(test_failures_name_the_file),
        cmocka_unit_test(test_whole_lines_on_a_full_disk),
    };
    return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
