#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fake_peer.h"
#include "http/session.h"
#include "http/websocket.h"
#include "loop/loop.h"
#include "loop/timer.h"

struct rig {
    struct loop *loop;
    struct session *session;
    struct transfer *transfer;
    struct websocket *ws;
    unsigned changes, exchanges;
    nsec_t ping_interval;
    unsigned sends_enough; /* stops the loop; 0: never */
};

static struct buf jar; /* "name=value;" of the cookies that were set */

static void
on_cookie(const struct http_cookie *cookie)
{
    buf_printf(&jar, "%s=%s;", cookie->name, cookie->value);
}

static void
on_change(void *data)
{
    struct rig *rig = data;
    rig->changes++;
    bool closed =
        rig->ws != NULL && websocket_state(rig->ws) == WEBSOCKET_CLOSED;
    if ((closed && rig->ping_interval > 0) ||
        (rig->sends_enough > 0 && peer.sends >= rig->sends_enough))
        loop_stop(rig->loop);
}

static void
on_exchange(struct transfer *transfer)
{
    struct rig *rig = transfer->data;
    rig->exchanges++;
}

static int
setup(void **state)
{
    static struct rig rig;
    fake_peer_reset();
    peer.on_cookie = on_cookie;
    rig = (struct rig){.loop = loop_create(NULL),
                       .session = session_create(&fake_transport)};
    *state = &rig;
    return 0;
}

static void
open_with(struct rig *rig, size_t max_messages)
{
    struct transfer *transfer = session_begin(rig->session);
    transfer->data = rig;
    transfer->on_exchange = on_exchange;
    transfer->request.timeout = 20 * NSEC_PER_SEC;
    static const char url[] = "http://127.0.0.1:1234/ws?x=1";
    assert_true(
        http_request_set_url(&transfer->request, NULL, url, strlen(url), NULL));
    rig->transfer = transfer;
    rig->ws = websocket_open(
        rig->loop, transfer,
        &(struct websocket_config){.max_message = 1000,
                                   .max_messages = max_messages,
                                   .ping_interval = rig->ping_interval},
        on_change, rig);
}

static int
teardown(void **state)
{
    struct rig *rig = *state;
    websocket_destroy(rig->ws);
    assert_false(peer.open);
    session_release(rig->transfer);
    session_destroy(rig->session);
    loop_destroy(rig->loop);
    buf_finish(&jar);
    fake_peer_finish();
    return 0;
}

#define COMES(text) fake_peer_says((text), sizeof(text) - 1)

/* Opcode and payload size of the one frame that was sent. */
static void
assert_sent(int opcode, size_t size)
{
    assert_int_equal(peer.sent.size, 6 + size);
    assert_int_equal((unsigned char)peer.sent.data[0], 0x80 | opcode);
    buf_clear(&peer.sent);
}

static void
opens_and_takes_messages(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_OPEN);
    assert_int_equal(rig->exchanges, 1);
    assert_int_equal(rig->transfer->response.status, 101);
    assert_int_equal(rig->transfer->fault, FAULT_NONE);
    assert_int_equal(rig->transfer->sends, 1);
    assert_string_equal(jar.data, "a=b;");
    assert_null(websocket_take(rig->ws));
    COMES("\x81\x02hi\x81\x03you");
    struct ws_message *message = websocket_take(rig->ws);
    assert_string_equal(message->data, "hi");
    websocket_give_back(rig->ws, message);
    message = websocket_take(rig->ws);
    assert_string_equal(message->data, "hi");
    ws_message_destroy(message);
    message = websocket_take(rig->ws);
    assert_string_equal(message->data, "you");
    ws_message_destroy(message);
    assert_int_equal(websocket_counts(rig->ws)->received, 2);
    assert_int_equal(websocket_counts(rig->ws)->bytes_received, 9);
}

static void
the_phases_of_the_handshake_add_up(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    const struct transfer_timings *t = &rig->transfer->timings;
    assert_true(t->send >= 0 && t->wait >= 0 && t->receive >= 0);
    assert_int_equal(t->dns + t->connect + t->send + t->wait + t->receive,
                     t->elapsed);
    assert_int_equal(t->duration, t->elapsed);
}

static void
answers_pings_while_nobody_waits(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    COMES("\x89\x03one");
    assert_sent(WS_PONG, 3);
}

static void
reads_no_more_than_are_taken(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 2);
    COMES("\x81\x01"
          "1\x81\x01"
          "2\x89\x00\x81\x01"
          "3");
    /* The ping is behind them: it waits, too. */
    assert_int_equal(peer.sent.size, 0);
    assert_int_equal(peer.events, 0);
    assert_int_equal(websocket_counts(rig->ws)->received, 2);
    ws_message_destroy(websocket_take(rig->ws));
    /* Reading goes on in a later turn. */
    assert_int_equal(websocket_counts(rig->ws)->received, 2);
    assert_true(loop_has_jobs(rig->loop));
}

static void
tells_when_all_is_sent(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    peer.room = 4;
    uint64_t mark = websocket_send(rig->ws, WS_TEXT, "hello", 5);
    assert_false(websocket_is_sent(rig->ws, mark));
    assert_int_equal(peer.events, LOOP_READ | LOOP_WRITE);
    peer.room = 100;
    peer.on_ready(peer.data, LOOP_WRITE);
    assert_true(websocket_is_sent(rig->ws, mark));
    assert_int_equal(peer.events, LOOP_READ);
    assert_sent(WS_TEXT, 5);
    assert_int_equal(websocket_counts(rig->ws)->bytes_sent, 11);
}

static size_t
bytes_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void
what_was_sent_takes_no_memory(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    static const char text[100] = "hello";
    size_t before = bytes_in_use();
    /* There is always one that waits. */
    peer.room = 0;
    uint64_t mark = websocket_send(rig->ws, WS_BINARY, text, sizeof(text));
    for (int i = 0; i < 20 * 1000; i++) {
        uint64_t next = websocket_send(rig->ws, WS_BINARY, text, sizeof(text));
        peer.room = 6 + sizeof(text);
        peer.on_ready(peer.data, LOOP_WRITE);
        assert_true(websocket_is_sent(rig->ws, mark));
        assert_false(websocket_is_sent(rig->ws, next));
        assert_sent(WS_BINARY, sizeof(text));
        mark = next;
    }
    peer.room = SIZE_MAX;
    char *large = xcalloc(1, 1000 * 1000);
    mark = websocket_send(rig->ws, WS_BINARY, large, 1000 * 1000);
    assert_true(websocket_is_sent(rig->ws, mark));
    free(large);
    buf_finish(&peer.sent);
    assert_true(bytes_in_use() < before + 100 * 1000);
}

static void
a_pong_answers_earlier_pings(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    uint64_t first = websocket_ping(rig->ws, "1", 1);
    uint64_t second = websocket_ping(rig->ws, "2", 1);
    uint64_t third = websocket_ping(rig->ws, "3", 1);
    COMES("\x8a\x01x");
    assert_int_equal(websocket_round_trip(rig->ws, first), -1);
    COMES("\x8a\x01"
          "2");
    assert_true(websocket_round_trip(rig->ws, first) >= 0);
    assert_true(websocket_round_trip(rig->ws, second) >= 0);
    assert_int_equal(websocket_round_trip(rig->ws, third), -1);
    websocket_forget_ping(rig->ws, first);
    assert_int_equal(websocket_round_trip(rig->ws, first), -1);
}

static void
the_server_closes(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    COMES("\x81\x02hi\x88\x05\x0f\xa0"
          "bye\x81\x02no");
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSED);
    assert_sent(WS_CLOSE, 2);
    const struct websocket_end *end = websocket_end(rig->ws);
    assert_int_equal(end->fault, FAULT_NONE);
    assert_int_equal(end->code, 4000);
    assert_string_equal(end->text, "bye");
    struct ws_message *message = websocket_take(rig->ws);
    assert_string_equal(message->data, "hi");
    ws_message_destroy(message);
    assert_null(websocket_take(rig->ws));
    assert_true(websocket_closed_at(rig->ws) >= websocket_opened_at(rig->ws));
}

static void
we_close(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    websocket_close(rig->ws, 1000, "done", 4, clock_now() + NSEC_PER_SEC);
    assert_sent(WS_CLOSE, 6);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSING);
    assert_null(websocket_end(rig->ws));
    /* Still on its way when it was closed. */
    COMES("\x81\x02hi");
    COMES("\x88\x02\x03\xe8");
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSED);
    assert_int_equal(websocket_end(rig->ws)->code, 1000);
    assert_false(peer.open);
    ws_message_destroy(websocket_take(rig->ws));
}

static void
stop_loop(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void
a_close_without_an_answer_ends(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    websocket_close(rig->ws, 1000, "", 0, clock_now());
    struct timer timer;
    timer_init(&timer, rig->loop, stop_loop);
    timer_start(&timer, clock_now() + 10 * NSEC_PER_MSEC);
    loop_run(rig->loop);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSED);
    assert_int_equal(websocket_end(rig->ws)->fault, FAULT_TIMEOUT);
    assert_int_equal(websocket_end(rig->ws)->code, WS_CODE_ABNORMAL);
}

static void
run_until_stopped(struct rig *rig)
{
    struct timer timer;
    timer_init(&timer, rig->loop, stop_loop);
    timer_start(&timer, clock_now() + 30 * NSEC_PER_SEC);
    loop_run(rig->loop);
    timer_stop(&timer);
}

static void
a_server_that_answers_no_ping_is_gone(void **state)
{
    struct rig *rig = *state;
    rig->ping_interval = NSEC_PER_MSEC;
    open_with(rig, 10);
    run_until_stopped(rig);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSED);
    const struct websocket_end *end = websocket_end(rig->ws);
    assert_int_equal(end->fault, FAULT_TIMEOUT);
    assert_int_equal(end->code, WS_CODE_ABNORMAL);
    assert_string_equal(end->text, "the server did not answer a ping within "
                                   "1 ms (ping_interval)");
    assert_int_equal(peer.sends, 1);
}

static void
a_server_that_talks_is_still_there(void **state)
{
    struct rig *rig = *state;
    rig->ping_interval = NSEC_PER_MSEC;
    rig->sends_enough = 5;
    peer.talks = true;
    open_with(rig, 10);
    run_until_stopped(rig);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_OPEN);
    assert_int_equal(peer.sends, 5);
}

/* Its pong may be behind the messages that we do not read. */
static void
nobody_is_gone_while_we_do_not_read(void **state)
{
    struct rig *rig = *state;
    rig->ping_interval = NSEC_PER_MSEC;
    rig->sends_enough = 5;
    open_with(rig, 1);
    COMES("\x81\x02hi");
    run_until_stopped(rig);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_OPEN);
    assert_int_equal(peer.sends, 5);
}

static void
pongs_that_nobody_reads_do_not_gather(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    peer.room = 0;
    for (int i = 0; i < 100 * 1000; i++)
        COMES("\x89\x03one");
    peer.room = SIZE_MAX;
    peer.on_ready(peer.data, LOOP_WRITE);
    assert_in_range(peer.sent.size, 64 * 1024, 65 * 1024);
    buf_clear(&peer.sent);
    COMES("\x89\x03one");
    assert_sent(WS_PONG, 3);
}

static void
an_end_without_a_close_frame(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    peer.after = STREAM_ENDED;
    COMES("\x81\x02hi");
    const struct websocket_end *end = websocket_end(rig->ws);
    assert_int_equal(end->fault, FAULT_RESET);
    assert_int_equal(end->code, WS_CODE_ABNORMAL);
    ws_message_destroy(websocket_take(rig->ws));
}

static void
a_fault_of_the_server_is_told_to_it(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    COMES("\x83\x00");
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSED);
    assert_int_equal(websocket_end(rig->ws)->code, WS_CODE_PROTOCOL);
    assert_sent(WS_CLOSE, 2);
}

static void
a_refused_connection(void **state)
{
    struct rig *rig = *state;
    peer.refuses = true;
    open_with(rig, 10);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSED);
    assert_int_equal(rig->exchanges, 1);
    assert_int_equal(rig->transfer->fault, FAULT_CONNECT);
    assert_int_equal(rig->transfer->sends, 0);
    assert_int_equal(websocket_opened_at(rig->ws), 0);
}

static void
a_refused_handshake(void **state)
{
    struct rig *rig = *state;
    peer.answers = false;
    open_with(rig, 10);
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_OPENING);
    COMES("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nno");
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_OPENING);
    COMES("way");
    assert_int_equal(websocket_state(rig->ws), WEBSOCKET_CLOSED);
    assert_int_equal(rig->transfer->fault, FAULT_NONE);
    assert_int_equal(rig->transfer->response.status, 403);
    assert_string_equal(rig->transfer->response.body.data, "noway");
    assert_false(peer.open);
}

static void
giving_up_the_handshake(void **state)
{
    struct rig *rig = *state;
    peer.answers = false;
    open_with(rig, 10);
    websocket_abort(rig->ws);
    assert_int_equal(rig->exchanges, 1);
    assert_int_equal(rig->transfer->response.status, 0);
    assert_int_equal(rig->transfer->fault, FAULT_NONE);
}

static void
a_session_with_one_is_not_reset(void **state)
{
    struct rig *rig = *state;
    open_with(rig, 10);
    session_release(rig->transfer);
    struct err err;
    assert_false(session_reset(rig->session, &err));
    assert_string_equal(err.message,
                        "a WebSocket of this session is still open");
    rig->transfer = session_begin(rig->session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_and_takes_messages),
        TEST(the_phases_of_the_handshake_add_up),
        TEST(answers_pings_while_nobody_waits),
        TEST(reads_no_more_than_are_taken),
        TEST(tells_when_all_is_sent),
        TEST(what_was_sent_takes_no_memory),
        TEST(a_pong_answers_earlier_pings),
        TEST(the_server_closes),
        TEST(we_close),
        TEST(a_close_without_an_answer_ends),
        TEST(a_server_that_answers_no_ping_is_gone),
        TEST(a_server_that_talks_is_still_there),
        TEST(nobody_is_gone_while_we_do_not_read),
        TEST(pongs_that_nobody_reads_do_not_gather),
        TEST(an_end_without_a_close_frame),
        TEST(a_fault_of_the_server_is_told_to_it),
        TEST(a_refused_connection),
        TEST(a_refused_handshake),
        TEST(giving_up_the_handshake),
        TEST(a_session_with_one_is_not_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
