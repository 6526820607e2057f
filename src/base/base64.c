#include "base/base64.h"

#include <stdint.h>

#include "base/buf.h"

static void
append_group(struct buf *out, const unsigned char *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "0123456789+/";
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < count ? bytes[i] : 0);
    char text[4];
    for (size_t i = 0; i < 4; i++)
        text[i] = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
    buf_append(out, text, sizeof(text));
}

void
base64_encode(const void *data, size_t size, struct buf *out)
{
    const unsigned char *bytes = data;
    buf_append(out, NULL, 0); /* "" is a string too */
    for (size_t at = 0; at < size; at += 3)
        append_group(out, bytes + at, size - at < 3 ? size - at : 3);
}
