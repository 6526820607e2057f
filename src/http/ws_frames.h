#ifndef MOLO_HTTP_WS_FRAMES_H
#define MOLO_HTTP_WS_FRAMES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/list.h"
#include "http/transfer.h"

/* The frames of a WebSocket as its client sees them (RFC 6455 sections 5 to 8),
 * without a socket: bytes to messages and messages to bytes. No extensions. */

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

/* What a close frame says, and what stands for there being none. */
enum {
    WS_CODE_NORMAL = 1000,
    WS_CODE_GOING_AWAY = 1001,
    WS_CODE_PROTOCOL = 1002,
    WS_CODE_NO_CODE = 1005,  /* never sent: the frame had none */
    WS_CODE_ABNORMAL = 1006, /* never sent: there was no frame */
    WS_CODE_BAD_TEXT = 1007,
    WS_CODE_TOO_LARGE = 1009,
};
/* Payload of a ping, pong or close frame. */
enum { WS_CONTROL_MAX = 125, WS_REASON_MAX = WS_CONTROL_MAX - 2 };

struct ws_message {
    struct list link; /* the holder's */
    enum ws_opcode opcode;
    size_t size;
    char *data; /* NUL behind it */
    int code;   /* WS_CLOSE: what it said; `data` is the reason */
};
/* NULL: no-op. */
void ws_message_destroy(struct ws_message *message);

/* What the server did wrong, and the code to close with. */
struct ws_fault {
    enum transfer_fault kind;
    int code;
    char text[160];
};

/* Fills at most `size` bytes; 0 or less: no more for now. */
typedef ssize_t ws_read_fn(void *data, void *out, size_t size);

struct ws_frames;
struct ws_frames *
ws_frames_create(size_t max_message, ws_read_fn *read, void *data);
void ws_frames_destroy(struct ws_frames *frames); /* NULL: no-op */

enum ws_read { WS_READ_MORE, WS_READ_MESSAGE, WS_READ_FAULT };
/* Reads until a message or a control frame is complete, which goes to the
 * caller. Fragments are put together. After a fault it must not be called
 * again. */
enum ws_read ws_frames_read(struct ws_frames *frames, struct ws_message **out,
                            struct ws_fault *fault);

/* Appends one masked frame. */
void ws_frames_write(struct ws_frames *frames, enum ws_opcode opcode,
                     const void *data, size_t size, struct buf *out);
/* The same for a close frame; WS_CODE_NO_CODE: without code and reason. */
void ws_frames_write_close(struct ws_frames *frames, int code,
                           const char *reason, size_t size, struct buf *out);

bool ws_is_utf8(const char *data, size_t size);
/* May stand in a close frame. */
bool ws_is_close_code(int code);

#endif
