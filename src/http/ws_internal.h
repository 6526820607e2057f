#ifndef MOLO_HTTP_WS_INTERNAL_H
#define MOLO_HTTP_WS_INTERNAL_H

#include "http/session.h"
#include "http/websocket.h"
#include "http/ws_answer.h"
#include "http/ws_handshake.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* What websocket.c (messages and the end), ws_sending.c, ws_opening.c (the
 * handshake) and ws_pings.c share; nobody else includes it. */

struct ping {
    struct list link;
    uint64_t number;
    size_t size;
    char payload[WS_CONTROL_MAX];
    nsec_t sent_at, round_trip; /* -1: not answered */
};

struct websocket {
    struct loop *loop;
    struct session *session;
    const struct transport_ops *ops;
    struct transport_stream *stream; /* NULL: not connected, or no more */
    void (*on_change)(void *data);
    void *data;
    enum websocket_state state;
    struct timer timer; /* of the handshake, later of the end */
    struct job again;   /* there may be more to read without an event */

    /* The handshake. */
    struct transfer *transfer; /* NULL: it is over */
    char key[WS_KEY_SIZE];
    char *protocols;
    struct ws_answer answer;
    struct buf protocol;
    nsec_t connected_at, handed_over_at, first_byte_at;

    struct ws_frames *frames;
    struct buf early; /* frames that came with the handshake */
    size_t early_used;
    struct buf out;
    size_t out_used;
    uint64_t queued, handed_over; /* bytes, since it is open */
    struct list messages;
    size_t message_count, max_messages;
    struct list pings;
    uint64_t last_ping;
    struct ws_message *owed_pong; /* to the server's last ping; NULL: none */
    nsec_t ping_interval;         /* 0: nobody asks whether it is there */
    struct timer ping_timer;
    uint64_t asked, asked_bytes; /* the ping that asks; received before it */
    unsigned asked_count;
    struct websocket_counts counts;
    ssize_t read_result; /* of the stream, when it gave nothing */

    bool close_sent, close_received;
    struct websocket_end end;
    bool ended; /* `end` is known */
    char end_text[320];
    nsec_t opened_at, closed_at;
};

/* websocket.c */
/* Reads and writes what is possible, and tells of it. */
void websocket_pump(struct websocket *ws);
void websocket_tell(struct websocket *ws);
/* Closes the connection; what ended it is known, or never began. */
void websocket_finish(struct websocket *ws);
/* The stream's callback. */
void websocket_on_ready(void *data, int events);

/* True unless it is over, or too much is kept already. */
bool websocket_may_read(const struct websocket *ws);
/* Notes why it is over, unless that is known. */
void
websocket_set_end(struct websocket *ws, enum transfer_fault fault, int code,
                  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ws_sending.c */
/* Both queue one; of close frames only the first. */
void ws_write_frame(struct websocket *ws, enum ws_opcode opcode,
                    const void *data, size_t size);
void
ws_write_close(struct websocket *ws, int code, const char *reason, size_t size);
/* Sends what it can. True: all that was queued is with the system. False: it
 * waits, or the connection broke and all is over. */
bool ws_flush(struct websocket *ws);
/* Reads and throws away what has come: unread bytes would make the end of the
 * connection a reset, which could overtake our close frame. */
void ws_drain(struct websocket *ws);

/* ws_pings.c */
void ws_pings_init(struct websocket *ws, nsec_t interval);
void ws_pings_finish(struct websocket *ws);
/* It is open: asks from now on, if there is an interval. */
void ws_pings_start(struct websocket *ws);
void ws_pings_stop(struct websocket *ws);
/* A pong has come. */
void ws_pings_answer(struct websocket *ws, const struct ws_message *pong);
/* A ping has come, which is taken; it may be answered later (owed_pong). */
void ws_pings_reply(struct websocket *ws, struct ws_message *ping);
void ws_pings_reply_owed(struct websocket *ws);

/* ws_opening.c */
void ws_opening_start(struct websocket *ws);
/* The connection is ready to read or write. */
void ws_opening_drive(struct websocket *ws);
void ws_opening_fail_late(struct websocket *ws);
/* Gives the handshake up. */
void ws_opening_abandon(struct websocket *ws);

#endif
