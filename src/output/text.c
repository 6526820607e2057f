#include "output/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/secrets.h"

/* Length of the valid UTF-8 sequence at `s`, 0 if there is none. Overlong
 * forms, surrogates and what lies beyond U+10FFFF are not valid. */
static size_t
sequence_length(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0x80)
        return 1;
    size_t length = u[0] < 0xc2   ? 0
                    : u[0] < 0xe0 ? 2
                    : u[0] < 0xf0 ? 3
                    : u[0] < 0xf5 ? 4
                                  : 0;
    for (size_t i = 1; i < length; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
        (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
        return 0;
    return length;
}

/* Terminals also obey the control characters U+0080 to U+009F. */
static bool
is_control(const char *s, size_t length)
{
    unsigned char first = (unsigned char)s[0];
    if (length == 1)
        return first < 0x20 || first == 0x7f;
    return length == 2 && first == 0xc2 && (unsigned char)s[1] < 0xa0;
}

static void
append_printable(struct buf *out, const char *s)
{
    while (*s != '\0') {
        size_t length = sequence_length(s);
        if (length > 0 && !is_control(s, length)) {
            buf_append(out, s, length);
            s += length;
            continue;
        }
        if (length == 0)
            length = 1;
        for (; length > 0; length--, s++) {
            if (*s == '\n')
                buf_append_str(out, "\\n");
            else if (*s == '\t')
                buf_append_str(out, "\\t");
            else
                buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*s);
        }
    }
}

void
text_append_printable(struct buf *out, const char *s)
{
    struct buf shown = {0};
    buf_append(out, "", 0);
    secrets_append(&shown, s, strlen(s));
    append_printable(out, shown.data);
    buf_finish(&shown);
}

/* Byte offset of character `index`, at most the length. */
static size_t
offset_of(const char *s, size_t index)
{
    size_t offset = 0;
    for (; index > 0 && s[offset] != '\0'; index--) {
        offset++;
        while (((unsigned char)s[offset] & 0xc0) == 0x80)
            offset++;
    }
    return offset;
}

void
text_append_cut(struct buf *out, const char *s, size_t width)
{
    static const char gap[] = "...";
    struct buf whole = {0};
    text_append_printable(&whole, s);
    size_t full = text_width(whole.data);
    if (full <= width) {
        buf_append(out, whole.data, whole.size);
    } else {
        /* The tail tells paths apart better than the head does. */
        size_t kept = width - strlen(gap);
        size_t head = kept / 2;
        buf_append(out, whole.data, offset_of(whole.data, head));
        buf_append_str(out, gap);
        buf_append_str(out,
                       whole.data + offset_of(whole.data, full - kept + head));
    }
    buf_finish(&whole);
}

size_t
text_width(const char *s)
{
    size_t width = 0;
    for (; *s != '\0'; s++) {
        if (((unsigned char)*s & 0xc0) != 0x80)
            width++;
    }
    return width;
}

void
text_truncate(char *s, size_t width)
{
    s[offset_of(s, width)] = '\0';
}

char *
text_to_utf8(const char *text)
{
    struct buf shown = {0}, out = {0};
    secrets_append(&shown, text, strlen(text));
    const char *s = shown.data;
    while (*s != '\0') {
        size_t length = sequence_length(s);
        if (length > 0)
            buf_append(&out, s, length);
        else
            buf_append_str(&out, "\xef\xbf\xbd");
        s += length > 0 ? length : 1;
    }
    buf_finish(&shown);
    return buf_take(&out);
}
