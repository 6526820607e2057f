#ifndef MOLO_HTTP_WS_HANDSHAKE_H
#define MOLO_HTTP_WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/transfer.h"

/* The opening handshake of a WebSocket (RFC 6455 section 4), without a socket:
 * the request as bytes, and whether the answer agrees to it. */

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

/* Whether an answer with status 101 agrees to what was asked for; else sets the
 * transfer's fault. `protocol`, if there was one, gets the subprotocol. */
bool ws_handshake_agrees(struct transfer *transfer, const char *key,
                         const char *protocols, struct buf *protocol);

#endif
