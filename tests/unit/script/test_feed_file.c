#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "script/feed_file.h"

static char path[] = "/tmp/molo-feed-XXXXXX";

static void
write_text(const char *text, size_t size)
{
    strcpy(path + sizeof(path) - 7, "XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static struct feed_file *
open_kind(enum feed_kind kind, bool header, size_t keep_max)
{
    struct err err = {{0}};
    struct feed_file *file = feed_file_open(
        &(struct feed_file_config){
            .kind = kind,
            .path = path,
            .name = "data",
            .delimiter = ',',
            .header = header,
            .keep_max = keep_max,
        },
        &err);
    if (file == NULL)
        fail_msg("%s", err.message);
    return file;
}

static void
expect_field(const struct csv_fields *fields, size_t index, const char *text)
{
    size_t size;
    assert_non_null(fields);
    const char *field = csv_field(fields, index, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(field, text, size);
}

/* So long that it is read in several pieces, with records across their ends;
 * once kept, once read on demand. */
static void
test_csv_of_any_size(void **state)
{
    struct buf text = {0};
    buf_append_str(&text, "\xef\xbb\xbfid,text\r\n");
    enum { RECORDS = 60000 };
    for (int i = 0; i < RECORDS; i++)
        buf_printf(&text, "%d,\"line %d\nand \"\"more\"\"\"\r\n%s", i, i,
                   i % 7 == 0 ? "\r\n" : "");
    write_text(text.data, text.size);
    for (int kept = 0; kept < 2; kept++) {
        struct err err;
        struct feed_file *file =
            open_kind(FEED_CSV, true, kept ? FEED_KEEP_MAX : 0);
        assert_int_equal(feed_file_count(file), RECORDS);
        expect_field(feed_file_header(file), 0, "id");
        for (int i = RECORDS - 1; i >= 0; i -= 97) {
            char id[16], line[64];
            snprintf(id, sizeof(id), "%d", i);
            snprintf(line, sizeof(line), "line %d\nand \"more\"", i);
            const struct csv_fields *fields =
                feed_file_csv(file, (size_t)i, &err);
            expect_field(fields, 0, id);
            expect_field(fields, 1, line);
        }
        feed_file_close(file);
    }
    unlink(path);
    buf_finish(&text);
}

static void
test_lines_and_values(void **state)
{
    for (int kept = 0; kept < 2; kept++) {
        struct err err;
        size_t size;
        size_t keep = kept ? FEED_KEEP_MAX : 0;
        static const char lines[] = "one\r\n\nthree";
        write_text(lines, strlen(lines));
        struct feed_file *file = open_kind(FEED_LINES, false, keep);
        assert_int_equal(feed_file_count(file), 3);
        assert_memory_equal(feed_file_line(file, 0, &size, &err), "one", 3);
        assert_int_equal(size, 3);
        feed_file_line(file, 1, &size, &err);
        assert_int_equal(size, 0);
        assert_memory_equal(feed_file_line(file, 2, &size, &err), "three", 5);
        assert_int_equal(size, 5);
        feed_file_close(file);
        unlink(path);

        static const char values[] = "{\"a\": 9007199254740993}\n \n[2]\n";
        write_text(values, strlen(values));
        file = open_kind(FEED_NDJSON, false, keep);
        assert_int_equal(feed_file_count(file), 2);
        const json_t *json = feed_file_json(file, 0, &err);
        assert_int_equal(json_integer_value(json_object_get(json, "a")),
                         INT64_C(9007199254740993));
        assert_true(json_is_array(feed_file_json(file, 1, &err)));
        feed_file_close(file);
        unlink(path);
    }
}

/* A large file may change while it is used: that is told, whatever is read. */
static void
test_changed_file(void **state)
{
    struct err err;
    static const char text[] = "a,b\n1,2\n3,4\n";
    write_text(text, strlen(text));
    struct feed_file *file = open_kind(FEED_CSV, true, 0);
    assert_int_equal(truncate(path, 8), 0);
    assert_non_null(feed_file_csv(file, 0, &err));
    assert_null(feed_file_csv(file, 1, &err));
    assert_string_equal(err.message,
                        "'data' has become shorter since it was loaded");
    FILE *stream = fopen(path, "r+");
    assert_non_null(stream);
    fputs("xxxx\"xxx,xxx", stream);
    fclose(stream);
    assert_null(feed_file_csv(file, 0, &err));
    assert_string_equal(err.message, "'data' has changed since it was loaded");
    feed_file_close(file);
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_of_any_size),
        cmocka_unit_test(test_lines_and_values),
        cmocka_unit_test(test_changed_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
