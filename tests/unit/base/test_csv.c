#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/csv.h"

/* All records of `text` as "a|b;c|d;", or the error's text. */
static const char *
read_all(const char *text, char delimiter, struct buf *out)
{
    static struct err err;
    struct csv csv;
    csv_init(&csv, delimiter, 1);
    buf_clear(out);
    buf_append_str(out, "");
    for (size_t i = 0; i <= strlen(text); i++) {
        enum csv_event event = text[i] != '\0' ? csv_next(&csv, text[i], &err)
                                               : csv_end(&csv, &err);
        switch (event) {
        case CSV_NOTHING:
            break;
        case CSV_BYTE:
            buf_append(out, &text[i], 1);
            break;
        case CSV_FIELD:
            buf_append_str(out, "|");
            break;
        case CSV_RECORD:
            buf_append_str(out, ";");
            break;
        case CSV_ERROR:
            return err.message;
        }
    }
    return out->data;
}

static const struct row {
    const char *name, *text, *expected;
    char delimiter;
} rows[] = {
    {"nothing", "", "", ','},
    {"one record", "a,b,c\n", "a|b|c;", ','},
    {"no line break at the end", "a,b\nc,d", "a|b;c|d;", ','},
    {"CRLF", "a,b\r\nc,d\r\n", "a|b;c|d;", ','},
    {"CR at the end", "a,b\r", "a|b;", ','},
    {"empty fields", ",\n,,\n", "|;||;", ','},
    {"blank lines are no records", "\n\na\n\r\n\nb\n\n", "a;b;", ','},
    {"an empty field in quotes is one", "\"\"\n", ";", ','},
    {"delimiter in quotes", "\"a,b\",c\n", "a,b|c;", ','},
    {"line breaks in quotes", "\"a\r\nb\nc\",d\n", "a\r\nb\nc|d;", ','},
    {"doubled quotes", "\"a\"\"b\",\"\"\"\"\n", "a\"b|\";", ','},
    {"spaces are kept", " a , b \n", " a | b ;", ','},
    {"quoted last field without a line break", "a,\"b\"", "a|b;", ','},
    {"another delimiter", "a;b,c;d\n", "a|b,c|d;", ';'},
    {"tab", "a\tb\n", "a|b;", '\t'},
    {"delimiter at the end", "a,", "a|;", ','},
    {"a quote inside", "a,b\nc\"d\n",
     "2: a quote inside a field without quotes: put the whole field in quotes "
     "and double those inside",
     ','},
    {"more after the quote", "\"a\"b\n",
     "1: there is more behind the closing quote of a field: double the quotes "
     "inside it",
     ','},
    {"quote not closed", "a\nb,\"c\nd\ne",
     "2: the quote of a field that begins here is never closed", ','},
    {"CR alone", "a\rb\n",
     "1: a carriage return without a line feed: lines end with LF or CRLF",
     ','},
    {"the line counts line breaks in quotes", "\"a\nb\nc\"\nd\"\n",
     "4: a quote inside a field without quotes: put the whole field in quotes "
     "and double those inside",
     ','},
};

static void
test_texts(void **state)
{
    struct buf out = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = read_all(rows[i].text, rows[i].delimiter, &out);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: '%s', not '%s'", rows[i].name, got, rows[i].expected);
    }
    buf_finish(&out);
}

static void
expect_field(const struct csv_fields *fields, size_t index, const char *text)
{
    size_t size;
    const char *field = csv_field(fields, index, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(field, text, size);
}

static void
test_record(void **state)
{
    struct csv_fields fields = {0};
    struct err err;
    static const char text[] = "\"a\nb\",,c\nnext,record\n";
    assert_true(csv_read_record(text, strlen(text), ',', &fields, &err));
    assert_int_equal(fields.count, 3);
    expect_field(&fields, 0, "a\nb");
    expect_field(&fields, 1, "");
    expect_field(&fields, 2, "c");
    /* The next one takes its place. */
    assert_true(csv_read_record("x", 1, ',', &fields, &err));
    assert_int_equal(fields.count, 1);
    expect_field(&fields, 0, "x");
    assert_false(csv_read_record("\n\n", 2, ',', &fields, &err));
    assert_string_equal(err.message, "3: there is no record");
    assert_false(csv_read_record("\"x", 2, ',', &fields, &err));
    csv_fields_finish(&fields);
}

static void
test_place_of_a_record(void **state)
{
    struct csv csv;
    csv_init(&csv, ',', 5);
    static const char text[] = "\n\n\"a\nb\"\n";
    for (size_t i = 0; i < strlen(text); i++)
        csv_next(&csv, text[i], NULL);
    assert_int_equal(csv.record_line, 7);
    assert_int_equal(csv.line, 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_place_of_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
