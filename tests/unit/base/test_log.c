#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define THREADS 4
#define LINES 200

/* stderr goes to a file between capture_begin and capture_end. */
static struct {
    FILE *file;
    int saved;
} capture;

static void
capture_begin(void)
{
    capture.file = tmpfile();
    assert_non_null(capture.file);
    fflush(stderr);
    capture.saved = dup(STDERR_FILENO);
    assert_true(dup2(fileno(capture.file), STDERR_FILENO) >= 0);
    /* The threads share the offset only through O_APPEND. */
    fcntl(STDERR_FILENO, F_SETFL, O_APPEND | O_RDWR);
}

static char *
capture_end(void)
{
    dup2(capture.saved, STDERR_FILENO);
    close(capture.saved);
    struct stat st;
    fstat(fileno(capture.file), &st);
    char *text = calloc(1, (size_t)st.st_size + 1);
    assert_int_equal(pread(fileno(capture.file), text, (size_t)st.st_size, 0),
                     st.st_size);
    fclose(capture.file);
    return text;
}

static int
teardown(void **state)
{
    log_set_level(LOG_INFO);
    log_set_hooks(NULL, NULL, NULL);
    return 0;
}

static void
print_all(void)
{
    log_error("an %s", "error");
    log_warning("a warning");
    log_info("news");
    log_verbose("details");
    log_debug("all");
    log_text(LOG_INFO, "raw\x1b\n");
}

static void
test_levels(void **state)
{
    static const struct {
        enum log_level level;
        const char *expected;
    } rows[] = {
        {LOG_ERROR, "molo: error: an error\n"},
        {LOG_WARNING, "molo: error: an error\nmolo: warning: a warning\n"},
        {LOG_INFO, "molo: error: an error\nmolo: warning: a warning\n"
                   "molo: news\nraw\x1b\n"},
        {LOG_VERBOSE, "molo: error: an error\nmolo: warning: a warning\n"
                      "molo: news\nmolo: details\nraw\x1b\n"},
        {LOG_DEBUG, "molo: error: an error\nmolo: warning: a warning\n"
                    "molo: news\nmolo: details\nmolo: all\nraw\x1b\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        log_set_level(rows[i].level);
        assert_int_equal(log_get_level(), rows[i].level);
        capture_begin();
        print_all();
        char *text = capture_end();
        assert_string_equal(text, rows[i].expected);
        free(text);
    }
}

static void
test_control_characters(void **state)
{
    capture_begin();
    log_info("%s", "a\x1b[2Jb\rc\x7f\xc3\xa9\td\ne");
    char *text = capture_end();
    assert_string_equal(text, "molo: a\\x1b[2Jb\\x0dc\\x7f\xc3\xa9\td\ne\n");
    free(text);
}

/* U+009B is an escape sequence's beginning, in one character or, where a
 * terminal does not expect UTF-8, in one byte. */
static void
test_controls_beyond_ascii(void **state)
{
    capture_begin();
    log_info("%s", "a\xc2\x9b"
                   "2Jb\x9b"
                   "2J\xc2\xa0\xe2\x82");
    char *text = capture_end();
    assert_string_equal(text,
                        "molo: a\\xc2\\x9b2Jb\\x9b2J\xc2\xa0\\xe2\\x82\n");
    free(text);
}

static void
test_long_line_is_whole(void **state)
{
    char *message = malloc(100001);
    memset(message, 'x', 100000);
    message[100000] = '\0';
    capture_begin();
    log_info("%s", message);
    char *text = capture_end();
    assert_int_equal(strlen(text), strlen("molo: \n") + 100000);
    free(text);
    free(message);
}

static void
on_before(void *data)
{
    assert_int_equal(write(STDERR_FILENO, data, 1), 1);
}

static void
on_after(void *data)
{
    assert_int_equal(write(STDERR_FILENO, (char *)data + 1, 1), 1);
}

static void
test_hooks_surround_a_line(void **state)
{
    char marks[] = "<>";
    log_set_hooks(on_before, on_after, marks);
    capture_begin();
    log_info("one");
    log_debug("hidden");
    log_text(LOG_INFO, "two\n");
    log_set_hooks(NULL, NULL, NULL);
    log_info("three");
    char *text = capture_end();
    assert_string_equal(text, "<molo: one\n><two\n>molo: three\n");
    free(text);
}

static void *
write_lines(void *data)
{
    for (int i = 0; i < LINES; i++)
        log_info("thread %s line %d end", (const char *)data, i);
    return NULL;
}

static void
test_threads_do_not_mix_lines(void **state)
{
    static char names[THREADS][2] = {"0", "1", "2", "3"};
    pthread_t threads[THREADS];
    capture_begin();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_lines, names[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    char *text = capture_end();
    int next[THREADS] = {0}, count = 0;
    for (char *line = strtok(text, "\n"); line != NULL;
         line = strtok(NULL, "\n"), count++) {
        int thread, number, used = 0;
        assert_int_equal(sscanf(line, "molo: thread %d line %d end%n", &thread,
                                &number, &used),
                         2);
        assert_int_equal(used, strlen(line));
        assert_int_equal(number, next[thread]++);
    }
    assert_int_equal(count, THREADS * LINES);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_levels, teardown),
        cmocka_unit_test_teardown(test_control_characters, teardown),
        cmocka_unit_test_teardown(test_controls_beyond_ascii, teardown),
        cmocka_unit_test_teardown(test_long_line_is_whole, teardown),
        cmocka_unit_test_teardown(test_hooks_surround_a_line, teardown),
        cmocka_unit_test_teardown(test_threads_do_not_mix_lines, teardown),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
