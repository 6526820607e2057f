#ifndef MOLO_HTTP_WS_HANDSHAKE_H
#define MOLO_HTTP_WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/transfer.h"

/* The opening handshake of a WebSocket (RFC 6455 section 4), without a socket:
 * the request as bytes, and the answer from bytes. */

enum { WS_KEY_SIZE = 25 };
/* A fresh Sec-WebSocket-Key. */
void ws_make_key(char key[WS_KEY_SIZE]);
/* The Sec-WebSocket-Accept that answers it. */
void ws_accept_of(const char *key, char accept[32]);

/* Appends the request: the target and headers of `request`, what the handshake
 * needs, `cookies` ("a=1; b=2", empty: none) beside those of the request, and
 * `protocols` ("chat, superchat"; NULL: none). */
void ws_handshake_write(struct buf *out, const struct http_request *request,
                        const struct buf *cookies, const char *protocols,
                        const char *key);
/* A header that only the handshake sets: false with a message. */
bool ws_check_headers(const struct http_request *request, struct err *err);
/* A subprotocol has to be a token. */
bool ws_is_protocol(const char *name, size_t size);

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

/* Whether an answer with status 101 agrees to what was asked for; else sets the
 * transfer's fault. `protocol`, if there was one, gets the subprotocol. */
bool ws_answer_agrees(struct transfer *transfer, const char *key,
                      const char *protocols, struct buf *protocol);

#endif
