#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rig.h"

#define FILE_SIZE 300000

/* What a stream's callbacks saw. */
static struct {
    unsigned calls;
    int statuses[8]; /* of the first calls */
    size_t most;     /* bytes that lay there at once */
} seen;

static void
on_data(struct transfer *transfer)
{
    if (seen.calls < 8)
        seen.statuses[seen.calls] = transfer->response.status;
    seen.calls++;
    if (transfer->response.body.size > seen.most)
        seen.most = transfer->response.body.size;
}

static struct transfer *
begin_stream(struct rig *rig, const char *path)
{
    memset(&seen, 0, sizeof(seen));
    struct transfer *transfer = rig_begin(rig, "GET", path);
    transfer->request.streams = true;
    transfer->on_data = on_data;
    return transfer;
}

static void
make_file(char *path)
{
    strcpy(path, "/tmp/molo-streaming-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    char *text = malloc(FILE_SIZE);
    for (size_t i = 0; i < FILE_SIZE; i++)
        text[i] = (char)('a' + i % 26);
    assert_int_equal(write(fd, text, FILE_SIZE), FILE_SIZE);
    free(text);
    close(fd);
}

/* "begin", the file (NULL: none), "end" */
static struct http_body *
make_body(const char *path)
{
    struct http_body *body = http_body_create();
    int code;
    http_body_add(body, "begin", 5);
    if (path != NULL)
        assert_true(http_body_add_file(body, path, &code, NULL));
    http_body_add(body, "end", 3);
    return body;
}

static void
assert_counts_agree(struct rig *rig, uint64_t before,
                    const struct transfer *transfer)
{
    assert_int_equal(tiny_server_counts(rig->server).bytes_in - before,
                     transfer->bytes_sent);
}

static void
test_a_body_of_pieces(void **state)
{
    struct rig *rig = *state;
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        uint64_t before = tiny_server_counts(rig->server).bytes_in;
        struct transfer *transfer = rig_begin(rig, methods[i], "/echo");
        http_request_set_parts(&transfer->request, make_body(NULL));
        rig->done = 0;
        session_send(transfer);
        rig_wait(rig, 1);
        rig_assert_ok(transfer, 200);
        const char *got = transfer->response.body.data;
        assert_non_null(strstr(got, "\r\nContent-Length: 8\r\n"));
        assert_non_null(strstr(got, "\r\n\r\nbeginend"));
        assert_counts_agree(rig, before, transfer);
        rig_assert_times_add_up(transfer);
        rig_release(rig, transfer);
    }
}

static void
test_a_file(void **state)
{
    struct rig *rig = *state;
    char path[32];
    make_file(path);
    uint64_t before = tiny_server_counts(rig->server).bytes_in;
    struct transfer *transfer = rig_begin(rig, "PUT", "/hello");
    http_request_set_parts(&transfer->request, make_body(path));
    session_send(transfer);
    rig_wait(rig, 1);
    rig_assert_ok(transfer, 200);
    assert_counts_agree(rig, before, transfer);
    assert_true(transfer->bytes_sent > FILE_SIZE + 8);
    rig_assert_times_add_up(transfer);
    rig_release(rig, transfer);
    unlink(path);
}

static void
test_an_empty_body_of_pieces(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_begin(rig, "POST", "/echo");
    http_request_set_parts(&transfer->request, http_body_create());
    session_send(transfer);
    rig_wait(rig, 1);
    rig_assert_ok(transfer, 200);
    assert_non_null(
        strstr(transfer->response.body.data, "\r\nContent-Length: 0\r\n"));
    rig_release(rig, transfer);
}

/* Then a body in memory on the same handle, then none. */
static void
test_other_bodies_after_it(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < 6; i++) {
        struct transfer *transfer = rig_begin(rig, "POST", "/echo");
        const char *ends = "\r\n\r\nbeginend";
        if (i % 3 == 0) {
            http_request_set_parts(&transfer->request, make_body(NULL));
        } else if (i % 3 == 1) {
            http_request_set_body(&transfer->request, "memory", 6);
            ends = "\r\n\r\nmemory";
        } else {
            ends = "\r\n\r\n";
        }
        rig->done = 0;
        session_send(transfer);
        rig_wait(rig, 1);
        rig_assert_ok(transfer, 200);
        const struct buf *body = &transfer->response.body;
        assert_string_equal(body->data + body->size - strlen(ends), ends);
        rig_release(rig, transfer);
    }
}

static void
test_a_redirect_sends_it_again(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = rig_begin(rig, "PUT", "/redirect/307/3");
    http_request_set_parts(&transfer->request, make_body(NULL));
    session_send(transfer);
    rig_wait(rig, 1);
    rig_assert_ok(transfer, 200);
    assert_int_equal(transfer->redirects_followed, 3);
    assert_non_null(strstr(transfer->response.body.data, "\r\n\r\nbeginend"));
    rig_release(rig, transfer);
}

static void
test_a_dead_connection_gets_it_again(void **state)
{
    struct rig *rig = *state;
    uint64_t before = tiny_server_counts(rig->server).bytes_in;
    uint64_t sent = 0;
    unsigned sends = 0;
    for (int i = 0; i < 2; i++) {
        struct transfer *transfer = rig_begin(rig, "PUT", "/first-only");
        http_request_set_parts(&transfer->request, make_body(NULL));
        rig->done = 0;
        session_send(transfer);
        rig_wait(rig, 1);
        rig_assert_ok(transfer, 200);
        sent += transfer->bytes_sent;
        sends += transfer->sends;
        rig_release(rig, transfer);
    }
    assert_int_equal(sends, 3);
    assert_int_equal(tiny_server_counts(rig->server).bytes_in - before, sent);
}

static void
test_a_file_that_shrinks(void **state)
{
    struct rig *rig = *state;
    char path[32];
    make_file(path);
    struct transfer *transfer = rig_begin(rig, "PUT", "/hello");
    http_request_set_parts(&transfer->request, make_body(path));
    assert_int_equal(truncate(path, 10), 0);
    session_send(transfer);
    rig_wait(rig, 1);
    assert_int_equal(transfer->fault, FAULT_GENERATOR);
    assert_string_equal(transfer->fault_phase, "send");
    assert_non_null(strstr(transfer->fault_message, path));
    assert_non_null(strstr(transfer->fault_message, "had 300000 bytes"));
    rig_release(rig, transfer);
    /* The next one does not suffer from it. */
    rig->done = 0;
    transfer = rig_fetch(rig, "GET", "/hello");
    rig_assert_ok(transfer, 200);
    rig_release(rig, transfer);
    unlink(path);
}

static void
test_nobody_reads(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = begin_stream(rig, "/bytes/1000000");
    session_send(transfer);
    while (seen.calls == 0)
        rig_idle(rig, NSEC_PER_MSEC);
    rig_idle(rig, 100 * NSEC_PER_MSEC);
    assert_int_equal(rig->done, 0);
    assert_true(seen.most > 0 && seen.most <= TRANSFER_BUFFER);
    size_t total = 0;
    while (rig->done == 0) {
        total += transfer->response.body.size;
        buf_clear(&transfer->response.body);
        session_resume(transfer);
        rig_idle(rig, NSEC_PER_MSEC);
        assert_true(seen.most <= TRANSFER_BUFFER);
    }
    total += transfer->response.body.size;
    assert_int_equal(total, 1000000);
    rig_assert_ok(transfer, 200);
    rig_release(rig, transfer);
}

static void
test_enough_was_read(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = begin_stream(rig, "/bytes/1000000");
    session_send(transfer);
    while (seen.calls == 0)
        rig_idle(rig, NSEC_PER_MSEC);
    session_end(transfer, FAULT_NONE, NULL);
    assert_int_equal(rig->exchanges, 1);
    assert_int_equal(rig->statuses[0], 200);
    assert_int_equal(rig->done, 0);
    assert_true(transfer->truncated);
    assert_int_equal(transfer->fault, FAULT_NONE);
    assert_true(session_last_done_at(rig->session) > 0);
    rig_release(rig, transfer);
    transfer = rig_fetch(rig, "GET", "/hello");
    rig_assert_ok(transfer, 200);
    assert_false(transfer->truncated);
    rig_release(rig, transfer);
}

static void
test_given_up_with_a_fault(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = begin_stream(rig, "/silent");
    session_send(transfer);
    while (tiny_server_counts(rig->server).requests == 0)
        rig_idle(rig, NSEC_PER_MSEC);
    session_end(transfer, FAULT_TIMEOUT, "too late");
    assert_int_equal(rig->exchanges, 1);
    assert_int_equal(transfer->fault, FAULT_TIMEOUT);
    assert_string_equal(transfer->fault_message, "too late");
    assert_string_equal(transfer->fault_phase, "wait");
    assert_false(transfer->truncated);
    rig_release(rig, transfer);
}

static void
test_hops_are_not_told_of(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = begin_stream(rig, "/redirect/302/3");
    session_send(transfer);
    rig_wait(rig, 1);
    rig_assert_ok(transfer, 200);
    assert_int_equal(rig->exchanges, 4);
    assert_true(seen.calls > 0);
    for (unsigned i = 0; i < seen.calls && i < 8; i++)
        assert_int_equal(seen.statuses[i], 200);
    rig_release(rig, transfer);
    /* Where it is not followed it is the answer. */
    rig->done = 0;
    transfer = begin_stream(rig, "/redirect/302/3");
    transfer->request.max_redirects = 0;
    session_send(transfer);
    rig_wait(rig, 1);
    assert_int_equal(seen.statuses[0], 302);
    rig_release(rig, transfer);
}

static void
test_decoded_and_limited(void **state)
{
    struct rig *rig = *state;
    struct transfer *transfer = begin_stream(rig, "/gzip");
    static const char header[] = "Accept-Encoding";
    http_request_set_header(&transfer->request, header, strlen(header), "gzip",
                            4, NULL);
    session_send(transfer);
    rig_wait(rig, 1);
    assert_string_equal(transfer->response.body.data, "hello");
    rig_release(rig, transfer);

    rig->done = 0;
    transfer = begin_stream(rig, "/bytes/1000000");
    transfer->request.max_body = 100000;
    session_send(transfer);
    while (rig->done == 0) {
        buf_clear(&transfer->response.body);
        session_resume(transfer);
        rig_idle(rig, NSEC_PER_MSEC);
    }
    assert_int_equal(transfer->fault, FAULT_TOO_LARGE);
    rig_release(rig, transfer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_body_of_pieces, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_file, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_an_empty_body_of_pieces, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_other_bodies_after_it, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_redirect_sends_it_again,
                                        rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_dead_connection_gets_it_again,
                                        rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_shrinks, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_reads, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_enough_was_read, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_given_up_with_a_fault, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_hops_are_not_told_of, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_decoded_and_limited, rig_setup,
                                        rig_teardown),
    };
    return cmocka_run_group_tests_name("streaming", tests, NULL, NULL);
}
