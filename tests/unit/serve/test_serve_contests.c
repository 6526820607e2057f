/* What only one can have, and rates, over HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "server.h"

static struct server server;

struct row {
    const char *method, *path, *body;
    long status;
    const char *text; /* that the answer begins with */
};

static void
play(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct exchange exchange;
        exchange_init(&exchange, &server, row->method, row->path, row->body,
                      row->body ? strlen(row->body) : 0);
        exchange_perform(&exchange);
        buf_append(&exchange.received, "", 1);
        if (exchange.status != row->status ||
            strncmp(exchange.received.data, row->text, strlen(row->text)) != 0)
            fail_msg("%s %s: %ld %s instead of %ld %s", row->method, row->path,
                     exchange.status, exchange.received.data, row->status,
                     row->text);
        exchange_finish(&exchange);
    }
}
#define PLAY(...)                                   \
    do {                                            \
        const struct row rows[] = {__VA_ARGS__};    \
        play(rows, sizeof(rows) / sizeof(rows[0])); \
    } while (0)

static void
test_stock(void **state)
{
    PLAY({"GET", "/stock/x", NULL, 200, "0\n"},
         {"POST", "/stock/x", "", 409, "0\n"},
         {"PUT", "/stock/x", "2", 200, "2\n"},
         {"POST", "/stock/x", "", 200, "1\n"},
         {"POST", "/stock/y", "", 409, "0\n"},
         {"POST", "/stock/x", "", 200, "0\n"},
         {"POST", "/stock/x", "", 409, "0\n"},
         {"PUT", "/stock/x", "many", 400, "the stock"},
         {"DELETE", "/stock/x", NULL, 405, ""}, );
}

static void
test_seat(void **state)
{
    PLAY({"GET", "/seat/1", NULL, 404, "free\n"},
         {"PUT", "/seat/1", "", 400, "say who"},
         {"PUT", "/seat/1?who=ann", "", 200, "ann\n"},
         {"PUT", "/seat/1?who=ann", "", 200, "ann\n"},
         {"PUT", "/seat/1?who=bob", "", 409, "ann\n"},
         {"PUT", "/seat/2?who=bob", "", 200, "bob\n"},
         {"DELETE", "/seat/1?who=bob", NULL, 409, "ann\n"},
         {"GET", "/seat/1", NULL, 200, "ann\n"},
         {"DELETE", "/seat/1?who=ann", NULL, 200, "\n"},
         {"PUT", "/seat/1?who=bob", "", 200, "bob\n"}, );
}

static void
test_auction(void **state)
{
    PLAY({"GET", "/auction/a", NULL, 200, "{\n  \"amount\": 0"},
         {"POST", "/auction/a", "{\"amount\": 5, \"who\": \"ann\"}", 200,
          "{\n  \"amount\": 5,\n  \"who\": \"ann\""},
         {"POST", "/auction/a", "{\"amount\": 5, \"who\": \"bob\"}", 409,
          "{\n  \"amount\": 5,\n  \"who\": \"ann\""},
         {"POST", "/auction/a", "{\"amount\": 6, \"who\": \"bob\"}", 200,
          "{\n  \"amount\": 6,\n  \"who\": \"bob\""},
         {"POST", "/auction/a", "{\"amount\": 0, \"who\": \"bob\"}", 400,
          "a bid is"},
         {"POST", "/auction/a", "{\"amount\": 7}", 400, "a bid is"},
         {"POST", "/auction/a", "nothing", 400, "a bid is"},
         {"DELETE", "/auction/a", NULL, 200, "{\n  \"amount\": 0"}, );
}

static void
test_chat(void **state)
{
    PLAY({"GET", "/chat/r", NULL, 200, "[]"},
         {"POST", "/chat/r", "hello", 200, "{\n  \"number\": 1"},
         {"POST", "/chat/r", "again", 200, "{\n  \"number\": 2"},
         {"POST", "/chat/s", "other", 200, "{\n  \"number\": 1"},
         {"GET", "/chat/r?after=1", NULL, 200,
          "[\n  {\n    \"number\": 2,\n    \"text\": \"again\"\n  }\n]"},
         {"GET", "/chat/r?after=2", NULL, 200, "[]"},
         {"GET", "/chat/r?after=x", NULL, 400, "after"},
         {"POST", "/chat/r", "\xff", 400, "a message is UTF-8"}, );
    for (int i = 3; i <= 1005; i++) {
        char text[16], expected[40];
        snprintf(text, sizeof(text), "m%d", i);
        snprintf(expected, sizeof(expected), "{\n  \"number\": %d\n", i);
        PLAY({"POST", "/chat/r", text, 200, expected});
    }
    PLAY({"GET", "/chat/r", NULL, 200, "[\n  {\n    \"number\": 6,"});
}

static void
test_limited(void **state)
{
    PLAY({"GET", "/limited/a?rate=0.001&burst=2", NULL, 200, "ok"},
         {"GET", "/limited/a?rate=0.001&burst=2", NULL, 200, "ok"},
         {"GET", "/limited/a?rate=0.001&burst=2", NULL, 429, "more than"},
         {"GET", "/limited/b?rate=0.001&burst=1", NULL, 200, "ok"},
         {"GET", "/limited/b?rate=0", NULL, 400, "rate must be"}, );
}

/* Of many who want the same at the same time, as many get it as there is. */
static void
test_many_at_once(void **state)
{
    enum { MANY = 60, STOCK = 7 };
    PLAY({"PUT", "/stock/sale", "7", 200, "7\n"});
    struct exchange exchanges[MANY];
    for (int i = 0; i < MANY; i++)
        exchange_init(&exchanges[i], &server, "POST", "/stock/sale", "", 0);
    exchange_perform_all(exchanges, MANY);
    int sold = 0;
    for (int i = 0; i < MANY; i++) {
        assert_true(exchanges[i].status == 200 || exchanges[i].status == 409);
        sold += exchanges[i].status == 200;
        exchange_finish(&exchanges[i]);
    }
    assert_int_equal(sold, STOCK);
}

static int
set_up(void **state)
{
    server_start(&server);
    return 0;
}

static int
tear_down(void **state)
{
    int status = server_stop(&server);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stock),   cmocka_unit_test(test_seat),
        cmocka_unit_test(test_auction), cmocka_unit_test(test_chat),
        cmocka_unit_test(test_limited), cmocka_unit_test(test_many_at_once),
    };
    return cmocka_run_group_tests_name("serve contests", tests, set_up,
                                       tear_down);
}
