#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"

static void
assert_body(const struct transfer *transfer, const char *wanted)
{
    const struct buf *body = &transfer->response.body;
    if (body->size != strlen(wanted) ||
        memcmp(body->data, wanted, body->size) != 0)
        fail_msg("body is '%s', not '%s'", body->data != NULL ? body->data : "",
                 wanted);
}

static void
test_get(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_fetch(rig, "GET", "/hello");
    rig_assert_ok(transfer, 200);
    assert_body(transfer, "hello");
    assert_int_equal(transfer->response.http_version, 11);
    static const char headers[] = "X-One: 1\r\nContent-Length: 5\r\n";
    assert_string_equal(transfer->response.headers.data, headers);
    assert_int_equal(transfer->sends, 1);
    rig_assert_times_add_up(transfer);
    assert_true(transfer->timings.dns >= 0);
    assert_true(transfer->timings.connect >= 0);
    assert_int_equal(transfer->timings.tls, -1);
    assert_true(transfer->timings.duration >= 0);
    assert_int_equal(session_last_done_at(rig->session), transfer->ended_at);
    rig_release(rig, transfer);
}

static void
test_a_kept_connection_is_used_again(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < 5; i++) {
        struct transfer *transfer = rig_fetch(rig, "GET", "/hello");
        rig_assert_ok(transfer, 200);
        assert_body(transfer, "hello");
        rig_assert_times_add_up(transfer);
        if (i > 0) {
            assert_int_equal(transfer->timings.dns, -1);
            assert_int_equal(transfer->timings.connect, -1);
        }
        rig_release(rig, transfer);
    }
    struct tiny_counts counts = tiny_server_counts(rig->server);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.requests, 5);
}

static void
test_requests_arrive_as_they_were_built(void **state)
{
    static const struct {
        const char *method, *body, *wanted;
    } rows[] = {
        {"GET", NULL, "GET /echo HTTP/1.1\r\n%s\r\n"},
        {"GET", "abc", "GET /echo HTTP/1.1\r\n%sContent-Length: 3\r\n\r\nabc"},
        {"POST", "abc",
         "POST /echo HTTP/1.1\r\n%sContent-Length: 3\r\n\r\nabc"},
        {"POST", NULL, "POST /echo HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n"},
        {"POST", "", "POST /echo HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n"},
        {"PUT", "page",
         "PUT /echo HTTP/1.1\r\n%sContent-Length: 4\r\n\r\npage"},
        {"PUT", NULL, "PUT /echo HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n"},
        {"PATCH", "x", "PATCH /echo HTTP/1.1\r\n%sContent-Length: 1\r\n\r\nx"},
        {"DELETE", NULL, "DELETE /echo HTTP/1.1\r\n%s\r\n"},
        {"DELETE", "x",
         "DELETE /echo HTTP/1.1\r\n%sContent-Length: 1\r\n\r\nx"},
        {"OPTIONS", NULL, "OPTIONS /echo HTTP/1.1\r\n%s\r\n"},
        {"get", NULL, "get /echo HTTP/1.1\r\n%s\r\n"},
        {"GET", NULL, "GET /echo HTTP/1.1\r\n%s\r\n"},
    };
    struct rig *rig = *state;
    char common[256];
    snprintf(common, sizeof(common),
             "Host: %s\r\nAccept: */*\r\nUser-Agent: molo/%s\r\n",
             rig->base_url + strlen("http://"), MOLO_VERSION);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transfer *transfer = rig_begin(rig, rows[i].method, "/echo");
        if (rows[i].body != NULL)
            http_request_set_body(&transfer->request, rows[i].body,
                                  strlen(rows[i].body));
        session_send(transfer);
        rig_wait(rig, (unsigned)i + 1);
        rig_assert_ok(transfer, 200);
        const char *split = strstr(rows[i].wanted, "%s");
        char *wanted = xasprintf("%.*s%s%s", (int)(split - rows[i].wanted),
                                 rows[i].wanted, common, split + 2);
        assert_body(transfer, wanted);
        free(wanted);
        rig_release(rig, transfer);
    }
}

static void
set_header(struct transfer *transfer, const char *name, const char *value)
{
    assert_true(http_request_set_header(&transfer->request, name, strlen(name),
                                        value, strlen(value), NULL));
}

static void
test_headers_arrive_as_they_were_set(void **state)
{
    struct rig *rig = *state;
    for (int round = 0; round < 2; round++) {
        struct transfer *transfer = rig_begin(rig, "POST", "/echo");
        set_header(transfer, "User-Agent", "me");
        set_header(transfer, "X-Empty", "");
        set_header(transfer, "X-Odd", "a; b: c");
        set_header(transfer, "Content-Type", "text/plain");
        for (int i = 0; i < 40 * round; i++) {
            char name[16];
            snprintf(name, sizeof(name), "X-%d", i);
            set_header(transfer, name, "v");
        }
        http_request_set_body(&transfer->request, "b", 1);
        session_send(transfer);
        rig_wait(rig, 2 * (unsigned)round + 1);
        rig_assert_ok(transfer, 200);
        const char *got = transfer->response.body.data;
        assert_non_null(strstr(got, "\r\nUser-Agent: me\r\n"));
        assert_null(strstr(got, "molo/"));
        assert_non_null(strstr(got, "\r\nX-Empty:\r\n"));
        assert_non_null(strstr(got, "\r\nX-Odd: a; b: c\r\n"));
        assert_non_null(strstr(got, "\r\nContent-Type: text/plain\r\n"));
        if (round == 1)
            assert_non_null(strstr(got, "\r\nX-39: v\r\n"));
        rig_release(rig, transfer);

        /* Nothing of it is left for the next one. */
        transfer = rig_fetch(rig, "GET", "/echo");
        assert_null(strstr(transfer->response.body.data, "X-Odd"));
        assert_non_null(strstr(transfer->response.body.data, "molo/"));
        rig_release(rig, transfer);
    }
}

static void
test_head_has_headers_and_no_body(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_fetch(rig, "HEAD", "/hello");
    rig_assert_ok(transfer, 200);
    assert_int_equal(transfer->response.body.size, 0);
    assert_non_null(strstr(transfer->response.headers.data, "X-One: 1"));
    rig_release(rig, transfer);

    transfer = rig_begin(rig, "HEAD", "/hello");
    http_request_set_body(&transfer->request, "x", 1);
    session_send(transfer);
    rig_wait(rig, 2);
    assert_int_equal(transfer->fault, FAULT_PROTOCOL);
    assert_non_null(strstr(transfer->fault_message, "HEAD"));
    assert_int_equal(transfer->sends, 0);
    rig_release(rig, transfer);

    transfer = rig_fetch(rig, "GET", "/hello");
    assert_body(transfer, "hello");
    rig_release(rig, transfer);
}

static void
test_bytes_equal_what_the_server_counted(void **state)
{
    static const struct {
        const char *method, *path;
        size_t body;
    } rows[] = {
        {"GET", "/hello", 0},       {"GET", "/bytes/300000", 0},
        {"HEAD", "/hello", 0},      {"POST", "/hello", 0},
        {"POST", "/hello", 10},     {"PUT", "/hello", 60000},
        {"PUT", "/hello", 65535},   {"PUT", "/hello", 65536},
        {"POST", "/hello", 100000}, {"PUT", "/hello", 3000000},
        {"GET", "/status/404", 0},  {"GET", "/gzip", 0},
    };
    struct rig *rig = *state;
    struct tiny_counts before = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transfer *transfer =
            rig_begin(rig, rows[i].method, rows[i].path);
        if (rows[i].body > 0) {
            char *body = xcalloc(1, rows[i].body);
            http_request_set_body(&transfer->request, body, rows[i].body);
            free(body);
        }
        if (strcmp(rows[i].path, "/gzip") == 0)
            set_header(transfer, "Accept-Encoding", "gzip");
        session_send(transfer);
        rig_wait(rig, (unsigned)i + 1);
        struct tiny_counts now = tiny_server_counts(rig->server);
        uint64_t in = now.bytes_in - before.bytes_in;
        uint64_t out = now.bytes_out - before.bytes_out;
        if (transfer->bytes_sent != in || transfer->bytes_received != out)
            fail_msg("%s %s (%zu bytes): sent %d, server got %d; received %d, "
                     "server sent %d",
                     rows[i].method, rows[i].path, rows[i].body,
                     (int)transfer->bytes_sent, (int)in,
                     (int)transfer->bytes_received, (int)out);
        rig_assert_times_add_up(transfer);
        before = now;
        rig_release(rig, transfer);
    }
}

static void
test_only_the_final_headers_are_kept(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_fetch(rig, "GET", "/chunked");
    rig_assert_ok(transfer, 200);
    assert_body(transfer, "hello");
    assert_string_equal(transfer->response.headers.data,
                        "X-Final: yes\r\nTransfer-Encoding: chunked\r\n");
    rig_release(rig, transfer);

    transfer = rig_fetch(rig, "GET", "/folded");
    rig_assert_ok(transfer, 200);
    size_t pos = 0, name_size, value_size;
    const char *name, *value;
    const struct buf *headers = &transfer->response.headers;
    assert_true(http_header_next(headers->data, headers->size, &pos, &name,
                                 &name_size, &value, &value_size));
    assert_memory_equal(value, "a  b", 4);
    assert_true(http_header_next(headers->data, headers->size, &pos, &name,
                                 &name_size, &value, &value_size));
    assert_memory_equal(name, "X-Next", 6);
    rig_release(rig, transfer);
}

static void
test_an_encoding_is_decoded_for_who_asks(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_begin(rig, "GET", "/gzip");
    set_header(transfer, "Accept-Encoding", "gzip");
    session_send(transfer);
    rig_wait(rig, 1);
    rig_assert_ok(transfer, 200);
    assert_body(transfer, "hello");
    rig_release(rig, transfer);

    transfer = rig_fetch(rig, "GET", "/gzip");
    rig_assert_ok(transfer, 200);
    assert_int_equal(transfer->response.body.size, 25);
    rig_release(rig, transfer);
}

/* Faults of a request that reached a server, and where they are noticed. */
static void
test_faults(void **state)
{
    static const struct {
        const char *path;
        nsec_t timeout;
        enum transfer_fault fault;
        const char *phase, *says;
        int status;
        bool gzip;
        size_t max_body;
    } rows[] = {
        {"/close", 0, FAULT_RESET, "wait", "without an answer", 0, false, 0},
        {"/reset", 0, FAULT_RESET, "wait",
         "connection closed while waiting for the first byte", 0, false, 0},
        {"/silent", 2 * NSEC_PER_SEC, FAULT_TIMEOUT, "wait",
         "no answer within 2 s, waiting for the first byte", 0, false, 0},
        {"/stall", 2 * NSEC_PER_SEC, FAULT_TIMEOUT, "receive",
         "within 2 s, receiving", 200, false, 0},
        {"/truncated", 0, FAULT_PROTOCOL, "receive", "closed before the end",
         200, false, 0},
        {"/garbage", 0, FAULT_PROTOCOL, NULL, "", 0, false, 0},
        {"/bad-gzip", 0, FAULT_DECODE, "receive", "not be decoded", 200, true,
         0},
        {"/bytes/1001", 0, FAULT_TOO_LARGE, "receive", "larger than 1", 200,
         false, 1000},
        {"/bytes/1000", 0, FAULT_NONE, NULL, "", 200, false, 1000},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transfer *transfer = rig_begin(rig, "GET", rows[i].path);
        if (rows[i].timeout > 0)
            transfer->request.timeout = rows[i].timeout;
        if (rows[i].gzip)
            set_header(transfer, "Accept-Encoding", "gzip");
        transfer->request.max_body = rows[i].max_body;
        session_send(transfer);
        rig_wait(rig, (unsigned)i + 1);
        if (transfer->fault != rows[i].fault)
            fail_msg("%s: fault is '%s' (%s)", rows[i].path,
                     transfer_fault_name(transfer->fault),
                     transfer->fault_message);
        if (rows[i].phase != NULL)
            assert_string_equal(transfer->fault_phase, rows[i].phase);
        if (strstr(transfer->fault_message, rows[i].says) == NULL)
            fail_msg("%s: '%s' does not say '%s'", rows[i].path,
                     transfer->fault_message, rows[i].says);
        assert_int_equal(transfer->response.status, rows[i].status);
        assert_int_equal(transfer->sends, 1);
        if (rows[i].timeout > 0)
            assert_true(transfer->timings.elapsed >= rows[i].timeout);
        rig_assert_times_add_up(transfer);
        rig_release(rig, transfer);
    }
    assert_int_equal(tiny_server_counts(rig->server).requests, rig->sends);
}

static void
test_a_refused_connection(void **state)
{
    struct rig *rig = *state;
    /* Taken, so that nobody else gets it, and not open. */
    int taken = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    bind(taken, (struct sockaddr *)&address, size);
    getsockname(taken, (struct sockaddr *)&address, &size);
    int port = ntohs(address.sin_port);
    char url[64], peer[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
    snprintf(peer, sizeof(peer), "connection refused (127.0.0.1:%d)", port);
    struct transfer *transfer = rig_fetch(rig, "GET", url);
    assert_int_equal(transfer->fault, FAULT_CONNECT);
    assert_int_equal(transfer->fault_code, ECONNREFUSED);
    assert_string_equal(transfer->fault_phase, "connect");
    assert_string_equal(transfer->fault_message, peer);
    assert_int_equal(transfer->sends, 0);
    assert_int_equal(transfer->bytes_sent, 0);
    assert_int_equal(transfer->timings.duration, -1);
    assert_int_equal(rig->exchanges, 1);
    assert_int_equal(session_last_done_at(rig->session), 0);
    rig_assert_times_add_up(transfer);
    rig_release(rig, transfer);
    close(taken);
}

/* A server that takes the greeting of TLS for an unfinished request. */
static void
test_a_handshake_that_never_ends(void **state)
{
    struct rig *rig = *state;
    char url[64];
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/",
             tiny_server_port(rig->server));
    struct transfer *transfer = rig_begin(rig, "GET", url);
    session_send(transfer);
    while (tiny_server_counts(rig->server).bytes_in == 0)
        rig_idle(rig, NSEC_PER_MSEC);
    session_cancel(transfer);
    assert_string_equal(transfer->fault_phase, "tls");
    assert_true(transfer->timings.connect >= 0);
    assert_true(transfer->timings.tls >= 0);
    assert_int_equal(transfer->timings.send, -1);
    assert_int_equal(rig->exchanges, 0); /* no request went out */
    assert_int_equal(transfer->sends, 0);
    assert_int_equal(tiny_server_counts(rig->server).requests, 0);
    rig_assert_times_add_up(transfer);
    rig_release(rig, transfer);
}

static void
test_an_unknown_host(void **state)
{
    struct rig *rig = *state;
    /* A label of 64 characters: no name server is asked. */
    char label[65] = "";
    memset(label, 'a', 64);
    char *url = xasprintf("http://%s/", label);
    struct transfer *transfer = rig_fetch(rig, "GET", url);
    assert_int_equal(transfer->fault, FAULT_DNS);
    assert_string_equal(transfer->fault_phase, "dns");
    char *message = xasprintf("host name '%s' not found", label);
    assert_string_equal(transfer->fault_message, message);
    free(message);
    free(url);
    rig_release(rig, transfer);
}

/* The client finds its kept connection dead and silently sends again. */
static void
test_a_silent_resend_is_counted(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_fetch(rig, "GET", "/first-only");
    rig_assert_ok(transfer, 200);
    rig_release(rig, transfer);
    transfer = rig_fetch(rig, "GET", "/first-only");
    rig_assert_ok(transfer, 200);
    assert_body(transfer, "hello");
    assert_int_equal(transfer->sends, 2);
    rig_assert_times_add_up(transfer);
    struct tiny_counts counts = tiny_server_counts(rig->server);
    assert_int_equal(counts.requests, 3);
    assert_int_equal(counts.requests, rig->sends);
    assert_int_equal(counts.connections, 2);
    rig_release(rig, transfer);
}

static void
test_a_resent_body_is_counted(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_fetch(rig, "GET", "/first-only");
    rig_release(rig, transfer);
    struct tiny_counts before = tiny_server_counts(rig->server);
    transfer = rig_begin(rig, "PUT", "/first-only");
    http_request_set_body(&transfer->request, "0123456789", 10);
    session_send(transfer);
    rig_wait(rig, 2);
    rig_assert_ok(transfer, 200);
    assert_int_equal(transfer->sends, 2);
    struct tiny_counts now = tiny_server_counts(rig->server);
    assert_int_equal(transfer->bytes_sent, now.bytes_in - before.bytes_in);
    rig_assert_times_add_up(transfer);
    rig_release(rig, transfer);
}

static void
test_names_are_looked_up_and_kept(void **state)
{
    struct rig *rig = *state;
    char url[64];
    snprintf(url, sizeof(url), "http://localhost:%d/hello",
             tiny_server_port(rig->server));
    struct session *others[4];
    struct transfer *transfers[5];
    transfers[4] = rig_begin(rig, "GET", url);
    session_send(transfers[4]);
    struct session *first = rig->session;
    for (int i = 0; i < 4; i++) {
        others[i] = session_create(rig->transport);
        rig->session = others[i];
        transfers[i] = rig_begin(rig, "GET", url);
        session_send(transfers[i]);
    }
    rig->session = first;
    rig_wait(rig, 5);
    for (int i = 4; i >= 0; i--) {
        rig_assert_ok(transfers[i], 200);
        rig_assert_times_add_up(transfers[i]);
        rig_release(rig, transfers[i]);
        if (i < 4)
            session_destroy(others[i]);
    }
}

static void
test_transfers_of_one_client_run_side_by_side(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfers[12];
    for (int i = 0; i < 12; i++) {
        transfers[i] = rig_begin(rig, i % 2 ? "GET" : "POST", "/hello");
        session_send(transfers[i]);
    }
    rig_wait(rig, 12);
    for (int i = 0; i < 12; i++) {
        rig_assert_ok(transfers[i], 200);
        assert_body(transfers[i], "hello");
        rig_release(rig, transfers[i]);
    }
    assert_int_equal(tiny_server_counts(rig->server).requests, 12);
}

static void
test_requests_that_end_in_other_ways_leave_the_client_usable(void **state)
{
    static const char *const paths[] = {"/close",   "/hello",     "/reset",
                                        "/hello",   "/truncated", "/hello",
                                        "/garbage", "/hello"};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct transfer *transfer = rig_fetch(rig, "GET", paths[i]);
        if (strcmp(paths[i], "/hello") == 0)
            rig_assert_ok(transfer, 200);
        else
            assert_int_not_equal(transfer->fault, FAULT_NONE);
        rig_release(rig, transfer);
    }
    assert_int_equal(tiny_server_counts(rig->server).requests, rig->sends);
}

int
main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_get),
        TEST(test_a_kept_connection_is_used_again),
        TEST(test_requests_arrive_as_they_were_built),
        TEST(test_headers_arrive_as_they_were_set),
        TEST(test_head_has_headers_and_no_body),
        TEST(test_bytes_equal_what_the_server_counted),
        TEST(test_only_the_final_headers_are_kept),
        TEST(test_an_encoding_is_decoded_for_who_asks),
        TEST(test_faults),
        TEST(test_a_refused_connection),
        TEST(test_a_handshake_that_never_ends),
        TEST(test_an_unknown_host),
        TEST(test_a_silent_resend_is_counted),
        TEST(test_a_resent_body_is_counted),
        TEST(test_names_are_looked_up_and_kept),
        TEST(test_transfers_of_one_client_run_side_by_side),
        TEST(test_requests_that_end_in_other_ways_leave_the_client_usable),
    };
    return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
