#include "http/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool
is_host_byte(unsigned char c)
{
    return isalnum(c) || c == '.' || c >= 0x80 ||
           (c != '\0' && strchr("-._~%!$&'()*+,;=", c) != NULL);
}

bool
url_check_bytes(const char *url, size_t size, struct err *err)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)url[i];
        if (c > ' ' && c != 0x7f)
            continue;
        if (c == ' ')
            return err_set(err,
                           "the URL has a space at byte %zu: write %%20, or "
                           "put the value in 'query'",
                           i + 1);
        const char *what = c == '\r' || c == '\n' ? "line break"
                           : c == '\0'            ? "NUL byte"
                                                  : "control character";
        return err_set(err, "the URL has a %s at byte %zu", what, i + 1);
    }
    return true;
}

bool
url_has_scheme(const char *url, size_t size, size_t *scheme_size)
{
    if (size == 0 || !isalpha((unsigned char)url[0]))
        return false;
    size_t i = 1;
    while (i < size && (isalnum((unsigned char)url[i]) || url[i] == '+' ||
                        url[i] == '-' || url[i] == '.'))
        i++;
    if (i == size || url[i] != ':')
        return false;
    *scheme_size = i;
    return true;
}

static bool
parse_port(const char *text, size_t size, int *out)
{
    if (size == 0 || size > 5)
        return false;
    int port = 0;
    for (size_t i = 0; i < size; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        port = port * 10 + (text[i] - '0');
    }
    if (port == 0 || port > 65535)
        return false;
    *out = port;
    return true;
}

/* Where the host ends within [host, end): behind the bracket of an IPv6
 * address, else at the colon of the port. NULL: no such host. */
static const char *
find_host_end(const char *host, const char *end)
{
    const char *p = host;
    if (p < end && *p == '[') {
        while (p < end && *p != ']') {
            if (!isxdigit((unsigned char)*p) &&
                (*p == '\0' || strchr("[:.", *p) == NULL))
                return NULL;
            p++;
        }
        return p < end && p > host + 1 ? p + 1 : NULL;
    }
    while (p < end && is_host_byte((unsigned char)*p))
        p++;
    return p < end && *p != ':' ? NULL : p;
}

bool
url_split(const char *url, size_t size, struct url_parts *out, struct err *err)
{
    int shown = size > 200 ? 200 : (int)size;
    size_t scheme = 0;
    if (!url_has_scheme(url, size, &scheme) || size < scheme + 3 ||
        memcmp(url + scheme, "://", 3) != 0)
        return err_set(err,
                       "URL '%.*s' does not start with http:// or https://",
                       shown, url);
    struct url_parts parts = {.port = 80};
    if (scheme == 5 && strncasecmp(url, "https", 5) == 0)
        parts = (struct url_parts){.https = true, .port = 443};
    else if (scheme != 4 || strncasecmp(url, "http", 4) != 0)
        return err_set(err,
                       "URL scheme '%.*s' is not supported: only http "
                       "and https are",
                       (int)(scheme < 32 ? scheme : 32), url);

    const char *authority = url + scheme + 3;
    const char *end = authority;
    while (end < url + size && *end != '/' && *end != '?' && *end != '#')
        end++;
    parts.host = authority;
    parts.user = authority;
    for (const char *p = authority; p < end; p++) {
        if (*p != '@')
            continue;
        parts.host = p + 1;
        parts.user_size = (size_t)(p - authority);
    }
    const char *host_end = find_host_end(parts.host, end);
    if (host_end == NULL || (host_end < end && *host_end != ':'))
        return err_set(err, "URL '%.*s' has a malformed host", shown, url);
    parts.host_size = (size_t)(host_end - parts.host);
    if (parts.host_size == 0)
        return err_set(err, "URL '%.*s' has no host", shown, url);
    if (host_end < end &&
        !parse_port(host_end + 1, (size_t)(end - host_end - 1), &parts.port))
        return err_set(err, "URL '%.*s' has a port that is not 1..65535", shown,
                       url);
    parts.path = (size_t)(end - url);
    *out = parts;
    return true;
}

bool
url_same_origin(const struct url_parts *a, const struct url_parts *b)
{
    return a->https == b->https && a->port == b->port &&
           a->host_size == b->host_size &&
           strncasecmp(a->host, b->host, a->host_size) == 0;
}
