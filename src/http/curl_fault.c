#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "http/curl_impl.h"
#include "http/uri.h"
#include "http/url.h"

static const struct {
    CURLcode code;
    enum transfer_fault fault;
} faults[] = {
    {CURLE_COULDNT_RESOLVE_HOST, FAULT_DNS},
    {CURLE_COULDNT_RESOLVE_PROXY, FAULT_DNS},
    {CURLE_COULDNT_CONNECT, FAULT_CONNECT},
    {CURLE_PROXY, FAULT_CONNECT},
    {CURLE_SSL_CONNECT_ERROR, FAULT_TLS},
    {CURLE_OBSOLETE51, FAULT_TLS},
    {CURLE_SSL_ENGINE_NOTFOUND, FAULT_TLS},
    {CURLE_SSL_ENGINE_SETFAILED, FAULT_TLS},
    {CURLE_SSL_CERTPROBLEM, FAULT_TLS},
    {CURLE_SSL_CIPHER, FAULT_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, FAULT_TLS},
    {CURLE_USE_SSL_FAILED, FAULT_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, FAULT_TLS},
    {CURLE_SSL_CACERT_BADFILE, FAULT_TLS},
    {CURLE_SSL_SHUTDOWN_FAILED, FAULT_TLS},
    {CURLE_SSL_CRL_BADFILE, FAULT_TLS},
    {CURLE_SSL_ISSUER_ERROR, FAULT_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, FAULT_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, FAULT_TLS},
    {CURLE_OPERATION_TIMEDOUT, FAULT_TIMEOUT},
    {CURLE_SEND_ERROR, FAULT_RESET},
    {CURLE_RECV_ERROR, FAULT_RESET},
    {CURLE_GOT_NOTHING, FAULT_RESET},
    {CURLE_BAD_CONTENT_ENCODING, FAULT_DECODE},
    {CURLE_WRITE_ERROR, FAULT_DECODE},
    {CURLE_FILESIZE_EXCEEDED, FAULT_TOO_LARGE},
    {CURLE_OUT_OF_MEMORY, FAULT_GENERATOR},
};

void
exchange_fail(struct exchange *x, enum transfer_fault fault, int code,
              const char *phase, const char *fmt, ...)
{
    struct transfer *transfer = x->transfer;
    transfer->fault_code = code;
    if (transfer->ended_at == 0) {
        transfer->ended_at = clock_now();
        transfer->timings.elapsed = transfer->ended_at - transfer->started_at;
    }
    va_list args;
    va_start(args, fmt);
    transfer_vfail(transfer, fault, phase, fmt, args);
    va_end(args);
}

static enum transfer_fault
classify(const struct exchange *x, CURLcode code)
{
    /* Bad framing has no code of its own. */
    if (code == CURLE_RECV_ERROR &&
        strstr(x->error, "chunked-encoding") != NULL)
        return FAULT_PROTOCOL;
    /* With TLS 1.3 a server refuses a client's certificate, or the lack of one,
     * when for the client the handshake is over. */
    if ((code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) &&
        strstr(x->error, " alert ") != NULL)
        return FAULT_TLS;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (faults[i].code == code)
            return faults[i].fault;
    return FAULT_PROTOCOL;
}

const char *
exchange_peer_name(const struct exchange *x, char *out, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    const void *address = &x->address;
    const struct http_settings *settings = x->transfer->request.settings;
    if (settings != NULL && settings->text[SETTING_UNIX_SOCKET] != NULL) {
        snprintf(out, size, "%s", settings->text[SETTING_UNIX_SOCKET]);
    } else if (x->seen.address_size > 0 && x->address.ss_family == AF_INET) {
        const struct sockaddr_in *in = address;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
        snprintf(out, size, "%s:%d", text, ntohs(in->sin_port));
    } else if (x->seen.address_size > 0 && x->address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = address;
        inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
        snprintf(out, size, "[%s]:%d", text, ntohs(in6->sin6_port));
    } else {
        struct url_parts parts;
        const struct buf *url = &x->transfer->request.url;
        if (url_split(url->data, url->size, &parts, NULL))
            snprintf(out, size, "%.*s",
                     parts.host_size > 200 ? 200 : (int)parts.host_size,
                     parts.host);
        else
            snprintf(out, size, "?");
    }
    return out;
}

/* libcurl bounds a header line by a buffer that refuses to grow, and calls that
 * a lack of memory (since 8.6: CURLE_TOO_LARGE). */
static bool
is_long_line(const struct exchange *x, CURLcode code)
{
#if LIBCURL_VERSION_NUM >= 0x080600
    if (code == CURLE_TOO_LARGE)
        return true;
#endif
    return code == CURLE_OUT_OF_MEMORY && x->transfer->sends > 0;
}

/* What libcurl has to say, else the general text of the code. That it could
 * not ask for the peer of a connection that was reset says nothing. */
static const char *
curl_words(const struct exchange *x, CURLcode code)
{
    bool helps = x->error[0] != '\0' && strstr(x->error, "getpeername") == NULL;
    return helps ? x->error : curl_easy_strerror(code);
}

static void
fail_connect(struct exchange *x, CURLcode code, int error)
{
    char peer[256], reason[128] = "could not connect";
    if (error != 0) {
        snprintf(reason, sizeof(reason), "%s", strerror(error));
        reason[0] = (char)tolower((unsigned char)reason[0]);
    }
    exchange_fail(x, FAULT_CONNECT, error != 0 ? error : (int)code, "connect",
                  "%s (%s)", reason, exchange_peer_name(x, peer, sizeof(peer)));
}

/* The way leads through a proxy, which did not let us through. */
static void
fail_proxy(struct exchange *x, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (code == CURLE_PROXY)
        exchange_fail(x, FAULT_CONNECT, code, "connect",
                      "the proxy refused: %.200s", curl_words(x, code));
    else if (status == 407)
        exchange_fail(x, FAULT_CONNECT, code, "connect",
                      "the proxy wants credentials: it answered 407; give them "
                      "in its URL");
    else if (status >= 300)
        exchange_fail(x, FAULT_CONNECT, code, "connect",
                      "the proxy refused to connect: it answered %ld", status);
    else
        exchange_fail(x, FAULT_CONNECT, code, "connect",
                      "the proxy closed the connection (%.160s)",
                      curl_words(x, code));
}

static void
fail_lookup(struct exchange *x, CURLcode code)
{
    char host[256];
    const struct http_settings *settings = x->transfer->request.settings;
    const char *proxy = settings != NULL ? settings->text[SETTING_PROXY] : NULL;
    struct uri uri;
    if (code == CURLE_COULDNT_RESOLVE_PROXY && proxy != NULL &&
        uri_parse(proxy, strlen(proxy), &uri, NULL))
        exchange_fail(x, FAULT_DNS, code, "dns", "proxy name '%.*s' not found",
                      uri.host.size > 200 ? 200 : (int)uri.host.size,
                      uri.host.data);
    else
        exchange_fail(x, FAULT_DNS, code, "dns", "host name '%s' not found",
                      exchange_peer_name(x, host, sizeof(host)));
}

/* Both limits count from the start, so that the shorter one has passed first.
 */
static bool
was_connect_timeout(const struct transfer *transfer)
{
    return transfer->request.connect_timeout < transfer_time_left(transfer) &&
           transfer->sends == 0;
}

static void
fail_timeout(struct exchange *x, CURLcode code, const char *doing)
{
    const struct transfer *transfer = x->transfer;
    const char *phase = transfer->fault_phase;
    bool connecting = was_connect_timeout(transfer);
    nsec_t limit = connecting ? transfer->request.connect_timeout
                              : transfer->request.timeout;
    if (limit == NSEC_NEVER) {
        /* libcurl has one of its own for connecting. */
        exchange_fail(x, FAULT_TIMEOUT, code, phase, "no answer, %s", doing);
        return;
    }
    char text[32];
    units_format_duration(limit, text, sizeof(text));
    exchange_fail(x, FAULT_TIMEOUT, code, phase, "no %s within %s, %s",
                  connecting ? "connection" : "answer", text, doing);
}

static void
fail_reset(struct exchange *x, CURLcode code)
{
    const char *phase = x->transfer->fault_phase;
    if (code == CURLE_GOT_NOTHING)
        exchange_fail(x, FAULT_RESET, code, phase,
                      "connection closed without an answer%s",
                      exchange_tls_hint(x, false));
    else
        exchange_fail(x, FAULT_RESET, code, phase,
                      "connection closed while %s (%.120s)%s",
                      transfer_phase_words(phase), curl_words(x, code),
                      exchange_tls_hint(x, false));
}

static void
fail_too_large(struct exchange *x, CURLcode code)
{
    if (x->seen.body_bytes == 0 && x->seen.block_open) {
        exchange_fail(x, FAULT_TOO_LARGE, code, "receive",
                      "the headers are larger than %d kB",
                      EXCHANGE_HEADERS_MAX / 1024);
        return;
    }
    char limit[32];
    units_format_bytes(exchange_body_limit(x), limit, sizeof(limit));
    exchange_fail(x, FAULT_TOO_LARGE, code, "receive",
                  "the body is larger than %s", limit);
}

/* libcurl refused the first line of an answer: some of it has arrived, which
 * its marks of time do not know. */
static bool
is_bad_answer(const struct exchange *x, CURLcode code)
{
    return x->transfer->sends > 0 && (code == CURLE_UNSUPPORTED_PROTOCOL ||
                                      code == CURLE_WEIRD_SERVER_REPLY);
}

static void
set_fault(struct exchange *x, CURLcode code)
{
    const char *phase = x->transfer->fault_phase;
    /* libcurl keeps the reason of a failed connect() until the next one, but
     * not that of socket(). */
    long os_errno = 0;
    if (code == CURLE_COULDNT_CONNECT)
        curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &os_errno);
    int error =
        x->seen.socket_errno != 0 ? x->seen.socket_errno : (int)os_errno;
    if (x->body_error[0] != '\0') {
        exchange_fail(x, FAULT_GENERATOR, code, "send", "%s", x->body_error);
        return;
    }
    if (x->seen.too_large) {
        fail_too_large(x, code);
        return;
    }
    if (x->seen.length_conflict) {
        exchange_fail(x, FAULT_PROTOCOL, code, "receive",
                      "two values of Content-Length that differ");
        return;
    }
    if (exchange_fail_for_shortage(x, code, error))
        return;
    if (is_long_line(x, code)) {
        exchange_fail(x, FAULT_TOO_LARGE, code, "receive",
                      "a header line is larger than 100 kB");
        return;
    }
    if (exchange_fail_http2(x, code))
        return;
    if (code == CURLE_PARTIAL_FILE) {
        exchange_fail(x, FAULT_PROTOCOL, code, "receive",
                      "connection closed before the end of the body (%.120s)",
                      curl_words(x, code));
        return;
    }
    enum transfer_fault fault = classify(x, code);
    if (code == CURLE_PROXY ||
        (fault == FAULT_RESET && exchange_waits_for_tunnel(x))) {
        fail_proxy(x, code);
        return;
    }
    switch (fault) {
    case FAULT_DNS:
        fail_lookup(x, code);
        break;
    case FAULT_CONNECT:
        fail_connect(x, code, error);
        break;
    case FAULT_TLS:
        exchange_fail_tls(x, code, curl_words(x, code));
        break;
    case FAULT_TIMEOUT:
        fail_timeout(x, code, transfer_phase_words(phase));
        break;
    case FAULT_RESET:
        fail_reset(x, code);
        break;
    case FAULT_TOO_LARGE:
        fail_too_large(x, code);
        break;
    case FAULT_DECODE:
        exchange_fail(x, fault, code, "receive",
                      "the body could not be decoded (%.160s)",
                      curl_words(x, code));
        break;
    case FAULT_PROTOCOL:
        if (is_bad_answer(x, code))
            phase = "receive";
        if (strstr(x->error, "HTTP/0.9") != NULL)
            exchange_fail(x, fault, code, phase, "the answer is not HTTP%s",
                          exchange_tls_hint(x, true));
        else
            exchange_fail(x, fault, code, phase, "%.200s", curl_words(x, code));
        break;
    case FAULT_GENERATOR:
        exchange_fail(x, fault, ENOMEM, phase,
                      "this machine ran out of memory");
        break;
    case FAULT_NONE:
    case FAULT_REDIRECT:
        break; /* no code stands for these */
    }
}

void
exchange_fail_in_gate(struct exchange *x)
{
    struct transfer *transfer = x->transfer;
    x->seen.gate_time = clock_now() - transfer->started_at;
    exchange_fill_measurements(x, x->seen.gate_time);
    fail_timeout(x, CURLE_OPERATION_TIMEDOUT,
                 "waiting for the name look-up of another worker");
}

int
exchange_http_version(const struct exchange *x)
{
    long version = 0;
    curl_easy_getinfo(x->easy, CURLINFO_HTTP_VERSION, &version);
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
        return 10;
    case CURL_HTTP_VERSION_1_1:
        return 11;
    case CURL_HTTP_VERSION_2_0:
        return 20;
    case CURL_HTTP_VERSION_3:
        return 30;
    default:
        return 0;
    }
}

void
exchange_fill_result(struct exchange *x, CURLcode code)
{
    struct transfer *transfer = x->transfer;
    struct http_response *response = &transfer->response;
    exchange_fill_measurements(x, clock_now() - transfer->started_at);
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    response->status = (int)status;
    if (status != 0)
        response->http_version = exchange_http_version(x);
    if (status >= 300 && status < 400) {
        char *target = NULL;
        curl_easy_getinfo(x->easy, CURLINFO_REDIRECT_URL, &target);
        if (target != NULL)
            buf_append_str(&response->redirect_url, target);
        /* libcurl fails an answer whose Location it cannot parse. It is an
         * answer all the same, for those who do not follow it. */
        if (code == CURLE_URL_MALFORMAT)
            code = CURLE_OK;
    }
    if (code == CURLE_OK && status == 0)
        /* "HTTP/20 hello" is taken for one. */
        exchange_fail(x, FAULT_PROTOCOL, 0, "receive",
                      "the answer has no status");
    else if (code == CURLE_OK && x->seen.block_open)
        /* For libcurl a connection that ends there ends the answer. */
        exchange_fail(x, FAULT_PROTOCOL, 0, "receive",
                      "connection closed in the middle of the header");
    else if (code == CURLE_OK)
        transfer->fault_phase = NULL;
    else
        set_fault(x, code);
    exchange_save_cookies(x);
}
