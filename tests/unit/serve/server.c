#include "server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/serve.h"

static void
serve_in_child(int fd)
{
    const struct serve_config config = {.workers = 2};
    /* A test that crashes leaves nothing behind. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct err err;
    struct serve *serve = serve_create(&config, &err);
    if (serve == NULL) {
        fprintf(stderr, "%s\n", err.message);
        _exit(3);
    }
    unsigned port = serve_port(serve);
    if (write(fd, &port, sizeof(port)) != sizeof(port))
        _exit(4);
    close(fd);
    serve_wait(serve);
    serve_destroy(serve);
    /* Through the exit handlers, where leaks are reported. */
    exit(0);
}

void
server_start(struct server *server)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        close(fds[0]);
        serve_in_child(fds[1]);
    }
    close(fds[1]);
    ssize_t got = read(fds[0], &server->port, sizeof(server->port));
    close(fds[0]);
    assert_int_equal(got, sizeof(server->port));
}

int
server_stop(struct server *server)
{
    int status = -1;
    kill(server->pid, SIGTERM);
    waitpid(server->pid, &status, 0);
    return status;
}

static size_t
on_received(char *data, size_t size, size_t count, void *cls)
{
    struct exchange *exchange = cls;
    buf_append(&exchange->received, data, size * count);
    return size * count;
}

static size_t
on_header(char *data, size_t size, size_t count, void *cls)
{
    static const char version[] = "X-Version:", allow[] = "Allow: ";
    struct exchange *exchange = cls;
    if (strncasecmp(data, version, strlen(version)) == 0)
        exchange->version = strtol(data + strlen(version), NULL, 10);
    if (strncasecmp(data, allow, strlen(allow)) == 0)
        snprintf(exchange->allow, sizeof(exchange->allow), "%.*s",
                 (int)(size * count - strlen(allow) - 2), data + strlen(allow));
    return size * count;
}

static size_t
on_send(char *out, size_t size, size_t count, void *cls)
{
    struct exchange *exchange = cls;
    size_t left = exchange->sent.size - exchange->sent_offset;
    size_t part = left < size * count ? left : size * count;
    memcpy(out, exchange->sent.data + exchange->sent_offset, part);
    exchange->sent_offset += part;
    return part;
}

void
exchange_init(struct exchange *exchange, const struct server *server,
              const char *method, const char *path, const void *body,
              size_t body_size)
{
    *exchange = (struct exchange){.easy = curl_easy_init(), .version = -1};
    CURL *easy = exchange->easy;
    assert_non_null(easy);
    buf_printf(&exchange->url, "http://127.0.0.1:%u%s", server->port, path);
    curl_easy_setopt(easy, CURLOPT_URL, exchange->url.data);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_received);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (body == NULL)
        return;
    buf_append(&exchange->sent, body, body_size);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body_size);
}

void
exchange_add_header(struct exchange *exchange, const char *header)
{
    exchange->headers = curl_slist_append(exchange->headers, header);
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
}

void
exchange_collect(struct exchange *exchange, CURLcode code)
{
    exchange->code = code;
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE,
                      &exchange->status);
}

void
exchange_perform(struct exchange *exchange)
{
    exchange_collect(exchange, curl_easy_perform(exchange->easy));
}

void
exchange_perform_all(struct exchange *exchanges, size_t count)
{
    CURLM *multi = curl_multi_init();
    for (size_t i = 0; i < count; i++) {
        curl_easy_setopt(exchanges[i].easy, CURLOPT_PRIVATE, &exchanges[i]);
        curl_multi_add_handle(multi, exchanges[i].easy);
    }
    for (int running = 1; running > 0;) {
        curl_multi_perform(multi, &running);
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(multi, &left)) != NULL;) {
        char *private;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
        exchange_collect((struct exchange *)(void *)private, msg->data.result);
    }
    for (size_t i = 0; i < count; i++)
        curl_multi_remove_handle(multi, exchanges[i].easy);
    curl_multi_cleanup(multi);
}

void
exchange_finish(struct exchange *exchange)
{
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    buf_finish(&exchange->url);
    buf_finish(&exchange->sent);
    buf_finish(&exchange->received);
}

long
server_get(const struct server *server, const char *path)
{
    struct exchange exchange;
    exchange_init(&exchange, server, "GET", path, NULL, 0);
    exchange_perform(&exchange);
    long status = exchange.status;
    exchange_finish(&exchange);
    return status;
}

json_t *
server_stats(const struct server *server)
{
    struct exchange exchange;
    exchange_init(&exchange, server, "GET", "/stats", NULL, 0);
    exchange_perform(&exchange);
    assert_int_equal(exchange.status, 200);
    json_t *json =
        json_loadb(exchange.received.data, exchange.received.size, 0, NULL);
    assert_non_null(json);
    exchange_finish(&exchange);
    return json;
}

void
server_reset_stats(const struct server *server)
{
    struct exchange exchange;
    exchange_init(&exchange, server, "DELETE", "/stats", NULL, 0);
    exchange_perform(&exchange);
    assert_int_equal(exchange.status, 200);
    exchange_finish(&exchange);
}

int64_t
stats_number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return value != NULL ? json_integer_value(value) : 0;
}

int64_t
stats_sum(json_t *json)
{
    int64_t total = 0;
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) total += json_integer_value(value);
    return total;
}
