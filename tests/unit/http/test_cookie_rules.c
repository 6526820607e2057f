#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/cookie_rules.h"
#include "http/session.h"

/* A session whose transport is nothing but a jar. */
struct transport_client {
    struct cookie_jar jar;
};
static struct transport_client client;
static int64_t now = 1000000;

static struct transport_client *
client_create(struct transport *transport)
{
    return &client;
}

static void
client_destroy(struct transport_client *c)
{
    cookie_jar_finish(&client.jar);
    client.jar = (struct cookie_jar){0};
}

static void
each_cookie(struct transport_client *c, http_cookie_fn *visit, void *data)
{
    cookie_jar_each(&client.jar, now, visit, data);
}

static void
set_cookie(struct transport_client *c, const struct http_cookie *cookie)
{
    cookie_jar_set(&client.jar, cookie);
}

static const struct transport_ops ops = {
    .name = "a jar",
    .client_create = client_create,
    .client_destroy = client_destroy,
    .each_cookie = each_cookie,
    .set_cookie = set_cookie,
};

#define OTHER "https://www.example.org/a/b?q"

static const struct {
    const char *name, *from, *cookie, *to;
    const char *sent; /* NULL: the cookie is refused */
} rows[] = {
    {"plain", OTHER, "a=1", OTHER, "a=1"},
    {"spaces", OTHER, "  a =  1 2 ; Path=/", OTHER, "a=1 2"},
    {"no name", OTHER, "=1", OTHER, NULL},
    {"no pair", OTHER, "a; Path=/", OTHER, NULL},
    {"control character", OTHER, "a=1\x01", OTHER, NULL},
    {"host only", OTHER, "a=1; Path=/", "https://x.www.example.org/", ""},
    {"subdomain", OTHER, "a=1; Path=/; Domain=example.org",
     "https://x.example.org/", "a=1"},
    {"domain with a dot", OTHER, "a=1; Path=/; Domain=.Example.ORG",
     "https://example.org/", "a=1"},
    {"foreign domain", OTHER, "a=1; Domain=example.com", OTHER, NULL},
    {"part of a name", "http://badexample.org/", "a=1; Domain=example.org",
     OTHER, NULL},
    {"domain of all", OTHER, "a=1; Domain=org", OTHER, NULL},
    {"domain of many", "http://shop.co.uk/", "a=1; Domain=co.uk", OTHER, NULL},
    {"domain of many, in capitals", "http://SHOP.Github.IO/",
     "a=1; Domain=GitHub.io", OTHER, NULL},
    {"below one of many", "http://www.shop.co.uk/",
     "a=1; Path=/; Domain=shop.co.uk", "http://shop.co.uk/", "a=1"},
    {"domain of an address", "http://127.0.0.1/", "a=1; Domain=0.0.1", OTHER,
     NULL},
    {"own address", "http://127.0.0.1/", "a=1; Domain=127.0.0.1",
     "http://127.0.0.1:81/", "a=1"},
    {"default path", OTHER, "a=1", "https://www.example.org/a/c", "a=1"},
    {"another path", OTHER, "a=1", "https://www.example.org/ab", ""},
    {"path of a prefix", OTHER, "a=1; Path=/a", "https://www.example.org/ab",
     ""},
    {"path with a slash", OTHER, "a=1; Path=/a/", "https://www.example.org/a/x",
     "a=1"},
    {"relative path", OTHER, "a=1; Path=x", "https://www.example.org/a", "a=1"},
    {"secure stays", OTHER, "a=1; Secure; Path=/", "http://www.example.org/",
     ""},
    {"secure from elsewhere", "http://example.org/", "a=1; Secure", OTHER,
     NULL},
    {"secure on this machine", "http://127.0.0.1/", "a=1; Secure",
     "http://127.0.0.1/", "a=1"},
    {"__Secure-", OTHER, "__Secure-a=1", OTHER, NULL},
    {"__Host- with a path", OTHER, "__Host-a=1; Secure; Path=/a", OTHER, NULL},
    {"__Host-", OTHER, "__Host-a=1; Secure; Path=/", OTHER, "__Host-a=1"},
    {"over", OTHER, "a=1; Max-Age=0", OTHER, ""},
    {"over by date", OTHER, "a=1; Expires=Thu, 01 Jan 1970 00:00:10 GMT", OTHER,
     ""},
    {"age before date", OTHER,
     "a=1; Expires=Thu, 01 Jan 1970 00:00:10 GMT; Max-Age=5", OTHER, "a=1"},
    {"date with dashes", OTHER, "a=1; Expires=Wed, 09-Jun-2100 10:18:14 GMT",
     OTHER, "a=1"},
    {"date that is none", OTHER, "a=1; Expires=tomorrow", OTHER, "a=1"},
};

static void
follows_the_rules(void **state)
{
    struct transport transport = {.ops = &ops};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct session *session = session_create(&transport);
        struct cookie_place from, to;
        const char *cookie = rows[i].cookie;
        assert_true(cookie_place_of(rows[i].from, strlen(rows[i].from), &from));
        assert_true(cookie_place_of(rows[i].to, strlen(rows[i].to), &to));
        bool taken =
            cookie_rules_take(session, &from, cookie, strlen(cookie), now);
        if (taken != (rows[i].sent != NULL))
            fail_msg("%s: %s", rows[i].name, taken ? "taken" : "refused");
        struct buf out = {0};
        cookie_rules_header(session, &to, &out);
        const char *sent = out.size > 0 ? out.data : "";
        if (taken && strcmp(sent, rows[i].sent) != 0)
            fail_msg("%s: '%s' was sent", rows[i].name, sent);
        buf_finish(&out);
        session_destroy(session);
    }
}

static void
longer_paths_come_first(void **state)
{
    struct transport transport = {.ops = &ops};
    struct session *session = session_create(&transport);
    struct cookie_place place;
    assert_true(cookie_place_of(OTHER, strlen(OTHER), &place));
    static const char *const cookies[] = {"a=1; Path=/", "b=2; Path=/a",
                                          "c=3; Path=/", "d=4; Path=/a"};
    for (size_t i = 0; i < 4; i++)
        assert_true(cookie_rules_take(session, &place, cookies[i],
                                      strlen(cookies[i]), now));
    struct buf out = {0};
    cookie_rules_header(session, &place, &out);
    assert_string_equal(out.data, "b=2; d=4; a=1; c=3");
    buf_finish(&out);
    session_destroy(session);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_rules),
        cmocka_unit_test(longer_paths_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
