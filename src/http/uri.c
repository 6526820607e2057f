#include "http/uri.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "http/url.h"

static bool
is_unreserved(unsigned char c)
{
    return c < 0x80 && (isalnum(c) || (c != '\0' && strchr("-._~", c) != NULL));
}

static bool
can_stand(unsigned char c, enum uri_place place)
{
    if (is_unreserved(c))
        return true;
    if (place == URI_UNRESERVED || c == '\0')
        return false;
    if (strchr("!$&'()*+,;=:@/%", c) != NULL)
        return true;
    return place == URI_QUERY && c == '?';
}

static bool
is_hex(char c)
{
    return isxdigit((unsigned char)c) != 0;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) - 'a' + 10;
}

void
uri_escape(struct buf *out, const char *text, size_t size, enum uri_place place)
{
    static const char digits[] = "0123456789ABCDEF";
    buf_append(out, NULL, 0);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        const char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};
        if (can_stand(c, place))
            buf_append(out, text + i, 1);
        else
            buf_append(out, escaped, sizeof(escaped));
    }
}

bool
uri_check_escapes(const char *text, size_t size, struct err *err)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '%')
            continue;
        if (size - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
            return err_set(err,
                           "the '%%' at byte %zu is not followed by two "
                           "hexadecimal digits: a percent sign itself is %%25",
                           i + 1);
    }
    return true;
}

void
uri_unescape(struct buf *out, const char *text, size_t size, bool plus)
{
    buf_append(out, NULL, 0);
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            c = (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        buf_append(out, &c, 1);
    }
}

bool
uri_check_scheme(const char *text, size_t size, struct err *err)
{
    bool ok = size > 0 && isalpha((unsigned char)text[0]);
    for (size_t i = 0; i < size && ok; i++)
        ok = isalnum((unsigned char)text[i]) ||
             (text[i] != '\0' && strchr("+-.", text[i]) != NULL);
    if (!ok)
        return err_set(err,
                       "'%.*s' is no scheme: a letter, then letters, digits, "
                       "'+', '-' and '.', such as https",
                       (int)(size < 64 ? size : 64), text);
    return true;
}

bool
uri_scheme_needs_host(const char *scheme, size_t size)
{
    static const char *const schemes[] = {"http", "https", "ws", "wss"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strlen(schemes[i]) == size &&
            strncasecmp(scheme, schemes[i], size) == 0)
            return true;
    return false;
}

/* An IPv6 address, with a zone behind '%' perhaps. */
static bool
check_ipv6(const char *text, size_t size, struct err *err)
{
    char address[INET6_ADDRSTRLEN];
    const char *zone = memchr(text, '%', size);
    size_t length = zone ? (size_t)(zone - text) : size;
    struct in6_addr parsed;
    bool ok = length < sizeof(address);
    if (ok) {
        memcpy(address, text, length);
        address[length] = '\0';
        ok = inet_pton(AF_INET6, address, &parsed) == 1;
    }
    for (size_t i = length; i < size && ok; i++)
        ok = text[i] == '%' || is_unreserved((unsigned char)text[i]);
    if (!ok)
        return err_set(err, "the host '%.*s' is no IPv6 address",
                       (int)(size < 64 ? size : 64), text);
    return uri_check_escapes(text, size, err);
}

bool
uri_check_host(const char *text, size_t size, struct err *err)
{
    if (size > 0 && memchr(text, ':', size))
        return check_ipv6(text, size, err);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80 && (!can_stand(c, URI_PATH) || c == '/' || c == '@'))
            return err_set(err,
                           "byte %zu of the host '%.*s' cannot stand in "
                           "a host",
                           i + 1, (int)(size < 200 ? size : 200), text);
    }
    return uri_check_escapes(text, size, err);
}

static bool
parse_port(struct uri_part part, int *out, struct err *err)
{
    int port = 0;
    bool ok = part.size > 0 && part.size <= 5;
    for (size_t i = 0; i < part.size && ok; i++) {
        ok = isdigit((unsigned char)part.data[i]);
        port = port * 10 + (part.data[i] - '0');
    }
    if (!ok || port < 1 || port > 65535)
        return err_set(err, "the port '%.*s' is not 1..65535",
                       (int)(part.size < 32 ? part.size : 32), part.data);
    *out = port;
    return true;
}

static struct uri_part
between(const char *from, const char *to)
{
    return (struct uri_part){from, (size_t)(to - from)};
}

/* user:password@ */
static const char *
parse_user(const char *p, const char *end, struct uri *out)
{
    const char *at = memrchr(p, '@', (size_t)(end - p));
    if (!at)
        return p;
    const char *colon = memchr(p, ':', (size_t)(at - p));
    out->user = between(p, colon ? colon : at);
    if (colon)
        out->password = between(colon + 1, at);
    return at + 1;
}

static bool
parse_authority(const char *p, const char *end, struct uri *out,
                struct err *err)
{
    p = parse_user(p, end, out);
    const char *host_end;
    if (p < end && *p == '[') {
        host_end = memchr(p, ']', (size_t)(end - p));
        if (!host_end)
            return err_set(err, "the '[' of the host is not closed");
        out->host = between(p + 1, host_end++);
        if (host_end < end && *host_end != ':')
            return err_set(err, "only a port may follow the ']' of the host");
        if (!check_ipv6(out->host.data, out->host.size, err))
            return false;
    } else {
        host_end = memchr(p, ':', (size_t)(end - p));
        host_end = host_end ? host_end : end;
        out->host = between(p, host_end);
        if (!uri_check_host(p, out->host.size, err))
            return false;
    }
    return host_end == end ||
           parse_port(between(host_end + 1, end), &out->port, err);
}

/* The first of `bytes` in [p, end), else the end. */
static const char *
find_any(const char *p, const char *end, const char *bytes)
{
    while (p < end && strchr(bytes, *p) == NULL)
        p++;
    return p;
}

bool
uri_parse(const char *text, size_t size, struct uri *out, struct err *err)
{
    if (!url_check_bytes(text, size, err) ||
        !uri_check_escapes(text, size, err))
        return false;
    struct uri parsed = {.port = 0};
    const char *p = text, *end = text + size;
    size_t scheme_size = 0;
    if (url_has_scheme(text, size, &scheme_size)) {
        parsed.scheme = (struct uri_part){text, scheme_size};
        p += scheme_size + 1;
    }
    if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
        const char *authority_end = find_any(p + 2, end, "/?#");
        if (!parse_authority(p + 2, authority_end, &parsed, err))
            return false;
        p = authority_end;
    }
    if (parsed.host.size == 0 && parsed.scheme.data &&
        uri_scheme_needs_host(text, scheme_size))
        return err_set(err, "'%.*s' has no host",
                       (int)(size < 200 ? size : 200), text);
    const char *path_end = find_any(p, end, "?#");
    parsed.path = between(p, path_end);
    p = path_end;
    if (p < end && *p == '?') {
        const char *query_end = find_any(p + 1, end, "#");
        parsed.query = between(p + 1, query_end);
        p = query_end;
    }
    if (p < end)
        parsed.fragment = between(p + 1, end);
    *out = parsed;
    return true;
}
