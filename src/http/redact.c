#include "http/redact.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "http/response.h"
#include "http/uri.h"

/* Texts to hide, each ended by NUL, after one another. */
static struct {
    pthread_mutex_t mutex;
    struct buf texts;
} hidden = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void
remember(const char *text)
{
    buf_append(&hidden.texts, text, strlen(text) + 1);
}

void
redact_hide(const char *text)
{
    if (text[0] == '\0')
        return;
    struct buf escaped = {0};
    uri_escape(&escaped, text, strlen(text), URI_UNRESERVED);
    pthread_mutex_lock(&hidden.mutex);
    remember(text);
    if (strcmp(escaped.data, text) != 0)
        remember(escaped.data);
    pthread_mutex_unlock(&hidden.mutex);
    buf_finish(&escaped);
}

void
redact_mark_text(const char *data, size_t size, const char *text,
                 unsigned char *mask)
{
    size_t text_size = strlen(text);
    const char *end = data + size;
    const char *at = data;
    while ((at = memmem(at, (size_t)(end - at), text, text_size)) != NULL) {
        memset(mask + (at - data), 1, text_size);
        at += text_size;
    }
}

static void
mark_hidden_texts(const char *data, size_t size, unsigned char *mask)
{
    pthread_mutex_lock(&hidden.mutex);
    for (size_t pos = 0; pos < hidden.texts.size;) {
        const char *text = hidden.texts.data + pos;
        redact_mark_text(data, size, text, mask);
        pos += strlen(text) + 1;
    }
    pthread_mutex_unlock(&hidden.mutex);
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-encoding, case and what joins words do not make another name. */
static void
fold_name(const char *name, size_t size, struct buf *out)
{
    buf_append_str(out, "");
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        if (c == '%' && i + 2 < size && hex_digit(name[i + 1]) >= 0 &&
            hex_digit(name[i + 2]) >= 0) {
            c = (char)(hex_digit(name[i + 1]) * 16 + hex_digit(name[i + 2]));
            i += 2;
        }
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            buf_append(out, &c, 1);
    }
}

bool
redact_is_secret_name(const char *name, size_t size)
{
    static const char *const words[] = {"password", "passwd", "secret", "token",
                                        "apikey"};
    struct buf folded = {0};
    fold_name(name, size, &folded);
    bool found = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        found = found || strstr(folded.data, words[i]) != NULL;
    buf_finish(&folded);
    return found;
}

/* --- parameters and URLs --- */

static bool
ends_url(char c)
{
    return (unsigned char)c <= ' ' || strchr("\"'<>`", c) != NULL;
}

/* "name=value&name=value" up to what cannot stand in a URL. A ';' or '?' begins
 * another name as well, so that a URL within a URL is seen; but a secret goes
 * up to the '&'. */
static size_t
mark_parameters(const char *data, size_t size, unsigned char *mask)
{
    size_t name = 0, pos = 0;
    for (; pos < size && !ends_url(data[pos]) && data[pos] != '#'; pos++) {
        if (strchr("&;?", data[pos]) != NULL) {
            name = pos + 1;
            continue;
        }
        if (data[pos] != '=' || name > pos ||
            !redact_is_secret_name(data + name, pos - name))
            continue;
        size_t value = pos + 1;
        while (pos + 1 < size && !ends_url(data[pos + 1]) &&
               data[pos + 1] != '&' && data[pos + 1] != '#')
            pos++;
        memset(mask + value, 1, pos + 1 - value);
    }
    return pos;
}

/* Behind "://": the password, or all that stands before an '@' if that is one
 * word, which may be a token. */
static void
mark_userinfo(const char *data, size_t size, unsigned char *mask)
{
    size_t colon = size, at = size;
    for (size_t i = 0; i < size && !ends_url(data[i]); i++) {
        if (strchr("/?#", data[i]) != NULL)
            break;
        if (data[i] == ':' && colon == size)
            colon = i;
        if (data[i] == '@')
            at = i;
    }
    if (at == size)
        return;
    size_t from = colon < at ? colon + 1 : 0;
    memset(mask + from, 1, at - from);
}

static void
mark_urls(const char *data, size_t size, unsigned char *mask)
{
    for (size_t pos = 0; pos < size; pos++) {
        if (data[pos] == '?') {
            pos +=
                mark_parameters(data + pos + 1, size - pos - 1, mask + pos + 1);
        } else if (size - pos > 3 && memcmp(data + pos, "://", 3) == 0) {
            pos += 2;
            mark_userinfo(data + pos + 1, size - pos - 1, mask + pos + 1);
        }
    }
}

void
redact_mark_urls(const char *data, size_t size, unsigned char *mask)
{
    mark_urls(data, size, mask);
    mark_hidden_texts(data, size, mask);
}

/* --- heads --- */

/* Of "a=1; b=2" what stands between '=' and ';'; of a word without '=' all of
 * it. `only_first`: the rest are attributes. */
static void
mark_cookies(const char *data, size_t size, bool only_first,
             unsigned char *mask)
{
    for (size_t pos = 0; pos < size;) {
        const char *semicolon = memchr(data + pos, ';', size - pos);
        size_t end = semicolon != NULL ? (size_t)(semicolon - data) : size;
        const char *equals = memchr(data + pos, '=', end - pos);
        size_t from = equals != NULL ? (size_t)(equals - data) + 1 : pos;
        memset(mask + from, 1, end - from);
        if (only_first)
            return;
        pos = end + 1;
        while (pos < size && data[pos] == ' ')
            pos++;
    }
}

/* False if a folded line that follows may be shown. */
static bool
mark_header(const char *line, size_t size, unsigned char *mask)
{
    const char *colon = memchr(line, ':', size);
    if (colon == NULL) {
        mark_urls(line, size, mask);
        return false;
    }
    size_t name_size = (size_t)(colon - line);
    size_t from = name_size + 1;
    while (from < size && (line[from] == ' ' || line[from] == '\t'))
        from++;
    const char *value = line + from;
    size_t value_size = size - from;
    if (http_name_is(line, name_size, "Authorization") ||
        http_name_is(line, name_size, "Proxy-Authorization")) {
        /* The scheme tells something, and no secret. */
        const char *space = memchr(value, ' ', value_size);
        size_t shown = space != NULL ? (size_t)(space - value) + 1 : 0;
        memset(mask + from + shown, 1, value_size - shown);
        return true;
    }
    if (http_name_is(line, name_size, "Cookie") ||
        http_name_is(line, name_size, "Set-Cookie")) {
        mark_cookies(value, value_size, name_size > strlen("Cookie"),
                     mask + from);
        return true;
    }
    if (redact_is_secret_name(line, name_size)) {
        memset(mask + from, 1, value_size);
        return true;
    }
    mark_urls(value, value_size, mask + from);
    return false;
}

void
redact_mark_head(const char *data, size_t size, unsigned char *mask)
{
    bool hides_folded = false;
    for (size_t pos = 0; pos < size;) {
        const char *newline = memchr(data + pos, '\n', size - pos);
        size_t end = newline != NULL ? (size_t)(newline - data) : size;
        size_t line_size = end - pos;
        if (line_size > 0 && data[end - 1] == '\r')
            line_size--;
        const char *line = data + pos;
        if (line_size > 0 && (line[0] == ' ' || line[0] == '\t')) {
            if (hides_folded)
                memset(mask + pos, 1, line_size);
            else
                mark_urls(line, line_size, mask + pos);
        } else if (pos == 0 && memchr(line, ' ', line_size) != NULL &&
                   memmem(line, line_size, "HTTP/", 5) != NULL) {
            mark_urls(line, line_size, mask);
        } else {
            hides_folded = mark_header(line, line_size, mask + pos);
        }
        pos = end + 1;
    }
    mark_hidden_texts(data, size, mask);
}

/* --- bodies --- */

/* The position behind the string that begins at `pos`, or where it is cut. No
 * string of JSON has a line break, so that a stray quote does little harm. */
static size_t
skip_string(const char *data, size_t size, size_t pos)
{
    for (pos++; pos < size; pos++) {
        if (data[pos] == '\\')
            pos++;
        else if (data[pos] == '"')
            return pos + 1;
        else if (data[pos] == '\n')
            return pos;
    }
    return size;
}

static size_t
skip_blanks(const char *data, size_t size, size_t pos)
{
    while (pos < size && memchr(" \t\r\n", data[pos], 4) != NULL)
        pos++;
    return pos;
}

static size_t
skip_value(const char *data, size_t size, size_t pos)
{
    if (pos < size && data[pos] == '"')
        return skip_string(data, size, pos);
    if (pos < size && data[pos] != '{' && data[pos] != '[') {
        while (pos < size && memchr(",}] \t\r\n", data[pos], 7) == NULL)
            pos++;
        return pos;
    }
    int depth = 0;
    while (pos < size) {
        if (data[pos] == '"') {
            pos = skip_string(data, size, pos);
            continue;
        }
        char c = data[pos++];
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return pos;
}

static void
mark_json(const char *data, size_t size, unsigned char *mask)
{
    for (size_t pos = 0; pos < size;) {
        if (data[pos] != '"') {
            pos++;
            continue;
        }
        size_t name = pos + 1;
        pos = skip_string(data, size, pos);
        if (pos <= name)
            continue;
        size_t name_size = pos - 1 - name;
        size_t colon = skip_blanks(data, size, pos);
        if (colon == size || data[colon] != ':' ||
            !redact_is_secret_name(data + name, name_size))
            continue;
        size_t value = skip_blanks(data, size, colon + 1);
        pos = skip_value(data, size, value);
        memset(mask + value, 1, pos - value);
    }
}

static bool
contains_word(const char *text, const char *word)
{
    return text != NULL && strcasestr(text, word) != NULL;
}

/* The name of a part, in its line Content-Disposition. */
static bool
names_secret(const char *line, size_t size)
{
    static const char key[] = "name=";
    static const char header[] = "Content-Disposition:";
    if (size <= strlen(header) ||
        strncasecmp(line, header, strlen(header)) != 0)
        return false;
    const char *at = memmem(line, size, key, strlen(key));
    if (at == NULL)
        return false;
    at += strlen(key);
    size_t rest = size - (size_t)(at - line);
    const char *end = memchr(at, ';', rest);
    return redact_is_secret_name(at, end != NULL ? (size_t)(end - at) : rest);
}

static void
mark_multipart(const char *data, size_t size, unsigned char *mask)
{
    bool in_head = false, secret = false;
    for (size_t pos = 0; pos < size;) {
        const char *newline = memchr(data + pos, '\n', size - pos);
        size_t end = newline != NULL ? (size_t)(newline - data) : size;
        size_t line_size = end - pos;
        if (line_size > 0 && data[end - 1] == '\r')
            line_size--;
        if (line_size >= 2 && memcmp(data + pos, "--", 2) == 0) {
            in_head = true;
            secret = false;
        } else if (in_head && line_size == 0) {
            in_head = false;
        } else if (in_head) {
            secret = secret || names_secret(data + pos, line_size);
        } else if (secret) {
            memset(mask + pos, 1, line_size);
        }
        pos = end + 1;
    }
}

void
redact_mark_body(const char *data, size_t size, const char *type,
                 unsigned char *mask)
{
    if (contains_word(type, "multipart/"))
        mark_multipart(data, size, mask);
    mark_json(data, size, mask);
    if (!contains_word(type, "json"))
        mark_parameters(data, size, mask);
    mark_urls(data, size, mask);
    mark_hidden_texts(data, size, mask);
}

/* --- what is shown --- */

/* C1 controls are two bytes of UTF-8 and steer terminals, too. */
static bool
is_control(const char *data, size_t length)
{
    unsigned char c = (unsigned char)data[0];
    if (length == 2)
        return c == 0xc2 && (unsigned char)data[1] < 0xa0;
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

void
redact_append(struct buf *out, const char *data, size_t size,
              const unsigned char *mask)
{
    for (size_t i = 0; i < size;) {
        if (mask[i]) {
            buf_append_str(out, "***");
            while (i < size && mask[i])
                i++;
            continue;
        }
        size_t length = utf8_length(data + i, size - i);
        if (length > 0 && !is_control(data + i, length)) {
            buf_append(out, data + i, length);
            i += length;
            continue;
        }
        buf_printf(out, "\\x%02x", (unsigned char)data[i]);
        i++;
    }
}

void
redact_append_url(struct buf *out, const char *url, size_t size)
{
    unsigned char *mask = xcalloc(1, size + 1);
    redact_mark_urls(url, size, mask);
    redact_append(out, url, size, mask);
    free(mask);
}
