#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static void
set_header(struct transfer *transfer, const char *name, const char *value)
{
    assert_true(http_request_set_header(&transfer->request, name, strlen(name),
                                        value, strlen(value), NULL));
}

static void
test_redirects_keep_or_change_the_request(void **state)
{
    static const struct {
        int status;
        const char *method, *arrives; /* what the last hop sends */
        bool keeps_body;
    } rows[] = {
        {301, "GET", "GET", false},       {301, "POST", "GET", false},
        {302, "POST", "GET", false},      {302, "PUT", "PUT", true},
        {303, "POST", "GET", false},      {303, "PUT", "GET", false},
        {307, "POST", "POST", true},      {308, "PUT", "PUT", true},
        {308, "DELETE", "DELETE", false},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[32], line[64];
        snprintf(path, sizeof(path), "/redirect/%d/3", rows[i].status);
        snprintf(line, sizeof(line), "%s /redirect/%d/0 HTTP/1.1\r\n",
                 rows[i].arrives, rows[i].status);
        struct transfer *transfer = rig_begin(rig, rows[i].method, path);
        if (strcmp(rows[i].method, "GET") != 0 &&
            strcmp(rows[i].method, "DELETE") != 0) {
            http_request_set_body(&transfer->request, "the body", 8);
            set_header(transfer, "Content-Type", "text/x");
        }
        set_header(transfer, "Authorization", "secret");
        rig->exchanges = 0;
        rig->done = 0;
        session_send(transfer);
        rig_wait(rig, 1);
        assert_int_equal(transfer->fault, FAULT_NONE);
        assert_int_equal(transfer->response.status, 200);
        assert_int_equal(transfer->redirects_followed, 3);
        assert_int_equal(rig->exchanges, 4);
        for (int hop = 0; hop < 3; hop++)
            assert_int_equal(rig->statuses[hop], rows[i].status);
        const char *got = transfer->response.body.data;
        if (strncmp(got, line, strlen(line)) != 0)
            fail_msg("%s %d: %s", rows[i].method, rows[i].status, got);
        assert_int_equal(strstr(got, "the body") != NULL, rows[i].keeps_body);
        assert_int_equal(strstr(got, "text/x") != NULL, rows[i].keeps_body);
        /* The same server may know it. */
        assert_non_null(strstr(got, "Authorization: secret\r\n"));
        rig_release(rig, transfer);
    }
    assert_int_equal(tiny_server_counts(rig->server).requests, rig->sends);
}

static void
test_head_stays_head(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_begin(rig, "HEAD", "/to?/status/204");
    session_send(transfer);
    rig_wait(rig, 1);
    assert_int_equal(transfer->response.status, 204);
    assert_string_equal(transfer->request.method, "HEAD");
    rig_release(rig, transfer);
}

static void
test_redirects_end(void **state)
{
    static const struct {
        const char *name, *path;
        int max;
        enum transfer_fault fault;
        int status;
        unsigned exchanges;
        const char *says;
    } rows[] = {
        {"as many as allowed", "/redirect/302/5", 5, FAULT_NONE, 200, 6, ""},
        {"one more", "/redirect/302/6", 5, FAULT_REDIRECT, 302, 6,
         "more than 5 redirects"},
        {"none wanted", "/redirect/302/1", 0, FAULT_NONE, 302, 1, ""},
        {"other scheme", "/to?ftp://127.0.0.1/x", 5, FAULT_REDIRECT, 302, 1,
         "'ftp' is not supported"},
        {"file", "/to?file:///etc/passwd", 5, FAULT_REDIRECT, 302, 1,
         "'file' is not supported"},
        {"no host", "/to?http://", 5, FAULT_REDIRECT, 302, 1, "has no host"},
        {"no port", "/to?http://h:99999/", 5, FAULT_REDIRECT, 302, 1,
         "1..65535"},
        {"no URL", "/to?", 5, FAULT_REDIRECT, 302, 1, "not a URL"},
        {"no URL, not wanted", "/to?http://h:99999/", 0, FAULT_NONE, 302, 1,
         ""},
        {"304", "/status/304", 5, FAULT_NONE, 304, 1, ""},
        {"302 without Location", "/status/302", 5, FAULT_NONE, 302, 1, ""},
        {"to a closing server", "/to?/close", 5, FAULT_RESET, 0, 2, ""},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transfer *transfer = rig_begin(rig, "GET", rows[i].path);
        transfer->request.max_redirects = rows[i].max;
        rig->exchanges = 0;
        rig->done = 0;
        session_send(transfer);
        rig_wait(rig, 1);
        if (transfer->fault != rows[i].fault ||
            transfer->response.status != rows[i].status ||
            rig->exchanges != rows[i].exchanges ||
            strstr(transfer->fault_message, rows[i].says) == NULL)
            fail_msg("%s: fault '%s' (%s), status %d, %u exchanges",
                     rows[i].name, transfer_fault_name(transfer->fault),
                     transfer->fault_message, transfer->response.status,
                     rig->exchanges);
        rig_release(rig, transfer);
    }
    assert_int_equal(tiny_server_counts(rig->server).requests, rig->sends);
}

static void
test_another_server_does_not_get_the_secrets(void **state)
{
    struct rig *rig = *state;
    struct tiny_server *other = tiny_server_start();
    char path[96], host[64];
    snprintf(path, sizeof(path), "/to?http://127.0.0.1:%d/echo",
             tiny_server_port(other));
    snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n",
             tiny_server_port(other));
    struct transfer *transfer = rig_begin(rig, "GET", path);
    set_header(transfer, "Authorization", "secret");
    set_header(transfer, "Cookie", "id=secret");
    set_header(transfer, "Host", "example.com");
    set_header(transfer, "X-Other", "kept");
    session_send(transfer);
    rig_wait(rig, 1);
    assert_int_equal(transfer->response.status, 200);
    const char *got = transfer->response.body.data;
    assert_null(strstr(got, "secret"));
    assert_null(strstr(got, "example.com"));
    assert_non_null(strstr(got, host));
    assert_non_null(strstr(got, "X-Other: kept\r\n"));
    rig_release(rig, transfer);
    tiny_server_stop(other);
}

/* One timeout for all hops: the last one gets only what is left. */
static void
test_the_timeout_covers_the_whole_chain(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_begin(rig, "GET", "/to?/silent");
    transfer->request.timeout = 2 * NSEC_PER_SEC;
    session_send(transfer);
    rig_wait(rig, 1);
    assert_int_equal(transfer->fault, FAULT_TIMEOUT);
    assert_int_equal(transfer->redirects_followed, 1);
    assert_true(transfer_time_left(transfer) < 2 * NSEC_PER_SEC);
    assert_string_equal(transfer->fault_message,
                        "no answer within 2 s, waiting for the first byte");
    rig_release(rig, transfer);
}

static void
test_a_transfer_on_the_wire_is_cancelled_and_counted(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_begin(rig, "GET", "/silent");
    session_send(transfer);
    while (tiny_server_counts(rig->server).requests == 0)
        rig_idle(rig, NSEC_PER_MSEC);
    session_cancel(transfer);
    assert_int_equal(rig->exchanges, 1);
    assert_int_equal(rig->statuses[0], 0);
    assert_int_equal(rig->done, 0);
    assert_int_equal(transfer->fault, FAULT_NONE);
    assert_int_equal(transfer->sends, 1);
    assert_int_equal(transfer->bytes_sent,
                     tiny_server_counts(rig->server).bytes_in);
    assert_true(transfer->timings.elapsed > 0);
    session_cancel(transfer); /* once is enough */
    assert_int_equal(rig->exchanges, 1);
    rig_release(rig, transfer);

    transfer = rig_fetch(rig, "GET", "/hello");
    assert_int_equal(transfer->response.status, 200);
    assert_int_equal(tiny_server_counts(rig->server).connections, 2);
    rig_release(rig, transfer);
}

static void
test_half_an_answer_that_is_cancelled_has_no_status(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_begin(rig, "GET", "/stall");
    session_send(transfer);
    for (int i = 0; i < 2000 && transfer->response.body.size < 5; i++)
        rig_idle(rig, NSEC_PER_MSEC);
    session_cancel(transfer);
    assert_int_equal(rig->statuses[0], 0);
    assert_int_equal(transfer->bytes_received,
                     tiny_server_counts(rig->server).bytes_out);
    rig_release(rig, transfer);
}

static void
test_defaults_apply_and_give_way(void **state)
{
    struct rig *rig = *state;
    assert_true(session_set_header(rig->session, "X-A", 3, "default", 7, NULL));
    assert_true(session_set_header(rig->session, "X-B", 3, "default", 7, NULL));
    struct err err;
    assert_false(session_set_header(rig->session, "X-C", 3, "a\nb", 3, &err));
    struct transfer *transfer = rig_begin(rig, "GET", "/echo");
    assert_int_equal(transfer->request.timeout, 20 * NSEC_PER_SEC);
    set_header(transfer, "x-b", "own");
    session_send(transfer);
    rig_wait(rig, 1);
    const char *got = transfer->response.body.data;
    assert_non_null(strstr(got, "X-A: default\r\n"));
    assert_non_null(strstr(got, "x-b: own\r\n"));
    assert_null(strstr(got, "X-B"));
    rig_release(rig, transfer);

    /* What session_base_url returned may be given back. */
    session_configure(rig->session,
                      &(struct session_defaults){
                          .base_url = session_base_url(rig->session),
                          .timeout = NSEC_NEVER,
                      });
    assert_string_equal(session_base_url(rig->session), rig->base_url);
    transfer = rig_fetch(rig, "GET", "/redirect/302/1");
    assert_int_equal(transfer->response.status, 302);
    assert_string_equal(transfer->request.url.data + strlen(rig->base_url),
                        "/redirect/302/1");
    rig_release(rig, transfer);

    session_configure(rig->session, &(struct session_defaults){.timeout = 1});
    assert_null(session_base_url(rig->session));
}

static void
test_memory_of_released_transfers_is_reused(void **state)
{
    struct rig *rig = *state;
    struct transfer *first = rig_fetch(rig, "POST", "/hello");
    rig_release(rig, first);
    struct transfer *second = rig_begin(rig, "GET", "/hello");
    assert_ptr_equal(first, second);
    assert_false(second->request.has_body);
    rig_release(rig, second);
}

int
main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_redirects_keep_or_change_the_request),
        TEST(test_head_stays_head),
        TEST(test_redirects_end),
        TEST(test_another_server_does_not_get_the_secrets),
        TEST(test_the_timeout_covers_the_whole_chain),
        TEST(test_a_transfer_on_the_wire_is_cancelled_and_counted),
        TEST(test_half_an_answer_that_is_cancelled_has_no_status),
        TEST(test_defaults_apply_and_give_way),
        TEST(test_memory_of_released_transfers_is_reused),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
