#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "http/request.h"
#include "http/uri.h"
#include "http/url.h"

/* What a Location header or a script gives as URL. */

const unsigned fuzz_default_runs = 100000;

void
fuzz_setup(void)
{
}

void
fuzz_finish(void)
{
}

static void
check_part(const struct uri_part *part, const char *text, size_t size)
{
    if (part->data != NULL)
        FUZZ_CHECK(part->data >= text &&
                   part->data + part->size <= text + size);
}

static void
parse(const char *text, size_t size)
{
    struct uri uri;
    struct err err;
    if (!uri_parse(text, size, &uri, &err)) {
        FUZZ_CHECK(err.message[0] != '\0');
        return;
    }
    check_part(&uri.scheme, text, size);
    check_part(&uri.user, text, size);
    check_part(&uri.password, text, size);
    check_part(&uri.host, text, size);
    check_part(&uri.path, text, size);
    check_part(&uri.query, text, size);
    check_part(&uri.fragment, text, size);
    FUZZ_CHECK(uri.path.data != NULL);
    FUZZ_CHECK(uri.port >= 0 && uri.port <= 65535);
}

/* Escaped, nothing but the text comes back. */
static void
escape(const char *text, size_t size)
{
    struct buf escaped = {0}, back = {0};
    uri_escape(&escaped, text, size, URI_UNRESERVED);
    if (escaped.size > 0) {
        FUZZ_CHECK(uri_check_escapes(escaped.data, escaped.size, NULL));
        uri_unescape(&back, escaped.data, escaped.size, false);
    }
    FUZZ_CHECK(back.size == size);
    FUZZ_CHECK(size == 0 || memcmp(back.data, text, size) == 0);
    buf_finish(&escaped);
    buf_finish(&back);
}

/* What a request takes can stand in its first line. */
static void
request(const char *text, size_t size)
{
    struct http_request request = {0};
    struct err err;
    http_request_reset(&request);
    if (http_request_set_url(&request, "http://base/x", text, size, &err)) {
        const struct buf *url = &request.url;
        FUZZ_CHECK(url_check_bytes(url->data, url->size, NULL));
        FUZZ_CHECK(request.path <= url->size);
        FUZZ_CHECK(memchr(url->data, '#', url->size) == NULL);
        FUZZ_CHECK(strlen(url->data) == url->size);
        size_t label_size;
        http_request_label(&request, &label_size);
        FUZZ_CHECK(label_size > 0);
    } else {
        FUZZ_CHECK(err.message[0] != '\0');
    }
    http_request_finish(&request);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct url_parts parts, base;
    struct err err;
    if (url_split(text, size, &parts, &err)) {
        FUZZ_CHECK(parts.host_size > 0 && parts.path <= size);
        FUZZ_CHECK(parts.port > 0 && parts.port <= 65535);
        FUZZ_CHECK(url_same_origin(&parts, &parts));
        static const char other[] = "http://base/";
        FUZZ_CHECK(url_split(other, strlen(other), &base, NULL));
        url_same_origin(&parts, &base);
    }
    size_t scheme_size;
    if (url_has_scheme(text, size, &scheme_size))
        FUZZ_CHECK(scheme_size < size);
    parse(text, size);
    escape(text, size);
    request(text, size);
    return 0;
}
