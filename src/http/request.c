#include "http/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "http/response.h"
#include "http/uri.h"
#include "http/url.h"

/* Characters of a token (RFC 9110 section 5.6.2), besides letters and digits.
 */
static const char token_marks[] = "!#$%&'*+-.^_`|~";

static bool
is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

static bool
is_token_byte(unsigned char c)
{
    return is_alnum(c) || (c != '\0' && strchr(token_marks, c) != NULL);
}

/* A name for a message: what a terminal must not get becomes '?'. */
static const char *
printable(char *out, size_t out_size, const char *data, size_t size)
{
    size_t n = size < out_size - 1 ? size : out_size - 1;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)data[i];
        out[i] = (char)(c < ' ' || c == 0x7f ? '?' : c);
    }
    out[n] = '\0';
    return out;
}

static bool
check_token(const char *what, const char *data, size_t size, struct err *err)
{
    if (size == 0)
        return err_set(err, "%s is empty", what);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];
        if (is_token_byte(c))
            continue;
        char shown[64];
        printable(shown, sizeof(shown), data, size);
        if (c == '\r' || c == '\n')
            return err_set(err, "%s '%s' has a line break in it", what, shown);
        if (c == ' ' || c == '\t')
            return err_set(err, "%s '%s' has a space in it", what, shown);
        if (c < ' ' || c >= 0x7f)
            return err_set(err, "%s '%s' has a byte 0x%02x in it", what, shown,
                           c);
        return err_set(err, "%s '%s' has a '%c' in it", what, shown, c);
    }
    return true;
}

void
http_request_finish(struct http_request *request)
{
    buf_finish(&request->url);
    buf_finish(&request->headers);
    buf_finish(&request->body);
    http_body_destroy(request->parts);
    request->parts = NULL;
    buf_finish(&request->tags);
    buf_finish(&request->name);
    http_settings_drop(request->settings);
    request->settings = NULL;
}

void
http_request_reset(struct http_request *request)
{
    memcpy(request->method, "GET", sizeof("GET"));
    buf_clear(&request->url);
    request->path = 0;
    buf_clear(&request->headers);
    request->header_count = 0;
    http_request_drop_body(request);
    buf_clear(&request->tags);
    buf_clear(&request->name);
    request->timeout = NSEC_NEVER;
    request->connect_timeout = NSEC_NEVER;
    request->max_redirects = 0;
    request->max_body = 0;
    request->discard = false;
    request->streams = false;
    request->expected.count = 0;
    http_settings_drop(request->settings);
    request->settings = NULL;
}

void
http_request_inherit(struct http_request *request,
                     const struct http_request *defaults)
{
    if (defaults->tags.size > 0)
        buf_append(&request->tags, defaults->tags.data, defaults->tags.size);
    request->timeout = defaults->timeout;
    request->connect_timeout = defaults->connect_timeout;
    request->max_redirects = defaults->max_redirects;
    request->max_body = defaults->max_body;
    request->discard = defaults->discard;
    if (defaults->expected.count > 0)
        request->expected = defaults->expected;
    request->settings = http_settings_hold(defaults->settings);
    request->header_count = defaults->header_count;
    if (defaults->headers.size > 0)
        buf_append(&request->headers, defaults->headers.data,
                   defaults->headers.size);
}

bool
http_request_expects(const struct http_request *request, int status)
{
    const struct http_expected *expected = &request->expected;
    if (expected->count == 0)
        return status >= 200 && status < 400;
    for (int i = 0; i < expected->count; i++)
        if (expected->status[i] == status ||
            expected->status[i] == status / 100)
            return true;
    return false;
}

void
http_expected_describe(const struct http_expected *expected,
                       char out[HTTP_EXPECTED_TEXT])
{
    assert(expected->count > 0);
    size_t size = 0;
    for (int i = 0; i < expected->count; i++) {
        int status = expected->status[i];
        size += (size_t)snprintf(out + size, HTTP_EXPECTED_TEXT - size,
                                 status < 10 ? "%s%dxx" : "%s%d",
                                 i == 0                     ? ""
                                 : i == expected->count - 1 ? " or "
                                                            : ", ",
                                 status);
    }
}

bool
http_request_set_method(struct http_request *request, const char *method,
                        size_t size, struct err *err)
{
    if (!check_token("method", method, size, err))
        return false;
    if (size >= sizeof(request->method))
        return err_set(err, "method '%.30s' is longer than %zu characters",
                       method, sizeof(request->method) - 1);
    memcpy(request->method, method, size);
    request->method[size] = '\0';
    return true;
}

/* Bytes beyond ASCII may not stand in a request line: they are sent as browsers
 * send them. */
static void
append_ascii(struct buf *out, const char *data, size_t size)
{
    size_t done = 0;
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)data[i] < 0x80)
            continue;
        buf_append(out, data + done, i - done);
        buf_printf(out, "%%%02X", (unsigned char)data[i]);
        done = i + 1;
    }
    if (size > done)
        buf_append(out, data + done, size - done);
}

static size_t
without_fragment(const char *url, size_t size)
{
    const char *hash = size > 0 ? memchr(url, '#', size) : NULL;
    return hash != NULL ? (size_t)(hash - url) : size;
}

static bool
set_absolute(struct http_request *request, const char *url, size_t size,
             struct err *err)
{
    struct url_parts parts;
    if (!url_split(url, size, &parts, err))
        return false;
    size = without_fragment(url, size);
    buf_clear(&request->url);
    buf_append(&request->url, url, parts.path);
    request->path = parts.path;
    append_ascii(&request->url, url + parts.path, size - parts.path);
    return true;
}

static bool
set_joined(struct http_request *request, const char *base_url, const char *url,
           size_t size, struct err *err)
{
    size_t base_size = strlen(base_url);
    struct url_parts base;
    if (!url_check_bytes(base_url, base_size, err) ||
        !url_split(base_url, base_size, &base, err))
        return err_prefix(err, "base_url");
    if (strpbrk(base_url + base.path, "?#") != NULL)
        return err_set(err,
                       "base_url '%.200s' has a '?' or '#': a path cannot be "
                       "put behind it",
                       base_url);
    size = without_fragment(url, size);
    buf_clear(&request->url);
    buf_append(&request->url, base_url, base.path);
    request->path = base.path;
    append_ascii(&request->url, base_url + base.path, base_size - base.path);
    if (size > 0 && url[0] != '?') {
        if (request->url.data[request->url.size - 1] != '/')
            buf_append(&request->url, "/", 1);
        if (url[0] == '/') {
            url++;
            size--;
        }
    }
    append_ascii(&request->url, url, size);
    return true;
}

bool
http_request_set_url(struct http_request *request, const char *base_url,
                     const char *url, size_t size, struct err *err)
{
    if (!url_check_bytes(url, size, err))
        return false;
    size_t scheme;
    int shown = size > 200 ? 200 : (int)size;
    if (url_has_scheme(url, size, &scheme)) {
        if (size >= scheme + 3 && memcmp(url + scheme, "://", 3) == 0)
            return set_absolute(request, url, size, err);
        return err_set(err,
                       "URL '%.*s' does not start with http:// or https:// "
                       "(a path with a ':' needs a '/' in front)",
                       shown, url);
    }
    if (size >= 2 && memcmp(url, "//", 2) == 0)
        return err_set(err,
                       "URL '%.*s' has no scheme: write http: or https: in "
                       "front",
                       shown, url);
    if (base_url == NULL || base_url[0] == '\0')
        return err_set(err,
                       "URL '%.*s' has no host: set base_url with --base-url "
                       "or molo.options, or use an absolute URL",
                       shown, url);
    return set_joined(request, base_url, url, size, err);
}

void
http_request_add_query(struct http_request *request, const char *key,
                       size_t key_size, const char *value, size_t value_size)
{
    struct buf *url = &request->url;
    const char *query =
        url->size > 0 ? memchr(url->data, '?', url->size) : NULL;
    if (query == NULL) {
        buf_append(url, "?", 1);
    } else {
        char last = url->data[url->size - 1];
        if (last != '?' && last != '&')
            buf_append(url, "&", 1);
    }
    uri_escape(url, key, key_size, URI_UNRESERVED);
    buf_append(url, "=", 1);
    uri_escape(url, value, value_size, URI_UNRESERVED);
}

/* The entry of that name within the header bytes, or NULL. */
static char *
find_header(const struct buf *headers, const char *name, size_t name_size)
{
    size_t pos = 0;
    while (pos < headers->size) {
        char *entry = headers->data + pos;
        size_t entry_size = strlen(entry);
        if (entry_size > name_size && entry[name_size] == ':' &&
            strncasecmp(entry, name, name_size) == 0)
            return entry;
        pos += entry_size + 1;
    }
    return NULL;
}

bool
http_check_header(const char *name, size_t name_size, const char *value,
                  size_t value_size, struct err *err)
{
    if (!check_token("header name", name, name_size, err))
        return false;
    char shown[64];
    if (str_has_ctl_break(value, value_size))
        return err_set(err, "header '%s' has a %s in its value",
                       printable(shown, sizeof(shown), name, name_size),
                       memchr(value, '\0', value_size) != NULL ? "NUL byte"
                                                               : "line break");
    /* A length other than the body's would make the rest of the body, or the
     * next request, a request of its own. */
    if (http_name_is(name, name_size, "Content-Length") ||
        http_name_is(name, name_size, "Transfer-Encoding"))
        return err_set(err,
                       "header '%s' cannot be set: it always follows from the "
                       "body",
                       printable(shown, sizeof(shown), name, name_size));
    return true;
}

bool
http_request_set_header(struct http_request *request, const char *name,
                        size_t name_size, const char *value, size_t value_size,
                        struct err *err)
{
    if (!http_check_header(name, name_size, value, value_size, err))
        return false;
    while (value_size > 0 && (value[0] == ' ' || value[0] == '\t')) {
        value++;
        value_size--;
    }
    while (value_size > 0 &&
           (value[value_size - 1] == ' ' || value[value_size - 1] == '\t'))
        value_size--;

    http_request_remove_header(request, name, name_size);
    buf_append(&request->headers, name, name_size);
    buf_append(&request->headers, ": ", 2);
    buf_append(&request->headers, value, value_size);
    buf_append(&request->headers, "", 1);
    request->header_count++;
    return true;
}

void
http_request_remove_header(struct http_request *request, const char *name,
                           size_t name_size)
{
    struct buf *headers = &request->headers;
    char *entry = find_header(headers, name, name_size);
    if (entry == NULL)
        return;
    size_t entry_size = strlen(entry) + 1;
    char *end = headers->data + headers->size;
    memmove(entry, entry + entry_size, (size_t)(end - entry) - entry_size);
    headers->size -= entry_size;
    headers->data[headers->size] = '\0';
    request->header_count--;
}

bool
http_request_has_header(const struct http_request *request, const char *name)
{
    return find_header(&request->headers, name, strlen(name)) != NULL;
}

bool
http_check_cookie(const char *name, size_t name_size, const char *value,
                  size_t value_size, struct err *err)
{
    if (!check_token("cookie name", name, name_size, err))
        return false;
    for (size_t i = 0; i < value_size; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c != ';' && c >= ' ' && c != 0x7f)
            continue;
        char shown[64];
        printable(shown, sizeof(shown), name, name_size);
        if (c == ';')
            return err_set(err, "cookie '%s' has a ';' in its value", shown);
        if (c == '\r' || c == '\n')
            return err_set(err, "cookie '%s' has a line break in its value",
                           shown);
        return err_set(err, "cookie '%s' has a byte 0x%02x in its value", shown,
                       c);
    }
    return true;
}

bool
http_request_add_cookie(struct http_request *request, const char *name,
                        size_t name_size, const char *value, size_t value_size,
                        struct err *err)
{
    if (!http_check_cookie(name, name_size, value, value_size, err))
        return false;
    static const char header[] = "Cookie";
    struct buf line = {0};
    const char *before = find_header(&request->headers, header, strlen(header));
    if (before != NULL)
        buf_printf(&line, "%s; ", before + strlen("Cookie: "));
    buf_append(&line, name, name_size);
    buf_append(&line, "=", 1);
    buf_append(&line, value, value_size);
    bool ok = http_request_set_header(request, header, strlen(header),
                                      line.data, line.size, err);
    buf_finish(&line);
    return ok;
}

void
http_request_set_body(struct http_request *request, const void *data,
                      size_t size)
{
    buf_clear(&request->body);
    buf_append(&request->body, data, size);
    request->has_body = true;
}

void
http_request_set_parts(struct http_request *request, struct http_body *parts)
{
    http_request_drop_body(request);
    request->parts = parts;
    request->has_body = true;
}

void
http_request_drop_body(struct http_request *request)
{
    buf_clear(&request->body);
    http_body_destroy(request->parts);
    request->parts = NULL;
    request->has_body = false;
}

uint64_t
http_request_body_size(const struct http_request *request)
{
    return request->parts != NULL ? request->parts->size : request->body.size;
}

const char *
http_request_label(const struct http_request *request, size_t *size)
{
    if (request->name.size > 0) {
        *size = request->name.size;
        return request->name.data;
    }
    *size = 1;
    if (request->url.size == request->path)
        return "/";
    const char *path = request->url.data + request->path;
    size_t path_size = strcspn(path, "?#");
    if (path_size == 0)
        return "/";
    *size = path_size;
    return path;
}
