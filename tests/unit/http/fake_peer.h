#ifndef MOLO_TESTS_FAKE_PEER_H
#define MOLO_TESTS_FAKE_PEER_H

#include "http/transport.h"

/* The other end of a stream, without a socket: what is sent gathers here, and
 * what is to be received is put here. There is one, and one stream at a time.
 */
struct fake_peer {
    struct buf sent;
    struct buf coming;
    size_t coming_used;
    ssize_t after; /* what receiving gives when `coming` is read */
    size_t piece;  /* bytes that come at a time, at most */
    size_t room;   /* bytes that can still be sent */
    bool open;
    bool refuses; /* to be connected to */
    /* It answers the handshake of a WebSocket as it should, once, and then says
     * `behind`. */
    bool answers;
    const void *behind;
    size_t behind_size;
    bool talks;     /* something comes for all that is sent */
    unsigned sends; /* calls, without the handshake */
    /* What the stream's user waits for. */
    int events;
    void (*on_ready)(void *data, int events);
    void *data;
    void (*on_cookie)(const struct http_cookie *cookie); /* may be NULL */
};
extern struct fake_peer peer;
extern struct transport fake_transport;

/* Like new: it answers, and takes and gives as much as there is. */
void fake_peer_reset(void);
void fake_peer_finish(void);
/* More comes, of which whoever waits for it is told. */
void fake_peer_says(const void *data, size_t size);

#endif
