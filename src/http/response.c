#include "http/response.h"

#include <string.h>
#include <strings.h>

void
http_response_finish(struct http_response *response)
{
    buf_finish(&response->headers);
    buf_finish(&response->body);
    buf_finish(&response->redirect_url);
}

void
http_response_reset(struct http_response *response)
{
    response->status = 0;
    response->http_version = 0;
    buf_clear(&response->headers);
    buf_clear(&response->body);
    buf_clear(&response->redirect_url);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void
trim(const char **data, size_t *size)
{
    while (*size > 0 && is_blank((*data)[0])) {
        (*data)++;
        (*size)--;
    }
    while (*size > 0 && is_blank((*data)[*size - 1]))
        (*size)--;
}

bool
http_header_next(const char *headers, size_t size, size_t *pos,
                 const char **name, size_t *name_size, const char **value,
                 size_t *value_size)
{
    while (*pos < size) {
        const char *line = headers + *pos;
        size_t rest = size - *pos;
        const char *newline = memchr(line, '\n', rest);
        size_t line_size = newline != NULL ? (size_t)(newline - line) : rest;
        *pos += newline != NULL ? line_size + 1 : line_size;

        const char *colon = memchr(line, ':', line_size);
        if (colon == NULL)
            continue; /* not a header: servers send the strangest lines */
        *name = line;
        *name_size = (size_t)(colon - line);
        trim(name, name_size);
        *value = colon + 1;
        *value_size = line_size - (size_t)(colon + 1 - line);
        trim(value, value_size);
        if (*name_size > 0)
            return true;
    }
    return false;
}

bool
http_name_is(const char *name, size_t size, const char *wanted)
{
    return size == strlen(wanted) && strncasecmp(name, wanted, size) == 0;
}

const char *
http_header_find(const char *headers, size_t size, const char *wanted,
                 size_t *value_size)
{
    size_t pos = 0, name_size;
    const char *name, *value;
    while (http_header_next(headers, size, &pos, &name, &name_size, &value,
                            value_size))
        if (http_name_is(name, name_size, wanted))
            return value;
    return NULL;
}

/* True if one of the comma-separated words is `word`. */
static bool
has_word(const char *list, size_t size, const char *word)
{
    const char *end = list + size;
    while (list < end) {
        while (list < end && (*list == ' ' || *list == ',' || *list == '\t'))
            list++;
        const char *start = list;
        while (list < end && *list != ' ' && *list != ',' && *list != '\t')
            list++;
        if (http_name_is(start, (size_t)(list - start), word))
            return true;
    }
    return false;
}

bool
http_header_has_word(const char *headers, size_t size, const char *wanted,
                     const char *word)
{
    size_t pos = 0, name_size, value_size;
    const char *name, *value;
    while (http_header_next(headers, size, &pos, &name, &name_size, &value,
                            &value_size))
        if (http_name_is(name, name_size, wanted) &&
            has_word(value, value_size, word))
            return true;
    return false;
}
