#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/ws_frames.h"

/* Bytes of a server, given out in pieces. */
struct wire {
    const char *data;
    size_t size, used, piece;
};

static ssize_t
read_wire(void *data, void *out, size_t size)
{
    struct wire *wire = data;
    size_t rest = wire->size - wire->used;
    if (size > rest)
        size = rest;
    if (size > wire->piece)
        size = wire->piece;
    memcpy(out, wire->data + wire->used, size);
    wire->used += size;
    return (ssize_t)size;
}

struct row {
    const char *name;
    const char *bytes;
    size_t size;
    /* A message, or a fault. */
    enum ws_opcode opcode;
    const char *data;
    size_t data_size;
    int code;
    enum transfer_fault kind;
};
#define BYTES(text) (text), sizeof(text) - 1
#define MESSAGE(opcode_, text) \
    .opcode = (opcode_), .data = (text), .data_size = sizeof(text) - 1
#define FAULT(kind_, code_) .kind = (kind_), .code = (code_)
#define BROKEN FAULT(FAULT_PROTOCOL, WS_CODE_PROTOCOL)

static const struct row rows[] = {
    {"text", BYTES("\x81\x02hi"), MESSAGE(WS_TEXT, "hi")},
    {"empty text", BYTES("\x81\x00"), MESSAGE(WS_TEXT, "")},
    {"binary with NUL",
     BYTES("\x82\x03"
           "a\0b"),
     MESSAGE(WS_BINARY, "a\0b")},
    {"fragments", BYTES("\x01\x01h\x00\x00\x80\x01i"), MESSAGE(WS_TEXT, "hi")},
    {"character in two fragments", BYTES("\x01\x01\xc3\x80\x01\xa9"),
     MESSAGE(WS_TEXT, "\xc3\xa9")},
    {"ping", BYTES("\x89\x01p"), MESSAGE(WS_PING, "p")},
    {"empty pong", BYTES("\x8a\x00"), MESSAGE(WS_PONG, "")},
    {"close",
     BYTES("\x88\x05\x03\xe8"
           "bye"),
     MESSAGE(WS_CLOSE, "bye"), .code = 1000},
    {"close without code", BYTES("\x88\x00"), MESSAGE(WS_CLOSE, ""),
     .code = WS_CODE_NO_CODE},
    {"size in two bytes",
     BYTES("\x82\x7e\x00\x7e"
           "0123456789012345678901234567890123456789"
           "0123456789012345678901234567890123456789"
           "0123456789012345678901234567890123456789"
           "012345"),
     MESSAGE(WS_BINARY, "0123456789012345678901234567890123456789"
                        "0123456789012345678901234567890123456789"
                        "0123456789012345678901234567890123456789"
                        "012345")},
    {"reserved bit", BYTES("\xc1\x00"), BROKEN},
    {"unknown opcode", BYTES("\x83\x00"), BROKEN},
    {"unknown control frame", BYTES("\x8b\x00"), BROKEN},
    {"masked",
     BYTES("\x81\x81"
           "1234a"),
     BROKEN},
    {"fragment of a ping", BYTES("\x09\x00"), BROKEN},
    {"long ping", BYTES("\x89\x7e\x00\x7e"), BROKEN},
    {"long form of a size", BYTES("\x81\x7e\x00\x01"), BROKEN},
    {"negative size", BYTES("\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00"),
     BROKEN},
    {"continuation of nothing", BYTES("\x80\x00"), BROKEN},
    {"text within a text", BYTES("\x01\x01h\x81\x01i"), BROKEN},
    {"half a code", BYTES("\x88\x01\x03"), BROKEN},
    {"code 1005", BYTES("\x88\x02\x03\xed"), BROKEN},
    {"code 5000", BYTES("\x88\x02\x13\x88"), BROKEN},
    {"bad text", BYTES("\x81\x01\xff"), FAULT(FAULT_PROTOCOL, 1007)},
    {"half a character", BYTES("\x81\x01\xc3"), FAULT(FAULT_PROTOCOL, 1007)},
    {"bad reason", BYTES("\x88\x03\x03\xe8\xff"), FAULT(FAULT_PROTOCOL, 1007)},
    {"more than max_message",
     BYTES("\x82\x7e\x01\x2d"
           "x"),
     FAULT(FAULT_TOO_LARGE, 1009)},
    {"claims terabytes",
     BYTES("\x82\x7f\x00\x00\xff\x00\x00\x00\x00\x00"
           "x"),
     FAULT(FAULT_TOO_LARGE, 1009)},
};

static void
check_row(const struct row *row, size_t piece)
{
    struct wire wire = {row->bytes, row->size, 0, piece};
    struct ws_frames *frames = ws_frames_create(300, read_wire, &wire);
    struct ws_message *message = NULL;
    struct ws_fault fault = {0};
    enum ws_read result = ws_frames_read(frames, &message, &fault);
    if (row->kind != FAULT_NONE) {
        if (result != WS_READ_FAULT || fault.kind != row->kind ||
            fault.code != row->code)
            fail_msg("%s: result %d, kind %d, code %d", row->name, result,
                     fault.kind, fault.code);
    } else {
        if (result != WS_READ_MESSAGE)
            fail_msg("%s: result %d (%s)", row->name, result, fault.text);
        if (message->opcode != row->opcode || message->code != row->code ||
            message->size != row->data_size ||
            memcmp(message->data, row->data, row->data_size) != 0)
            fail_msg("%s: opcode %d, code %d, '%s'", row->name, message->opcode,
                     message->code, message->data);
        ws_message_destroy(message);
        if (ws_frames_read(frames, &message, &fault) != WS_READ_MORE)
            fail_msg("%s: there is more", row->name);
    }
    ws_frames_destroy(frames);
}

static void
reads_frames_whole_and_in_bytes(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], SIZE_MAX);
        check_row(&rows[i], 1);
    }
}

static void
reads_control_frames_within_a_message(void **state)
{
    struct wire wire = {BYTES("\x01\x01h\x89\x01p\x80\x01i"), 0, 1};
    struct ws_frames *frames = ws_frames_create(10, read_wire, &wire);
    struct ws_message *message;
    struct ws_fault fault;
    assert_int_equal(ws_frames_read(frames, &message, &fault), WS_READ_MESSAGE);
    assert_int_equal(message->opcode, WS_PING);
    assert_string_equal(message->data, "p");
    ws_message_destroy(message);
    assert_int_equal(ws_frames_read(frames, &message, &fault), WS_READ_MESSAGE);
    assert_int_equal(message->opcode, WS_TEXT);
    assert_string_equal(message->data, "hi");
    ws_message_destroy(message);
    ws_frames_destroy(frames);
}

/* The payload that a server would read. */
static void
unmask(struct buf *out, size_t head)
{
    for (size_t i = head + 4; i < out->size; i++)
        out->data[i] ^= out->data[head + (i - head - 4) % 4];
}

static void
writes_masked_frames(void **state)
{
    struct wire wire = {0};
    struct ws_frames *frames = ws_frames_create(10, read_wire, &wire);
    struct buf out = {0};
    ws_frames_write(frames, WS_TEXT, "hello", 5, &out);
    assert_int_equal(out.size, 2 + 4 + 5);
    assert_memory_equal(out.data, "\x81\x85", 2);
    unmask(&out, 2);
    assert_memory_equal(out.data + 6, "hello", 5);

    static char large[70000];
    memset(large, 'x', sizeof(large));
    buf_clear(&out);
    ws_frames_write(frames, WS_BINARY, large, sizeof(large), &out);
    assert_int_equal(out.size, 10 + 4 + sizeof(large));
    assert_memory_equal(out.data, "\x82\xff\0\0\0\0\0\x01\x11\x70", 10);
    unmask(&out, 10);
    assert_memory_equal(out.data + 14, large, sizeof(large));

    buf_clear(&out);
    ws_frames_write_close(frames, 1000, "bye", 3, &out);
    unmask(&out, 2);
    assert_memory_equal(out.data, "\x88\x85", 2);
    assert_memory_equal(out.data + 6,
                        "\x03\xe8"
                        "bye",
                        5);
    buf_clear(&out);
    ws_frames_write_close(frames, WS_CODE_NO_CODE, "", 0, &out);
    assert_int_equal(out.size, 6);
    buf_finish(&out);
    ws_frames_destroy(frames);
}

static void
every_frame_has_a_mask_of_its_own(void **state)
{
    struct wire wire = {0};
    struct ws_frames *frames = ws_frames_create(10, read_wire, &wire);
    struct buf out = {0};
    int same = 0;
    char before[4] = "";
    for (int i = 0; i < 200; i++) {
        buf_clear(&out);
        ws_frames_write(frames, WS_TEXT, "a", 1, &out);
        same += memcmp(before, out.data + 2, 4) == 0;
        memcpy(before, out.data + 2, 4);
    }
    assert_true(same < 3);
    buf_finish(&out);
    ws_frames_destroy(frames);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_frames_whole_and_in_bytes),
        cmocka_unit_test(reads_control_frames_within_a_message),
        cmocka_unit_test(writes_masked_frames),
        cmocka_unit_test(every_frame_has_a_mask_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
