#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

size_t
utf8_length(const char *data, size_t size)
{
    const unsigned char *u = (const unsigned char *)data;
    if (size == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    size_t length = u[0] < 0xc2   ? 0
                    : u[0] < 0xe0 ? 2
                    : u[0] < 0xf0 ? 3
                    : u[0] < 0xf5 ? 4
                                  : 0;
    for (size_t i = 1; i < length; i++) {
        if (i == size || (u[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
        (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
        return 0;
    return length;
}

static bool
is_control(const char *data, size_t length)
{
    unsigned char first = (unsigned char)data[0];
    if (length == 1)
        return first < 0x20 || first == 0x7f;
    return length == 2 && first == 0xc2 && (unsigned char)data[1] < 0xa0;
}

static void
append_escaped(struct buf *out, char byte)
{
    if (byte == '\n')
        buf_append_str(out, "\\n");
    else if (byte == '\t')
        buf_append_str(out, "\\t");
    else
        buf_printf(out, "\\x%02x", (unsigned)(unsigned char)byte);
}

void
utf8_append_printable(struct buf *out, const char *s, const char *kept)
{
    while (*s != '\0') {
        size_t length = utf8_length(s, UTF8_MAX);
        bool shown = length > 0 && !is_control(s, length);
        size_t size = length > 0 ? length : 1;
        if (shown || strchr(kept, *s) != NULL)
            buf_append(out, s, size);
        else
            for (size_t i = 0; i < size; i++)
                append_escaped(out, s[i]);
        s += size;
    }
}
