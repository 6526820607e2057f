#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "http/cookies.h"

/* The lines that a transport tells of its cookies, whose names and values come
 * from servers. */

const unsigned fuzz_default_runs = 15000;

void
fuzz_setup(void)
{
}

void
fuzz_finish(void)
{
}

static void
copy_cookie(void *data, const struct http_cookie *cookie)
{
    FUZZ_CHECK(cookie->domain != NULL && cookie->path != NULL);
    FUZZ_CHECK(cookie->name != NULL && cookie->value != NULL);
    cookie_jar_set(data, cookie);
}

static void
count_cookie(void *data, const struct http_cookie *cookie)
{
    ++*(size_t *)data;
}

/* Lines, as many strings one after another; no NUL within. */
static void
take_lines(const char *data, size_t size, struct buf *out)
{
    for (size_t pos = 0; pos < size;) {
        const char *end = memchr(data + pos, '\n', size - pos);
        size_t line = end != NULL ? (size_t)(end - data) - pos : size - pos;
        const char *nul = memchr(data + pos, '\0', line);
        size_t used = nul != NULL ? (size_t)(nul - data) - pos : line;
        buf_append(out, data + pos, used);
        buf_append(out, "", 1);
        pos += line + 1;
    }
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    /* What there was before, and what there is now. */
    struct buf before = {0}, after = {0};
    size_t half = size / 2;
    take_lines((const char *)data, half, &before);
    take_lines((const char *)data + half, size - half, &after);
    struct cookie_jar jar = {0}, copy = {0}, again = {0};
    struct buf none = {0};
    cookie_jar_merge(&jar, &none, &before);
    cookie_jar_merge(&jar, &before, &after);
    cookie_jar_each(&jar, 0, copy_cookie, &copy);
    cookie_jar_each(&copy, 0, copy_cookie, &again);
    size_t first = 0, second = 0;
    cookie_jar_each(&copy, 0, count_cookie, &first);
    cookie_jar_each(&again, 0, count_cookie, &second);
    /* Lines that are no cookies may become the same. */
    FUZZ_CHECK(second <= first);
    cookie_jar_finish(&jar);
    cookie_jar_finish(&copy);
    cookie_jar_finish(&again);
    buf_finish(&before);
    buf_finish(&after);
    return 0;
}
