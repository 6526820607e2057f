#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/event_stream.h"

#define LIMIT 1000

/* What is read of `text`, which comes in a piece of `first` bytes and others of
 * `then`: "type|id|data" a line. */
static void
read_pieces(const char *text, size_t size, size_t first, size_t then,
            struct buf *out)
{
    struct event_stream stream = {.limit = LIMIT};
    size_t at = 0, end = first < size ? first : size;
    buf_clear(out);
    buf_append_str(out, "");
    while (at < size) {
        size_t used = 0;
        enum event_stream_status status =
            event_stream_read(&stream, text + at, end - at, &used);
        assert_true(at == end || used > 0);
        at += used;
        assert_true(at <= end);
        if (status == EVENT_STREAM_TOO_LARGE) {
            buf_append_str(out, "too large\n");
            break;
        }
        if (status == EVENT_STREAM_EVENT) {
            buf_printf(out, "%s|%s|",
                       stream.type.size > 0 ? stream.type.data : "",
                       stream.last_id.size > 0 ? stream.last_id.data : "");
            buf_append(out, stream.data.data, stream.data.size);
            buf_append_str(out, "\n");
        } else {
            assert_int_equal(at, end);
            end = size - at < then ? size : at + then;
        }
    }
    event_stream_finish(&stream);
}

struct row {
    const char *name, *text, *events;
};

static const struct row rows[] = {
    {"nothing", "", ""},
    {"one line", "data: a\n\n", "||a\n"},
    {"without a space", "data:a\n\n", "||a\n"},
    {"one space only is taken off", "data:  a\n\n", "|| a\n"},
    {"several lines", "data: YHOO\ndata: +2\ndata: 10\n\n", "||YHOO\n+2\n10\n"},
    {"comments and identifiers",
     ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
     "data:  third event\n\n",
     "|1|first event\n||second event\n|| third event\n"},
    {"empty data", "data\n\ndata\ndata\n\ndata:\n", "||\n||\n\n"},
    {"a space is optional", "data:test\n\ndata: test\n\n", "||test\n||test\n"},
    {"types", "event: add\ndata: 7\n\ndata: 8\n\n", "add||7\n||8\n"},
    {"a type without data", "event: add\n\ndata: 8\n\n", "||8\n"},
    {"the last type counts", "event: a\nevent: b\ndata: 1\n\n", "b||1\n"},
    {"an id is kept", "id: 5\ndata: a\n\ndata: b\n\n", "|5|a\n|5|b\n"},
    {"an id without data", "id: 6\n\ndata: a\n\n", "|6|a\n"},
    {"an id with a colon", "id: a:b\ndata: a\n\n", "|a:b|a\n"},
    {"CR", "data: a\rdata: b\r\rdata: c\r\r", "||a\nb\n||c\n"},
    {"CRLF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", "||a\nb\n||c\n"},
    {"all of them", "data: a\r\ndata: b\rdata: c\n\r\n", "||a\nb\nc\n"},
    {"LF after CRLF", "data: a\r\n\ndata: b\n\n", "||a\n||b\n"},
    {"CR then LF LF", "data: a\r\n\n\ndata: b\r\r\n", "||a\n||b\n"},
    {"byte order mark",
     "\xef\xbb\xbf"
     "data: a\n\n",
     "||a\n"},
    {"a second mark is a name",
     "\xef\xbb\xbf\xef\xbb\xbf"
     "data: a\n\n",
     ""},
    {"a mark later on",
     "\n\xef\xbb\xbf"
     "data: a\n\n",
     ""},
    {"half a mark",
     "\xef\xbb"
     "data: a\n\ndata: b\n\n",
     "||b\n"},
    {"not complete", "data: a\n", ""},
    {"without the last line end", "data: a\n\ndata: b", "||a\n"},
    {"unknown fields", "dat: a\ndatax: b\nDATA: c\ndata : d\n\n", ""},
    {"bytes that are not UTF-8", "data: \xff\xfe\n\n", "||\xff\xfe\n"},
    {"only colons", ":\n::\n: data: a\n\n", ""},
};

static void
assert_row(const struct row *row, size_t first, size_t then)
{
    struct buf out = {0};
    read_pieces(row->text, strlen(row->text), first, then, &out);
    if (strcmp(out.data, row->events) != 0)
        fail_msg("%s, in pieces of %zu and %zu: got \"%s\"", row->name, first,
                 then, out.data);
    buf_finish(&out);
}

static void
test_every_cut(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t cut = 0; cut <= strlen(rows[i].text); cut++)
            assert_row(&rows[i], cut, SIZE_MAX);
}

static void
test_byte_by_byte(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_row(&rows[i], 1, 1);
}

static void
test_nul_bytes(void **state)
{
    static const char text[] = "id: 1\n\nid: a\0b\ndata: c\0d\n\n";
    struct event_stream stream = {.limit = LIMIT};
    size_t used;
    assert_int_equal(event_stream_read(&stream, text, sizeof(text) - 1, &used),
                     EVENT_STREAM_EVENT);
    assert_string_equal(stream.last_id.data, "1");
    assert_int_equal(stream.data.size, 3);
    assert_memory_equal(stream.data.data, "c\0d", 3);
    event_stream_finish(&stream);
}

static void
test_retry(void **state)
{
    static const struct {
        const char *line;
        nsec_t retry;
        bool told;
    } cases[] = {
        {"retry: 1500\n", 1500 * NSEC_PER_MSEC, true},
        {"retry:7\n", 7 * NSEC_PER_MSEC, true},
        {"retry: 0\n", 0, true},
        {"retry: 1x\n", 0, false},
        {"retry: -1\n", 0, false},
        {"retry: 1.5\n", 0, false},
        {"retry\n", 0, false},
        {"retry: 99999999999999999999\n", 24 * 60 * 60 * NSEC_PER_SEC, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event_stream stream = {.limit = LIMIT};
        size_t used;
        event_stream_read(&stream, cases[i].line, strlen(cases[i].line), &used);
        if (stream.retry != cases[i].retry ||
            stream.retry_told != cases[i].told)
            fail_msg("%s: %lld", cases[i].line, (long long)stream.retry);
        event_stream_finish(&stream);
    }
}

static void
test_too_large(void **state)
{
    struct buf text = {0}, out = {0};
    buf_append_str(&text, "data: small\n\ndata: ");
    for (int i = 0; i < LIMIT; i++)
        buf_append(&text, "x", 1);
    for (size_t cut = 0; cut <= text.size; cut++) {
        read_pieces(text.data, text.size, cut, SIZE_MAX, &out);
        assert_string_equal(out.data, "||small\ntoo large\n");
    }
    /* Many short lines of one event are as bad as a long one. */
    buf_clear(&text);
    for (int i = 0; i < LIMIT; i++)
        buf_append_str(&text, "data: x\n");
    read_pieces(text.data, text.size, 1, SIZE_MAX, &out);
    assert_string_equal(out.data, "too large\n");
    /* Many events are not. */
    buf_clear(&text);
    for (int i = 0; i < LIMIT; i++)
        buf_append_str(&text, "data: x\n\n");
    read_pieces(text.data, text.size, 1, SIZE_MAX, &out);
    assert_int_equal(out.size, LIMIT * strlen("||x\n"));
    buf_finish(&text);
    buf_finish(&out);
}

/* What a connection cut short had begun is forgotten; what was dispatched is
 * not. */
static void
test_restart(void **state)
{
    static const char first[] = "retry: 5\nid: 1\ndata: a\n\nid: 2\ndata: b\n";
    static const char second[] = "\xef\xbb\xbf"
                                 "data: c\n\n";
    struct event_stream stream = {.limit = LIMIT};
    size_t used, used_then;
    assert_int_equal(event_stream_read(&stream, first, strlen(first), &used),
                     EVENT_STREAM_EVENT);
    assert_int_equal(event_stream_read(&stream, first + used,
                                       strlen(first) - used, &used_then),
                     EVENT_STREAM_MORE);
    event_stream_restart(&stream);
    assert_string_equal(stream.last_id.data, "1");
    assert_int_equal(stream.retry, 5 * NSEC_PER_MSEC);
    assert_int_equal(event_stream_read(&stream, second, strlen(second), &used),
                     EVENT_STREAM_EVENT);
    assert_string_equal(stream.data.data, "c");
    assert_string_equal(stream.last_id.data, "1");
    event_stream_finish(&stream);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut), cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_nul_bytes), cmocka_unit_test(test_retry),
        cmocka_unit_test(test_too_large), cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests_name("event_stream", tests, NULL, NULL);
}
