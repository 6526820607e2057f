#ifndef MOLO_HTTP_WS_ANSWER_H
#define MOLO_HTTP_WS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/transfer.h"

/* The answer to the opening handshake of a WebSocket, from bytes: head, and the
 * body of one that refuses. */

/* Limits of the answer: head, and body of one that refuses. */
enum { WS_HEAD_MAX = 64 * 1024, WS_BODY_MAX = 16 * 1024 };

/* Zeroed is the start of an answer. */
struct ws_answer {
    struct buf raw;
    size_t head_size;  /* with status line and empty line; 0: not complete */
    size_t skipped;    /* interim answers before it */
    int64_t body_size; /* -1: until the end of the connection */
    bool chunked;
    size_t used; /* of `raw`, once the answer is complete */
};

enum ws_answer_status { WS_ANSWER_MORE, WS_ANSWER_COMPLETE, WS_ANSWER_FAULT };

void ws_answer_finish(struct ws_answer *answer);
/* Takes bytes, and at the end of the connection `ended`. Complete: the
 * transfer's response is filled in; what is behind `used` in `raw` are frames
 * already. Fault: the transfer's fault is. */
enum ws_answer_status
ws_answer_read(struct ws_answer *answer, const void *data, size_t size,
               bool ended, struct transfer *transfer);

#endif
