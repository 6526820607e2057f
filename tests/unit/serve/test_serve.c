#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/mem.h"
#include "serve/serve.h"
#include "server.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LIMIT 10000000

/* The second is there to be stopped. */
static struct server server, ending;

/* All are on hold at one time, though there are only two server threads; and
 * none is answered early. */
static void
test_delays_wait_together(void **state)
{
    enum { WAITING = 20 };
    struct exchange exchanges[WAITING];
    server_reset_stats(&server);
    CURLM *multi = curl_multi_init();
    for (int i = 0; i < WAITING; i++) {
        exchange_init(&exchanges[i], &server, "GET", "/delay/2", NULL, 0);
        curl_multi_add_handle(multi, exchanges[i].easy);
    }
    int64_t most = 0;
    for (int running = WAITING; running > 0;) {
        curl_multi_perform(multi, &running);
        json_t *stats = server_stats(&server);
        int64_t waiting = stats_number(stats, "requests") -
                          stats_sum(json_object_get(stats, "status"));
        most = waiting > most ? waiting : most;
        json_decref(stats);
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, 20, NULL);
    }
    assert_int_equal(most, WAITING);
    for (int i = 0; i < WAITING; i++) {
        curl_off_t usec;
        exchange_collect(&exchanges[i], CURLE_OK);
        curl_easy_getinfo(exchanges[i].easy, CURLINFO_TOTAL_TIME_T, &usec);
        assert_int_equal(exchanges[i].status, 200);
        assert_true(usec >= 2000000);
        curl_multi_remove_handle(multi, exchanges[i].easy);
        exchange_finish(&exchanges[i]);
    }
    curl_multi_cleanup(multi);
}

/* Performs until the server has seen so many requests. */
static void
perform_until_counted(CURLM *multi, const struct server *at, int64_t count)
{
    for (int64_t arrived = 0; arrived < count;) {
        int running;
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, NULL, 0, 10, NULL);
        json_t *stats = server_stats(at);
        arrived = stats_number(stats, "requests");
        json_decref(stats);
    }
}

/* A client that gives up has been counted all the same, once. */
static void
test_abandoned_request_is_counted(void **state)
{
    struct exchange exchange;
    server_reset_stats(&server);
    exchange_init(&exchange, &server, "GET", "/delay/0.2", NULL, 0);
    CURLM *multi = curl_multi_init();
    curl_multi_add_handle(multi, exchange.easy);
    perform_until_counted(multi, &server, 1);
    curl_multi_remove_handle(multi, exchange.easy);
    curl_multi_cleanup(multi);
    exchange_finish(&exchange);
    /* Begins after it and so ends after it. */
    assert_int_equal(server_get(&server, "/delay/0.2"), 200);
    json_t *stats = server_stats(&server);
    assert_int_equal(stats_number(stats, "requests"), 2);
    assert_int_equal(
        stats_number(json_object_get(stats, "paths"), "GET /delay/0.2"), 2);
    json_decref(stats);
}

struct size_row {
    const char *name;
    size_t size;
    const char *header; /* NULL: as libcurl does it */
    bool chunked;
    long status;
};

static void
test_body_limit(void **state)
{
    static const struct size_row rows[] = {
        {"at the limit", LIMIT, NULL, false, 200},
        {"above, asking first", LIMIT + 1, "Expect: 100-continue", false, 413},
        {"above, sent at once", LIMIT + 1, "Expect:", false, 413},
        {"above, length unknown", LIMIT + 1, "Expect:", true, 413},
    };
    char *body = xcalloc(1, LIMIT + 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange exchange;
        exchange_init(&exchange, &server, "PUT", "/pad/large", body,
                      rows[i].size);
        if (rows[i].header != NULL)
            exchange_add_header(&exchange, rows[i].header);
        if (rows[i].chunked)
            curl_easy_setopt(exchange.easy, CURLOPT_INFILESIZE_LARGE,
                             (curl_off_t)-1);
        exchange_perform(&exchange);
        if (exchange.status != rows[i].status)
            fail_msg("%s: %ld, %s", rows[i].name, exchange.status,
                     curl_easy_strerror(exchange.code));
        exchange_finish(&exchange);
    }
    free(body);
    /* What was refused has not been stored. */
    struct exchange page;
    exchange_init(&page, &server, "GET", "/pad/large", NULL, 0);
    exchange_perform(&page);
    assert_int_equal(page.version, 1);
    assert_int_equal(page.received.size, LIMIT);
    exchange_finish(&page);
}

/* What the server says it received is what the client says it sent. */
static void
test_bytes_received(void **state)
{
    static const size_t sizes[] = {0, 10, 100000};
    int64_t heads = 0, bodies = 0;
    char *body = xcalloc(1, 100000);
    server_reset_stats(&server);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct exchange exchange;
        exchange_init(&exchange, &server, "PUT", "/pad/size?with=query", body,
                      sizes[i]);
        exchange_add_header(&exchange, "Expect:");
        exchange_perform(&exchange);
        long head;
        curl_off_t sent;
        curl_easy_getinfo(exchange.easy, CURLINFO_REQUEST_SIZE, &head);
        curl_easy_getinfo(exchange.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
        heads += head;
        bodies += sent;
        exchange_finish(&exchange);
    }
    free(body);
    json_t *stats = server_stats(&server);
    assert_int_equal(stats_number(stats, "body_bytes_received"), bodies);
    assert_int_equal(stats_number(stats, "bytes_received"), heads + bodies);
    json_decref(stats);
}

static void
test_refusals_to_listen(void **state)
{
    struct err err = {""};
    char expected[128];
    struct serve_config config = {.port = (uint16_t)server.port, .workers = 1};
    assert_null(serve_create(&config, &err));
    snprintf(expected, sizeof(expected),
             "cannot listen on 127.0.0.1 port %u: Address already in use "
             "(--port 0 takes a free one)",
             server.port);
    assert_string_equal(err.message, expected);
    config.host = "256.0.0.1";
    assert_null(serve_create(&config, &err));
    assert_memory_equal(err.message, "cannot listen on '256.0.0.1': ", 30);
}

/* Whoever still waits does not keep it from ending. */
static void
test_ends_with_delayed_requests(void **state)
{
    struct exchange exchanges[5];
    CURLM *multi = curl_multi_init();
    for (size_t i = 0; i < COUNT(exchanges); i++) {
        exchange_init(&exchanges[i], &ending, "GET", "/delay/60", NULL, 0);
        curl_multi_add_handle(multi, exchanges[i].easy);
    }
    perform_until_counted(multi, &ending, COUNT(exchanges));
    int status = server_stop(&ending);
    ending.pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    for (size_t i = 0; i < COUNT(exchanges); i++) {
        curl_multi_remove_handle(multi, exchanges[i].easy);
        exchange_finish(&exchanges[i]);
    }
    curl_multi_cleanup(multi);
}

static int
set_up(void **state)
{
    /* Forked before there is anything that a child could inherit. */
    server_start(&server);
    server_start(&ending);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return 0;
}

static int
tear_down(void **state)
{
    curl_global_cleanup();
    if (ending.pid != 0)
        server_stop(&ending);
    int status = server_stop(&server);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delays_wait_together),
        cmocka_unit_test(test_abandoned_request_is_counted),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_bytes_received),
        cmocka_unit_test(test_refusals_to_listen),
        cmocka_unit_test(test_ends_with_delayed_requests),
    };
    return cmocka_run_group_tests_name("serve", tests, set_up, tear_down);
}
