#include "http/cookies.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* domain, subdomains, path, secure, expires, name, value */
enum { FIELD_NAME = 5, FIELD_COUNT = 7 };

static const char http_only_mark[] = "#HttpOnly_";

/* A field of a line, between tabs; an absent one is empty. */
static const char *
field(const char *line, int number, size_t *size)
{
    for (int i = 0; i < number; i++) {
        const char *tab = strchr(line, '\t');
        if (tab == NULL) {
            *size = 0;
            return "";
        }
        line = tab + 1;
    }
    *size = strcspn(line, "\t");
    return line;
}

static bool
same_field(const char *a, const char *b, int number)
{
    size_t a_size, b_size;
    const char *a_text = field(a, number, &a_size);
    const char *b_text = field(b, number, &b_size);
    return a_size == b_size && memcmp(a_text, b_text, a_size) == 0;
}

/* Domain without the marks in front of it: the cookie is the same one when the
 * server changes its mind about them. */
static const char *
bare_domain(const char *line)
{
    if (strncmp(line, http_only_mark, strlen(http_only_mark)) == 0)
        line += strlen(http_only_mark);
    return line[0] == '.' ? line + 1 : line;
}

static bool
is_same_cookie(const char *a, const char *b)
{
    return same_field(bare_domain(a), bare_domain(b), 0) &&
           same_field(a, b, 2) && same_field(a, b, FIELD_NAME);
}

/* The line of the same cookie, or NULL. */
static char *
find(const struct buf *lines, const char *line)
{
    for (size_t pos = 0; pos < lines->size;) {
        char *here = lines->data + pos;
        if (is_same_cookie(here, line))
            return here;
        pos += strlen(here) + 1;
    }
    return NULL;
}

static void
remove_line(struct cookie_jar *jar, const char *line)
{
    char *here = find(&jar->lines, line);
    if (here == NULL)
        return;
    size_t size = strlen(here) + 1;
    size_t rest = (size_t)(jar->lines.data + jar->lines.size - here) - size;
    memmove(here, here + size, rest);
    jar->lines.size -= size;
    jar->changes++;
}

static void
put_line(struct cookie_jar *jar, const char *line)
{
    remove_line(jar, line);
    buf_append(&jar->lines, line, strlen(line) + 1);
    jar->changes++;
}

void
cookie_jar_finish(struct cookie_jar *jar)
{
    buf_finish(&jar->lines);
}

void
cookie_jar_set(struct cookie_jar *jar, const struct http_cookie *cookie)
{
    struct buf line = {0};
    buf_printf(&line, "%s%s%s\t%s\t%s\t%s\t%" PRId64 "\t%s\t%s",
               cookie->http_only ? http_only_mark : "",
               cookie->subdomains ? "." : "", cookie->domain,
               cookie->subdomains ? "TRUE" : "FALSE", cookie->path,
               cookie->secure ? "TRUE" : "FALSE", cookie->expires, cookie->name,
               cookie->value);
    put_line(jar, line.data);
    buf_finish(&line);
}

void
cookie_jar_each(const struct cookie_jar *jar, int64_t now,
                http_cookie_fn *visit, void *data)
{
    struct buf copy = {0};
    for (size_t pos = 0; pos < jar->lines.size;) {
        const char *line = jar->lines.data + pos;
        pos += strlen(line) + 1;
        buf_clear(&copy);
        buf_append_str(&copy, line);
        const char *fields[FIELD_COUNT];
        for (int i = 0; i < FIELD_COUNT; i++) {
            size_t size;
            fields[i] = field(copy.data, i, &size);
        }
        for (char *c = copy.data; *c != '\0'; c++)
            if (*c == '\t')
                *c = '\0';
        int64_t expires = strtoll(fields[4], NULL, 10);
        if (expires != 0 && expires <= now)
            continue;
        visit(data, &(struct http_cookie){
                        .domain = bare_domain(fields[0]),
                        .subdomains = strcmp(fields[1], "TRUE") == 0,
                        .path = fields[2],
                        .secure = strcmp(fields[3], "TRUE") == 0,
                        .http_only = fields[0][0] == '#',
                        .expires = expires,
                        .name = fields[FIELD_NAME],
                        .value = fields[6],
                    });
    }
    buf_finish(&copy);
}

static bool
has_line(const struct buf *lines, const char *line)
{
    const char *known = find(lines, line);
    return known != NULL && strcmp(known, line) == 0;
}

void
cookie_jar_merge(struct cookie_jar *jar, const struct buf *before,
                 const struct buf *after)
{
    for (size_t pos = 0; pos < after->size;) {
        const char *line = after->data + pos;
        if (!has_line(before, line))
            put_line(jar, line);
        pos += strlen(line) + 1;
    }
    for (size_t pos = 0; pos < before->size;) {
        const char *line = before->data + pos;
        if (find(after, line) == NULL)
            remove_line(jar, line);
        pos += strlen(line) + 1;
    }
}
