#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "http/curl_impl.h"

enum {
    /* Bounds the memory of thousands of idle workers. */
    RECEIVE_BUFFER = 16 * 1024,
    UPLOAD_BUFFER = 16 * 1024,
};

/* Called once for every time the request goes on the wire: libcurl sends it
 * again with credentials that were asked for and, silently, if a kept
 * connection turns out to be dead. */
static int
on_prereq(void *user, char *remote_ip, char *local_ip, int remote_port,
          int local_port)
{
    struct exchange *x = user;
    struct transfer *transfer = x->transfer;
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (x->seen.answered && (status == 401 || status == 407)) {
        transfer->challenges++;
        transfer->challenge_status = (int)status;
    }
    x->seen.answered = false;
    exchange_note_prereq(x);
    return CURL_PREREQFUNC_OK;
}

/* Constant for the life of the handle. */
static void
set_constant_options(struct exchange *x)
{
    CURL *easy = x->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
    curl_easy_setopt(easy, CURLOPT_SHARE, x->client->transport->share);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Or removing a handle joins its resolver thread. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, exchange_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, exchange_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, exchange_on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, x);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, exchange_on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, x);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, exchange_on_debug);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, x);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_prereq);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, client_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, client_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, x->client);
}

struct exchange *
exchange_create(struct transport_client *client)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return NULL;
    struct exchange *x = xcalloc(1, sizeof(*x));
    x->client = client;
    x->easy = easy;
    list_init(&x->link);
    list_init(&x->ticket.link);
    set_constant_options(x);
    exchange_init_settings(x);
    exchange_init_cookies(x);
    return x;
}

void
exchange_destroy(struct exchange *x)
{
    if (x == NULL)
        return;
    curl_easy_cleanup(x->easy);
    free(x->headers);
    buf_finish(&x->url);
    buf_finish(&x->odd_headers);
    buf_finish(&x->encoding);
    exchange_finish_settings(x);
    exchange_finish_cookies(x);
    free(x);
}

bool
exchange_has_url(const struct exchange *x)
{
    const struct buf *url = &x->transfer->request.url;
    return x->url.size == url->size &&
           memcmp(x->url.data, url->data, url->size) == 0;
}

static void
set_url(struct exchange *x)
{
    if (exchange_has_url(x))
        return;
    const struct buf *url = &x->transfer->request.url;
    buf_clear(&x->url);
    buf_append(&x->url, url->data, url->size);
    curl_easy_setopt(x->easy, CURLOPT_URL, x->url.data);
    bool https = strncasecmp(x->url.data, "https:", 6) == 0;
    /* Requests that begin together share a connection, if the server agrees on
     * HTTP/2: wait for its word. Without TLS that would be the first answer. */
    if (x->https != https)
        curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, https ? 1L : 0L);
    x->https = https;
}

static bool
expects_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static void
set_method(struct exchange *x)
{
    const struct http_request *request = &x->transfer->request;
    enum curl_mode mode = MODE_GET;
    if (strcmp(request->method, "HEAD") == 0)
        mode = MODE_HEAD;
    else if (request->has_body || expects_body(request->method))
        mode = MODE_BODY;

    if (mode == MODE_BODY) {
        /* Not copied. No body is sent as one of length 0, as RFC 9110 section
         * 8.6 asks of methods that usually have one. */
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)http_request_body_size(request));
        const char *bytes = request->body.size > 0 ? request->body.data : "";
        if (request->parts != NULL && request->parts->size > 0)
            bytes = NULL; /* asks exchange_on_read */
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, bytes);
    }
    if (mode == x->mode && strcmp(x->method, request->method) == 0)
        return;
    x->mode = mode;
    memcpy(x->method, request->method, sizeof(x->method));
    const char *own = NULL;
    switch (mode) {
    case MODE_NONE:
    case MODE_GET:
        curl_easy_setopt(x->easy, CURLOPT_HTTPGET, 1L);
        own = "GET";
        break;
    case MODE_HEAD:
        curl_easy_setopt(x->easy, CURLOPT_NOBODY, 1L);
        own = "HEAD";
        break;
    case MODE_BODY:
        curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
        own = "POST";
        break;
    }
    bool custom = strcmp(x->method, own) != 0;
    curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, custom ? x->method : NULL);
}

/* Name of a stored "Name: value" line, compared without its case. */
static bool
line_is(const char *line, const char *name)
{
    size_t size = strlen(name);
    return strncasecmp(line, name, size) == 0 && line[size] == ':';
}

static void
set_encoding(struct exchange *x, const char *value)
{
    const char *before = x->encoding.size > 0 ? x->encoding.data : NULL;
    if (before == NULL && value == NULL)
        return;
    if (before != NULL && value != NULL && strcmp(before, value) == 0)
        return;
    buf_clear(&x->encoding);
    if (value != NULL)
        buf_append_str(&x->encoding, value);
    curl_easy_setopt(x->easy, CURLOPT_ACCEPT_ENCODING, value);
}

static void
push_header(struct exchange *x, size_t *count, const char *line)
{
    /* libcurl takes a list; ours is an array whose strings belong to the
     * request, so that it costs no allocation. It does not write to them. */
    struct curl_slist *node = &x->headers[(*count)++];
    memcpy(&node->data, &line, sizeof(line));
    node->next = node + 1;
}

static void
set_headers(struct exchange *x)
{
    const struct http_request *request = &x->transfer->request;
    size_t needed = request->header_count + 3;
    if (x->header_capacity < needed) {
        x->header_capacity = needed + 6;
        x->headers =
            xrealloc(x->headers, x->header_capacity * sizeof(*x->headers));
        curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
    }
    size_t count = 0;
    const char *encoding = NULL, *cookie = NULL;
    bool has_expect = false, has_type = false, has_agent = false;
    /* Lines of an empty value are rewritten; reserve once, as the list points
     * into the buffer. */
    buf_clear(&x->odd_headers);
    size_t odd = 0;
    const char *line = request->headers.data;
    for (size_t i = 0; i < request->header_count; i++) {
        size_t size = strlen(line);
        if (line_is(line, "Accept-Encoding") && line[size - 1] != ' ') {
            /* Whoever asks for an encoding gets it decoded. */
            encoding = line + strlen("Accept-Encoding: ");
        } else if (line_is(line, "Cookie") && line[size - 1] != ' ') {
            /* Sent in one header with those of the jar. */
            cookie = line + strlen("Cookie: ");
        } else {
            has_expect = has_expect || line_is(line, "Expect");
            has_type = has_type || line_is(line, "Content-Type");
            has_agent = has_agent || line_is(line, "User-Agent");
            if (line[size - 1] == ' ')
                odd++;
            push_header(x, &count, line);
        }
        line += size + 1;
    }
    if (odd > 0) {
        buf_append(&x->odd_headers, request->headers.data,
                   request->headers.size);
        for (size_t i = 0; i < count; i++) {
            const char *given = x->headers[i].data;
            size_t size = strlen(given);
            if (given[size - 1] != ' ')
                continue;
            /* "Name: " would remove the header, "Name;" sends it empty. */
            char *copy = x->odd_headers.data + (given - request->headers.data);
            copy[size - 2] = ';';
            copy[size - 1] = '\0';
            x->headers[i].data = copy;
        }
    }
    if (x->mode == MODE_BODY && !has_type)
        push_header(x, &count, "Content-Type:");
    if (x->mode == MODE_BODY && !has_expect)
        push_header(x, &count, "Expect:");
    /* CURLOPT_USERAGENT would format it twice for each request, which takes
     * longer than all that is done here. */
    if (!has_agent)
        push_header(x, &count, "User-Agent: " HTTP_USER_AGENT);
    x->headers[count - 1].next = NULL;
    set_encoding(x, encoding);
    exchange_load_cookies(x, cookie);
}

static void
set_limit(struct exchange *x, CURLoption option, nsec_t limit, long *known)
{
    long ms = 0; /* none */
    if (limit != NSEC_NEVER) {
        /* What the gate took is over; rounded up, so that it is never early. */
        limit -= x->seen.gate_time;
        nsec_t whole = limit / NSEC_PER_MSEC + (limit % NSEC_PER_MSEC > 0);
        /* libcurl refuses more than fits into an int of milliseconds. */
        ms = whole < 1 ? 1 : whole > INT32_MAX ? INT32_MAX : (long)whole;
    }
    if (*known == ms)
        return;
    *known = ms;
    curl_easy_setopt(x->easy, option, ms);
}

bool
exchange_prepare(struct exchange *x)
{
    const struct http_request *request = &x->transfer->request;
    set_url(x);
    if (http_request_body_size(request) > 0 &&
        strcmp(request->method, "HEAD") == 0) {
        exchange_fail(x, FAULT_PROTOCOL, 0, "send",
                      "a HEAD request cannot have a body");
        return false;
    }
    set_method(x);
    set_headers(x);
    set_limit(x, CURLOPT_TIMEOUT_MS, transfer_time_left(x->transfer),
              &x->timeout_ms);
    set_limit(x, CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout,
              &x->connect_timeout_ms);
    exchange_apply_settings(x);
    exchange_show(x, x->transfer->view != NULL);
    return true;
}
