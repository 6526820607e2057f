#include "http/ws_frames.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <wslay/wslay.h>

#include "base/mem.h"
#include "base/units.h"
#include "base/utf8.h"

/* Of random bytes, so that not every frame asks the system for four. */
enum { MASK_POOL = 256 };

struct ws_frames {
    wslay_frame_context_ptr wslay;
    ws_read_fn *read;
    void *read_data;
    size_t max_message;
    struct buf message; /* fragments of the one being read */
    enum ws_opcode message_opcode;
    bool in_message;
    char control[WS_CONTROL_MAX];
    uint64_t frame_read; /* bytes of the payload of this frame */
    bool in_frame;
    bool starved;    /* the last read gave nothing */
    struct buf *out; /* of the frame being written */
    unsigned char masks[MASK_POOL];
    size_t masks_used;
};

void
ws_message_destroy(struct ws_message *message)
{
    if (message == NULL)
        return;
    free(message->data);
    free(message);
}

bool
ws_is_utf8(const char *data, size_t size)
{
    while (size > 0) {
        size_t length = utf8_length(data, size);
        if (length == 0)
            return false;
        data += length;
        size -= length;
    }
    return true;
}

bool
ws_is_close_code(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

/* --- what wslay asks for --- */

static ssize_t
on_recv(uint8_t *out, size_t size, int flags, void *user)
{
    struct ws_frames *frames = user;
    ssize_t got = frames->read(frames->read_data, out, size);
    frames->starved = got <= 0;
    return got;
}

static ssize_t
on_send(const uint8_t *data, size_t size, int flags, void *user)
{
    struct ws_frames *frames = user;
    buf_append(frames->out, data, size);
    return (ssize_t)size;
}

static int
on_genmask(uint8_t *out, size_t size, void *user)
{
    struct ws_frames *frames = user;
    if (frames->masks_used + size > MASK_POOL) {
        while (getrandom(frames->masks, MASK_POOL, 0) != MASK_POOL)
            if (errno != EINTR)
                return -1;
        frames->masks_used = 0;
    }
    memcpy(out, frames->masks + frames->masks_used, size);
    frames->masks_used += size;
    return 0;
}

struct ws_frames *
ws_frames_create(size_t max_message, ws_read_fn *read, void *data)
{
    static const struct wslay_frame_callbacks callbacks = {
        .send_callback = on_send,
        .recv_callback = on_recv,
        .genmask_callback = on_genmask,
    };
    struct ws_frames *frames = xmalloc(sizeof(*frames));
    *frames = (struct ws_frames){
        .max_message = max_message,
        .read = read,
        .read_data = data,
        .masks_used = MASK_POOL,
    };
    if (wslay_frame_context_init(&frames->wslay, &callbacks, frames) != 0)
        abort(); /* out of memory, as in xmalloc */
    return frames;
}

void
ws_frames_destroy(struct ws_frames *frames)
{
    if (frames == NULL)
        return;
    wslay_frame_context_free(frames->wslay);
    buf_finish(&frames->message);
    free(frames);
}

/* --- reading --- */

static bool __attribute__((format(printf, 4, 5)))
fail(struct ws_fault *fault, enum transfer_fault kind, int code,
     const char *fmt, ...)
{
    fault->kind = kind;
    fault->code = code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(fault->text, sizeof(fault->text), fmt, args);
    va_end(args);
    return false;
}

static bool
is_control(unsigned opcode)
{
    return opcode >= WS_CLOSE;
}

static bool
is_known(unsigned opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

#define PROTOCOL FAULT_PROTOCOL, WS_CODE_PROTOCOL

static bool
check_frame(const struct ws_frames *frames, const struct wslay_frame_iocb *got,
            struct ws_fault *fault)
{
    unsigned opcode = got->opcode;
    if (got->rsv != 0)
        return fail(fault, PROTOCOL,
                    "a frame with reserved bits set (0x%x), though no "
                    "extension was agreed on",
                    (unsigned)got->rsv);
    if (got->mask)
        return fail(fault, PROTOCOL, "a masked frame: only clients mask");
    if (!is_known(opcode))
        return fail(fault, PROTOCOL, "a frame with the unknown opcode 0x%x",
                    opcode);
    if (is_control(opcode))
        return true;
    if (opcode == WS_CONTINUATION && !frames->in_message)
        return fail(fault, PROTOCOL,
                    "a continuation frame where no message had begun");
    if (opcode != WS_CONTINUATION && frames->in_message)
        return fail(fault, PROTOCOL,
                    "a new message before the last fragment of the one before");
    return true;
}

static bool
fail_size(const struct ws_frames *frames, struct ws_fault *fault)
{
    char limit[32];
    units_format_bytes(frames->max_message, limit, sizeof(limit));
    return fail(fault, FAULT_TOO_LARGE, WS_CODE_TOO_LARGE,
                "a message larger than max_message (%s)", limit);
}

/* Takes what arrived of a frame's payload. */
static bool
take_payload(struct ws_frames *frames, const struct wslay_frame_iocb *got,
             struct ws_fault *fault)
{
    if (is_control(got->opcode)) {
        if (got->data_length > 0)
            memcpy(frames->control + frames->frame_read, got->data,
                   got->data_length);
        return true;
    }
    if (!frames->in_frame && got->opcode != WS_CONTINUATION) {
        buf_clear(&frames->message);
        frames->message_opcode = (enum ws_opcode)got->opcode;
        frames->in_message = true;
    }
    if (!frames->in_frame &&
        got->payload_length > frames->max_message - frames->message.size)
        return fail_size(frames, fault);
    if (got->data_length > 0)
        buf_append(&frames->message, got->data, got->data_length);
    return true;
}

static struct ws_message *
make_message(enum ws_opcode opcode, const char *data, size_t size)
{
    struct ws_message *message = xmalloc(sizeof(*message));
    *message = (struct ws_message){
        .opcode = opcode,
        .size = size,
        .data = xmalloc(size + 1),
    };
    list_init(&message->link);
    if (size > 0)
        memcpy(message->data, data, size);
    message->data[size] = '\0';
    return message;
}

static struct ws_message *
make_close(const struct ws_frames *frames, size_t size, struct ws_fault *fault)
{
    const unsigned char *data = (const unsigned char *)frames->control;
    int code = WS_CODE_NO_CODE;
    size_t skip = size >= 2 ? 2 : 0;
    if (size == 1) {
        fail(fault, PROTOCOL, "a close frame with half a code");
        return NULL;
    }
    if (size >= 2) {
        code = data[0] << 8 | data[1];
        if (!ws_is_close_code(code)) {
            fail(fault, PROTOCOL, "a close frame with the invalid code %d",
                 code);
            return NULL;
        }
    }
    if (!ws_is_utf8(frames->control + skip, size - skip)) {
        fail(fault, FAULT_PROTOCOL, WS_CODE_BAD_TEXT,
             "a close frame whose reason is not UTF-8");
        return NULL;
    }
    struct ws_message *message =
        make_message(WS_CLOSE, frames->control + skip, size - skip);
    message->code = code;
    return message;
}

/* The frame is complete. NULL without a fault: more of its message follows. */
static struct ws_message *
end_frame(struct ws_frames *frames, const struct wslay_frame_iocb *got,
          struct ws_fault *fault)
{
    if (got->opcode == WS_CLOSE)
        return make_close(frames, got->payload_length, fault);
    if (is_control(got->opcode))
        return make_message((enum ws_opcode)got->opcode, frames->control,
                            got->payload_length);
    if (!got->fin)
        return NULL;
    frames->in_message = false;
    struct buf *whole = &frames->message;
    if (frames->message_opcode == WS_TEXT &&
        !ws_is_utf8(whole->data, whole->size)) {
        fail(fault, FAULT_PROTOCOL, WS_CODE_BAD_TEXT,
             "a text message that is not UTF-8");
        return NULL;
    }
    struct ws_message *message = xmalloc(sizeof(*message));
    size_t size = whole->size;
    *message = (struct ws_message){
        .opcode = frames->message_opcode,
        .size = size,
        .data = buf_take(whole),
    };
    list_init(&message->link);
    return message;
}

enum ws_read
ws_frames_read(struct ws_frames *frames, struct ws_message **out,
               struct ws_fault *fault)
{
    for (;;) {
        struct wslay_frame_iocb got = {0};
        frames->starved = false;
        ssize_t result = wslay_frame_recv(frames->wslay, &got);
        if (result == WSLAY_ERR_WANT_READ) {
            /* It also says so after a read of less than a frame's head. */
            if (frames->starved)
                return WS_READ_MORE;
            continue;
        }
        if (result < 0) {
            /* What wslay looks at itself, before it shows the frame. */
            fail(fault, PROTOCOL,
                 "a frame that cannot be: a control frame in fragments or of "
                 "more than 125 bytes, or a length in more bytes than needed");
            return WS_READ_FAULT;
        }
        if (!frames->in_frame && !check_frame(frames, &got, fault))
            return WS_READ_FAULT;
        if (!take_payload(frames, &got, fault))
            return WS_READ_FAULT;
        frames->frame_read += got.data_length;
        frames->in_frame = frames->frame_read < got.payload_length;
        if (frames->in_frame)
            continue;
        frames->frame_read = 0;
        fault->kind = FAULT_NONE;
        *out = end_frame(frames, &got, fault);
        if (*out != NULL)
            return WS_READ_MESSAGE;
        if (fault->kind != FAULT_NONE)
            return WS_READ_FAULT;
    }
}

/* --- writing --- */

void
ws_frames_write(struct ws_frames *frames, enum ws_opcode opcode,
                const void *data, size_t size, struct buf *out)
{
    struct wslay_frame_iocb frame = {
        .fin = 1,
        .opcode = (uint8_t)opcode,
        .payload_length = size,
        .mask = 1,
        .data = data,
        .data_length = size,
    };
    frames->out = out;
    /* Takes all of it, as on_send does. */
    ssize_t sent = wslay_frame_send(frames->wslay, &frame);
    (void)sent;
    frames->out = NULL;
}

void
ws_frames_write_close(struct ws_frames *frames, int code, const char *reason,
                      size_t size, struct buf *out)
{
    char payload[WS_CONTROL_MAX];
    size_t used = 0;
    if (code != WS_CODE_NO_CODE) {
        payload[0] = (char)(code >> 8);
        payload[1] = (char)(code & 0xff);
        size = size < WS_REASON_MAX ? size : WS_REASON_MAX;
        if (size > 0)
            memcpy(payload + 2, reason, size);
        used = size + 2;
    }
    ws_frames_write(frames, WS_CLOSE, payload, used, out);
}
