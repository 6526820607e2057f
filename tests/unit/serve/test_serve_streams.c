#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "server.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct server server;

static void
expect(const char *method, const char *path, const char *header,
       const char *body, long status, const char *text)
{
    struct exchange exchange;
    exchange_init(&exchange, &server, method, path, body,
                  body != NULL ? strlen(body) : 0);
    if (header != NULL)
        exchange_add_header(&exchange, header);
    exchange_perform(&exchange);
    assert_int_equal(exchange.status, status);
    buf_append_str(&exchange.received, "");
    if (text != NULL && strcmp(exchange.received.data, text) != 0)
        fail_msg("%s %s: got %s", method, path, exchange.received.data);
    exchange_finish(&exchange);
}

#define EVENT(number) "id: " number "\nevent: tick\ndata: " number "\n\n"

static void
test_events(void **state)
{
    static const struct {
        const char *path, *header;
        long status;
        const char *text;
    } rows[] = {
        {"/events?count=2", NULL, 200, "retry: 100\n\n" EVENT("1") EVENT("2")},
        {"/events?count=3&drop=1", NULL, 200, "retry: 100\n\n" EVENT("1")},
        {"/events?count=3&drop=1", "Last-Event-ID: 1", 200,
         "retry: 100\n\n" EVENT("2")},
        {"/events?count=3&every=0.001", "Last-Event-ID: 1", 200,
         "retry: 100\n\n" EVENT("2") EVENT("3")},
        {"/events?count=3", "Last-Event-ID: 3", 204, ""},
        {"/events?count=1", "Last-Event-ID: x", 200,
         "retry: 100\n\n" EVENT("1")},
        {"/events?count=0", NULL, 400, NULL},
        {"/events?every=61s", NULL, 400, "every must be at most 60 seconds\n"},
        {"/events?drop=x", NULL, 400, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        expect("GET", rows[i].path, rows[i].header, NULL, rows[i].status,
               rows[i].text);
    expect("PUT", "/events", NULL, "", 405, NULL);
}

static void
test_uploads(void **state)
{
    static const char form[] =
        "Content-Type: multipart/form-data; boundary=edge";
    static const char parts[] =
        "--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n12\r\n"
        "--edge\r\nContent-Disposition: form-data; name=\"f\"; "
        "filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\n345\r\n"
        "--edge--\r\n";
    expect("PUT", "/upload", "Content-Type: text/plain", "hello", 200,
           "{\n  \"size\": 5\n}\n");
    char text[512];
    snprintf(text, sizeof(text),
             "{\n  \"size\": %zu,\n  \"parts\": [\n"
             "    {\n      \"name\": \"a\",\n      \"size\": 2\n    },\n"
             "    {\n      \"name\": \"f\",\n"
             "      \"filename\": \"f.txt\",\n"
             "      \"content_type\": \"text/plain\",\n"
             "      \"size\": 3\n    }\n  ]\n}\n",
             strlen(parts));
    expect("POST", "/upload", form, parts, 200, text);
    expect("POST", "/upload", form, "no parts", 200, NULL);
    expect("GET", "/upload", NULL, NULL, 405, NULL);
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
        cmocka_unit_test_setup_teardown(test_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uploads, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("serve_streams", tests, NULL, NULL);
}
