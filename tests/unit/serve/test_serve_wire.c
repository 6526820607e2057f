/* What the server makes of the bytes that clients send, beyond those that a
 * well-behaved library sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "server.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LAST "Host: x\r\nConnection: close\r\n\r\n"
#define HOST "Host: x\r\n"
/* Of /bytes/2. */
#define TYPE "Content-Type: application/octet-stream\r\n"
#define AB TYPE "Content-Length: 2\r\n\r\nab"
#define LAST_AB "HTTP/1.1 200 OK\r\nConnection: close\r\n" AB

static struct server server;

static int
connect_to_server(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)server.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void
send_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        assert_true(sent > 0);
        text += sent;
        size -= (size_t)sent;
    }
}

/* Until the server closes; without the dates, which change. */
static void
read_to_end(int fd, struct buf *out)
{
    char piece[4096];
    for (ssize_t got; (got = recv(fd, piece, sizeof(piece), 0)) > 0;)
        buf_append(out, piece, (size_t)got);
    buf_append(out, "", 0);
    for (char *date; (date = strstr(out->data, "Date: ")) != NULL;) {
        char *next = strstr(date, "\r\n") + 2;
        memmove(date, next, strlen(next) + 1);
    }
}

struct talk {
    const char *name, *sent, *answered;
};

static const struct talk talks[] = {
    {"pipelined",
     "GET /bytes/2 HTTP/1.1\r\n" HOST "\r\n"
     "POST /bytes/2 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
     "GET /bytes/2 HTTP/1.1\r\n" LAST,
     "HTTP/1.1 200 OK\r\n" AB "HTTP/1.1 200 OK\r\n" AB LAST_AB},
    {"pipelined behind one that waits",
     "GET /delay/1ms HTTP/1.1\r\n" HOST "\r\n"
     "GET /bytes/2 HTTP/1.1\r\n" LAST,
     "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
     "Content-Length: 7\r\n\r\nwaited\n" LAST_AB},
    {"HEAD has no body",
     "HEAD /bytes/20 HTTP/1.1\r\n" HOST "\r\n"
     "GET /bytes/2 HTTP/1.1\r\n" LAST,
     "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 20\r\n\r\n" LAST_AB},
    {"HEAD of a stream has none either",
     "HEAD /events HTTP/1.1\r\n" HOST "\r\n"
     "GET /bytes/2 HTTP/1.1\r\n" LAST,
     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
     "Cache-Control: no-store\r\nContent-Length: 0\r\n\r\n" LAST_AB},
    {"statuses without a body",
     "GET /status/204 HTTP/1.1\r\n" HOST "\r\n"
     "GET /bytes/2 HTTP/1.1\r\n" LAST,
     "HTTP/1.1 204 No Content\r\n\r\n" LAST_AB},
    {"the whole URL, as a proxy gets it",
     "GET http://127.0.0.1:8642/bytes/2?x HTTP/1.1\r\n" LAST, LAST_AB},
    {"... of the root", "HEAD HTTP://x HTTP/1.0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nConnection: close\r\n"
     "Content-Type: text/plain; charset=utf-8\r\nContent-Length: "},
    {"one that waits to be asked for its body",
     "PUT /pad/wire HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
     "Connection: close\r\nContent-Length: 2\r\n\r\nab",
     "HTTP/1.1 100 Continue\r\n\r\n"
     "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Version: 1\r\n"
     "Content-Length: 0\r\n\r\n"},
    {"in chunks",
     "PUT /stock/wire HTTP/1.1\r\n" HOST "Connection: close\r\n"
     "Transfer-Encoding: chunked\r\n\r\n"
     "1;a=b\r\n4\r\n1\r\n2\r\n0\r\nTrailer: x\r\n\r\n",
     "HTTP/1.1 200 OK\r\nConnection: close\r\n"
     "Content-Type: text/plain; charset=utf-8\r\n"
     "Content-Length: 3\r\n\r\n42\n"},
    {"chunks that are none",
     "PUT /stock/wire HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
     "zz\r\n4\r\n0\r\n\r\n",
     "HTTP/1.1 400 Bad Request\r\n"},
    {"HTTP/1.0", "GET /bytes/2 HTTP/1.0\r\n\r\n", LAST_AB},
    {"HTTP/1.0 knows no chunks", "GET /events?count=1 HTTP/1.0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nConnection: close\r\n"
     "Content-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"
     "retry: 100\n\nid: 1\nevent: tick\ndata: 1\n\n"},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
    {"a WebSocket without a handshake", "GET /ws HTTP/1.1\r\n" LAST,
     "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\n"
     "Content-Type: text/plain; charset=utf-8\r\nUpgrade: websocket\r\n"
     "Sec-WebSocket-Version: 13\r\n"},
};

static void
play(const struct talk *talk, bool bytewise)
{
    int fd = connect_to_server();
    size_t size = strlen(talk->sent);
    if (!bytewise)
        send_all(fd, talk->sent, size);
    for (size_t i = 0; bytewise && i < size; i++)
        send_all(fd, talk->sent + i, 1);
    struct buf got = {0};
    read_to_end(fd, &got);
    close(fd);
    /* Pages that are no subject here may follow. */
    if (strncmp(got.data, talk->answered, strlen(talk->answered)) != 0)
        fail_msg("%s: got %s", talk->name, got.data);
    buf_finish(&got);
}

static void
test_talks(void **state)
{
    for (size_t i = 0; i < COUNT(talks); i++)
        play(&talks[i], false);
}

/* However the bytes are cut on their way. */
static void
test_slow_clients(void **state)
{
    play(&talks[0], true);
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
        cmocka_unit_test(test_talks),
        cmocka_unit_test(test_slow_clients),
    };
    return cmocka_run_group_tests_name("serve_wire", tests, set_up, tear_down);
}
