#ifndef MOLO_SERVE_COUNTS_H
#define MOLO_SERVE_COUNTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* What /stats tells. Any thread. Every request belongs to the epoch in which it
 * was counted; what becomes known of it after a reset is ignored, so that the
 * numbers always describe the same requests. */
struct counts;
struct counts *counts_create(void);
void counts_destroy(struct counts *counts);

/* A request whose head was read; returns its epoch. `head_size` in bytes. */
uint64_t counts_add_request(struct counts *counts, const char *method,
                            const char *path, size_t head_size);
void counts_add_body(struct counts *counts, uint64_t epoch, size_t size);
void counts_add_status(struct counts *counts, uint64_t epoch, unsigned status);
/* It ended without an answer. */
void counts_add_unanswered(struct counts *counts, uint64_t epoch);
/* WebSockets: their handshakes are requests, and these come after. A reset
 * counts them from 0, too. */
enum count_websocket {
    COUNT_WEBSOCKET_OPENED,
    COUNT_WEBSOCKET_CLOSED,
    COUNT_WEBSOCKET_RECEIVED, /* messages */
    COUNT_WEBSOCKET_SENT,
    COUNT_WEBSOCKET_KINDS,
};
void counts_add_websocket(struct counts *counts, enum count_websocket what);
void counts_reset(struct counts *counts);
/* Returns a new object. */
json_t *counts_to_json(struct counts *counts);

#endif
