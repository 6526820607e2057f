#include <stdio.h>
#include <string.h>

#include "http/curl_impl.h"

/* What libcurl says of HTTP/2 that failed, in words that tell who did what. */

/* "... not closed cleanly: NAME (err N)" is what either side gave as reason.
 * Our own is that an answer was malformed. */
static bool
fail_stream(struct exchange *x, CURLcode code)
{
    static const char before[] = "was not closed cleanly: ";
    const char *phase = x->seen.header_bytes > 0 ? "receive" : "wait";
    if (strstr(x->error, "closed cleanly, but before") != NULL) {
        exchange_fail(x, FAULT_RESET, code, phase,
                      "the server closed the HTTP/2 stream without an answer");
        return true;
    }
    const char *name = strstr(x->error, before);
    if (name == NULL)
        return false;
    name += strlen(before);
    int size = (int)strcspn(name, " ");
    if (strncmp(name, "PROTOCOL_ERROR", (size_t)size) == 0)
        exchange_fail(x, FAULT_PROTOCOL, code, "receive",
                      "the answer is malformed HTTP/2");
    else
        exchange_fail(x, FAULT_RESET, code, phase,
                      "the server reset the HTTP/2 stream: %.*s",
                      size > 60 ? 60 : size, name);
    return true;
}

bool
exchange_fail_http2(struct exchange *x, CURLcode code)
{
    bool answered = x->seen.header_bytes > 0;
    /* Without words it is the end of a session: after GOAWAY. */
    if (code == CURLE_HTTP2 && x->error[0] == '\0') {
        exchange_fail(x, FAULT_RESET, code, answered ? "receive" : "wait",
                      "the server ended the HTTP/2 connection (GOAWAY)");
        return true;
    }
    if (code == CURLE_HTTP2_STREAM)
        return fail_stream(x, code);
    if (code == CURLE_PARTIAL_FILE && !answered) {
        exchange_fail(x, FAULT_RESET, code, "wait",
                      "connection closed without an answer");
        return true;
    }
    /* A callback of libcurl's own, which bounds the headers. */
    if (code == CURLE_RECV_ERROR && strstr(x->error, "nghttp2") != NULL &&
        strstr(x->error, "-902") != NULL) {
        exchange_fail(x, FAULT_TOO_LARGE, code, "receive",
                      "the headers are larger than libcurl takes of HTTP/2");
        return true;
    }
    return false;
}
