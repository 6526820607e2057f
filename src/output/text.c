#include "output/text.h"

#include <string.h>

#include "base/secrets.h"
#include "base/utf8.h"

void
text_append_printable(struct buf *out, const char *s)
{
    struct buf shown = {0};
    buf_append(out, "", 0);
    secrets_append(&shown, s, strlen(s));
    utf8_append_printable(out, shown.data, "");
    buf_finish(&shown);
}

char *
text_printable(const char *s)
{
    struct buf out = {0};
    text_append_printable(&out, s);
    return buf_take(&out);
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
        size_t length = utf8_length(s, UTF8_MAX);
        if (length > 0)
            buf_append(&out, s, length);
        else
            buf_append_str(&out, "\xef\xbf\xbd");
        s += length > 0 ? length : 1;
    }
    buf_finish(&shown);
    return buf_take(&out);
}
