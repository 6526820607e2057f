#include "http/cookie_rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <libpsl.h>

#include "base/mem.h"
#include "http/session.h"

/* Longer ones are refused, as libcurl does. */
enum { COOKIE_MAX = 4096 };
/* Of a name in the DNS. */
enum { DOMAIN_MAX = 255 };

static bool
is_address(const char *host, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (host[i] == ':')
            return true;
    /* No domain ends in a number. */
    return size > 0 && host[size - 1] >= '0' && host[size - 1] <= '9';
}

static bool
is_host(const struct cookie_place *place, const char *host)
{
    return place->host_size == strlen(host) &&
           strncasecmp(place->host, host, place->host_size) == 0;
}

bool
cookie_place_of(const char *url, size_t size, struct cookie_place *out)
{
    struct url_parts parts;
    if (!url_split(url, size, &parts, NULL))
        return false;
    *out = (struct cookie_place){
        .host = parts.host,
        .host_size = parts.host_size,
        .path = "/",
        .path_size = 1,
        .secure = parts.https,
    };
    if (out->host_size > 2 && out->host[0] == '[') {
        out->host++;
        out->host_size -= 2;
    }
    size_t path_size = parts.path;
    while (path_size < size && url[path_size] != '?' && url[path_size] != '#')
        path_size++;
    path_size -= parts.path;
    if (path_size > 0) {
        out->path = url + parts.path;
        out->path_size = path_size;
    }
    out->secure = out->secure || is_host(out, "localhost") ||
                  is_host(out, "127.0.0.1") || is_host(out, "::1");
    return true;
}

/* --- sending --- */

/* RFC 6265 section 5.1.3. */
static bool
matches_domain(const struct cookie_place *place, const char *domain,
               size_t domain_size, bool subdomains)
{
    if (place->host_size < domain_size)
        return false;
    size_t more = place->host_size - domain_size;
    if (strncasecmp(place->host + more, domain, domain_size) != 0)
        return false;
    if (more == 0)
        return true;
    return subdomains && place->host[more - 1] == '.' &&
           !is_address(place->host, place->host_size);
}

/* RFC 6265 section 5.1.4. */
static bool
matches_path(const struct cookie_place *place, const char *path)
{
    size_t size = strlen(path);
    if (place->path_size < size || memcmp(place->path, path, size) != 0)
        return false;
    return place->path_size == size || (size > 0 && path[size - 1] == '/') ||
           place->path[size] == '/';
}

struct sent_cookie {
    char *text;
    size_t path_size;
};
struct gathering {
    const struct cookie_place *place;
    struct sent_cookie *found;
    size_t count;
};

static void
gather(void *data, const struct http_cookie *cookie)
{
    struct gathering *g = data;
    if ((cookie->secure && !g->place->secure) ||
        !matches_domain(g->place, cookie->domain, strlen(cookie->domain),
                        cookie->subdomains) ||
        !matches_path(g->place, cookie->path))
        return;
    size_t path_size = strlen(cookie->path);
    g->found = xrealloc(g->found, (g->count + 1) * sizeof(g->found[0]));
    /* Behind those of the same length: they are older. */
    size_t at = g->count++;
    while (at > 0 && g->found[at - 1].path_size < path_size) {
        g->found[at] = g->found[at - 1];
        at--;
    }
    g->found[at] = (struct sent_cookie){
        .text = xasprintf("%s=%s", cookie->name, cookie->value),
        .path_size = path_size,
    };
}

void
cookie_rules_header(struct session *session, const struct cookie_place *place,
                    struct buf *out)
{
    struct gathering g = {.place = place};
    session_each_cookie(session, gather, &g);
    for (size_t i = 0; i < g.count; i++) {
        if (i > 0)
            buf_append_str(out, "; ");
        buf_append_str(out, g.found[i].text);
        free(g.found[i].text);
    }
    free(g.found);
}

/* --- receiving --- */

struct span {
    const char *data;
    size_t size;
};

static struct span
trimmed(const char *data, size_t size)
{
    while (size > 0 && (data[0] == ' ' || data[0] == '\t')) {
        data++;
        size--;
    }
    while (size > 0 && (data[size - 1] == ' ' || data[size - 1] == '\t'))
        size--;
    return (struct span){data, size};
}

static bool
span_is(struct span span, const char *word)
{
    return span.size == strlen(word) &&
           strncasecmp(span.data, word, span.size) == 0;
}

static bool
parse_date(struct span value, int64_t *out)
{
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S", "%a, %d-%b-%Y %H:%M:%S",
        "%A, %d-%b-%y %H:%M:%S", "%a %b %d %H:%M:%S %Y",
        "%d %b %Y %H:%M:%S",     "%a, %d-%b-%y %H:%M:%S",
    };
    char text[64];
    if (value.size >= sizeof(text))
        return false;
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm tm = {0};
        if (strptime(text, forms[i], &tm) != NULL && tm.tm_year > 0) {
            *out = (int64_t)timegm(&tm);
            return true;
        }
    }
    return false;
}

struct attributes {
    struct span domain, path;
    bool secure, http_only;
    bool has_age, has_date;
    int64_t age, date;
};

static void
take_attribute(struct attributes *a, struct span name, struct span value)
{
    if (span_is(name, "Domain")) {
        if (value.size > 0 && value.data[0] == '.')
            value = (struct span){value.data + 1, value.size - 1};
        a->domain = value;
    } else if (span_is(name, "Path")) {
        a->path = value;
    } else if (span_is(name, "Secure")) {
        a->secure = true;
    } else if (span_is(name, "HttpOnly")) {
        a->http_only = true;
    } else if (span_is(name, "Expires")) {
        a->has_date = parse_date(value, &a->date) || a->has_date;
    } else if (span_is(name, "Max-Age") && value.size > 0 && value.size < 18) {
        char *end;
        int64_t age = strtoll(value.data, &end, 10);
        if (end == value.data + value.size) {
            a->age = age;
            a->has_age = true;
        }
    }
}

static struct attributes
read_attributes(const char *data, size_t size)
{
    struct attributes a = {0};
    const char *end = data + size;
    while (data < end) {
        const char *stop = memchr(data, ';', (size_t)(end - data));
        size_t part = (size_t)((stop != NULL ? stop : end) - data);
        const char *equals = memchr(data, '=', part);
        size_t name = equals != NULL ? (size_t)(equals - data) : part;
        struct span value = {"", 0};
        if (equals != NULL)
            value = trimmed(equals + 1, part - name - 1);
        take_attribute(&a, trimmed(data, name), value);
        data += part + 1;
    }
    return a;
}

/* Without a path it is that of the request up to its last slash (RFC 6265
 * section 5.1.4). */
static struct span
path_of(const struct attributes *a, const struct cookie_place *place)
{
    if (a->path.size > 0 && a->path.data[0] == '/')
        return a->path;
    size_t size = place->path_size;
    while (size > 1 && place->path[size - 1] != '/')
        size--;
    if (size > 1)
        size--;
    return size > 0 && place->path[0] == '/' ? (struct span){place->path, size}
                                             : (struct span){"/", 1};
}

static void
lower(char *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    out[size] = '\0';
}

/* Whether everybody's domains are below it, as in "co.uk": one of them must not
 * speak for the others. */
static bool
is_public(const struct cookie_place *place, struct span domain)
{
    char host[DOMAIN_MAX + 1], own[DOMAIN_MAX + 1];
    if (place->host_size > DOMAIN_MAX || domain.size > DOMAIN_MAX)
        return true;
    lower(host, place->host, place->host_size);
    lower(own, domain.data, domain.size);
    return !psl_is_cookie_domain_acceptable(psl_builtin(), host, own);
}

/* A domain without a dot is one for all of its kind, whether known or not. */
static bool
may_set_domain(const struct cookie_place *place, struct span domain)
{
    if (domain.size == place->host_size)
        return matches_domain(place, domain.data, domain.size, false);
    return memchr(domain.data, '.', domain.size) != NULL &&
           matches_domain(place, domain.data, domain.size, true) &&
           !is_public(place, domain);
}

static bool
has_control(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)data[i] < ' ' || data[i] == 0x7f)
            return true;
    return false;
}

static bool
starts_with(struct span span, const char *prefix)
{
    size_t size = strlen(prefix);
    return span.size >= size && strncasecmp(span.data, prefix, size) == 0;
}

static bool
keeps_prefix(struct span name, const struct attributes *a, struct span path)
{
    if (starts_with(name, "__Host-"))
        return a->secure && a->domain.size == 0 && path.size == 1;
    return !starts_with(name, "__Secure-") || a->secure;
}

bool
cookie_rules_take(struct session *session, const struct cookie_place *place,
                  const char *value, size_t size, int64_t now)
{
    const char *stop = memchr(value, ';', size);
    size_t pair = stop != NULL ? (size_t)(stop - value) : size;
    const char *equals = memchr(value, '=', pair);
    if (equals == NULL || size > COOKIE_MAX || has_control(value, size))
        return false;
    struct span name = trimmed(value, (size_t)(equals - value));
    struct span content =
        trimmed(equals + 1, (size_t)(value + pair - equals - 1));
    if (name.size == 0)
        return false;
    struct attributes a = {0};
    if (stop != NULL)
        a = read_attributes(stop + 1, (size_t)(value + size - stop - 1));
    struct span path = path_of(&a, place);
    if ((a.domain.size > 0 && !may_set_domain(place, a.domain)) ||
        (a.secure && !place->secure) || !keeps_prefix(name, &a, path))
        return false;
    struct span domain = {place->host, place->host_size};
    bool subdomains = a.domain.size > 0;
    if (subdomains)
        domain = a.domain;
    int64_t expires = 0;
    if (a.has_age)
        expires = a.age > 0 ? now + a.age : 1;
    else if (a.has_date)
        expires = a.date > 0 ? a.date : 1;

    char *texts[] = {
        xstrndup(domain.data, domain.size),
        xstrndup(path.data, path.size),
        xstrndup(name.data, name.size),
        xstrndup(content.data, content.size),
    };
    session_set_cookie(session, &(struct http_cookie){
                                    .domain = texts[0],
                                    .path = texts[1],
                                    .name = texts[2],
                                    .value = texts[3],
                                    .subdomains = subdomains,
                                    .secure = a.secure,
                                    .http_only = a.http_only,
                                    .expires = expires,
                                });
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(texts[i]);
    return true;
}
