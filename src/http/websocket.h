#ifndef MOLO_HTTP_WEBSOCKET_H
#define MOLO_HTTP_WEBSOCKET_H

#include "http/ws_frames.h"

/* A WebSocket of a session (RFC 6455): the opening handshake, messages both
 * ways, pings, and the closing handshake. Driven by the loop whether anybody
 * waits or not: pings are answered, messages are kept until they are taken.
 * While as many as `max_messages` are kept it reads no further, so that the
 * server has to wait. Shard thread; nothing here waits. */
struct loop;
struct websocket;

struct websocket_config {
    const char *protocols; /* "chat, superchat" in order; NULL: none */
    size_t max_message;    /* bytes of one that is received */
    size_t max_messages;   /* kept; at least 1 */
    /* A ping whenever so much time has passed; when nothing at all came from
     * one to the next, it is over (FAULT_TIMEOUT). 0: none. */
    nsec_t ping_interval;
};

enum websocket_state {
    WEBSOCKET_OPENING,
    WEBSOCKET_OPEN,
    WEBSOCKET_CLOSING, /* a close frame went out or came in */
    WEBSOCKET_CLOSED,
};

/* Why it is over. */
struct websocket_end {
    enum transfer_fault fault; /* FAULT_NONE: in order, by a close frame */
    int code;                  /* of the frame, or WS_CODE_ABNORMAL */
    const char *text;          /* its reason, or what went wrong */
};

/* What happened so far, for whoever counts. */
struct websocket_counts {
    uint64_t sent, received;             /* messages */
    uint64_t bytes_sent, bytes_received; /* on the wire, the handshake not */
};

/* Opens one with the request of `transfer`, which was begun and not sent, and
 * has on_exchange: the handshake is its exchange. `on_change` is called
 * whenever anything below may answer otherwise than before, possibly from
 * within any function here: only store and wake in it. When the state is no
 * longer WEBSOCKET_OPENING the transfer has its outcome, and is released by the
 * caller; a refusal is one with FAULT_NONE and a status other than 101. */
struct websocket *websocket_open(struct loop *loop, struct transfer *transfer,
                                 const struct websocket_config *config,
                                 void (*on_change)(void *data), void *data);
/* Ends it at once; the transfer of one that is opening counts as given up. What
 * is open is told that we are going away. */
void websocket_abort(struct websocket *ws);
/* Aborts it first, if need be. NULL: no-op. */
void websocket_destroy(struct websocket *ws);

enum websocket_state websocket_state(const struct websocket *ws);
/* The subprotocol the server chose, or "". Borrowed. */
const char *websocket_protocol(const struct websocket *ws);
/* When the handshake was over, and when the connection was; 0: not yet. */
nsec_t websocket_opened_at(const struct websocket *ws);
nsec_t websocket_closed_at(const struct websocket *ws);
/* NULL: it goes on. A close frame that was received counts; messages that came
 * before it may still be there to be taken. Borrowed. */
const struct websocket_end *websocket_end(const struct websocket *ws);
const struct websocket_counts *websocket_counts(const struct websocket *ws);

/* Queues a message (WS_TEXT must be UTF-8); the state is WEBSOCKET_OPEN. The
 * result is for websocket_is_sent: true once the system has taken all of it. */
uint64_t websocket_send(struct websocket *ws, enum ws_opcode opcode,
                        const void *data, size_t size);
bool websocket_is_sent(const struct websocket *ws, uint64_t mark);
/* The oldest message, to be destroyed; NULL: none. */
struct ws_message *websocket_take(struct websocket *ws);
/* Gives one back, before all others. */
void websocket_give_back(struct websocket *ws, struct ws_message *message);

/* Sends a ping of at most WS_CONTROL_MAX bytes; the state is WEBSOCKET_OPEN.
 * The result is for websocket_round_trip: the time to its pong, or to that of a
 * later ping (-1: not answered yet). Each is asked for until it is forgotten.
 */
uint64_t websocket_ping(struct websocket *ws, const void *payload, size_t size);
nsec_t websocket_round_trip(const struct websocket *ws, uint64_t number);
void websocket_forget_ping(struct websocket *ws, uint64_t number);

/* Begins the closing handshake; what is queued goes out first. Without an
 * answer until `deadline` the connection is dropped. Nothing happens unless the
 * state is WEBSOCKET_OPEN. */
void websocket_close(struct websocket *ws, int code, const char *reason,
                     size_t size, nsec_t deadline);

#endif
