#include "base/base64.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static const char standard_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz"
                                      "0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "0123456789-_";

static void
append_group(struct buf *out, const unsigned char *bytes, size_t count,
             struct base64_form form)
{
    const char *digits = form.url ? url_digits : standard_digits;
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < count ? bytes[i] : 0);
    char text[4];
    for (size_t i = 0; i < 4; i++)
        text[i] = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
    buf_append(out, text, form.padded ? sizeof(text) : count + 1);
}

void
base64_encode_as(const void *data, size_t size, struct base64_form form,
                 struct buf *out)
{
    const unsigned char *bytes = data;
    buf_append(out, NULL, 0); /* "" is a string too */
    for (size_t at = 0; at < size; at += 3)
        append_group(out, bytes + at, size - at < 3 ? size - at : 3, form);
}

void
base64_encode(const void *data, size_t size, struct buf *out)
{
    base64_encode_as(data, size, (struct base64_form){.padded = true}, out);
}

/* -1: not in the alphabet. */
static int
digit_value(char c, bool url)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    return c == (url ? '_' : '/') ? 63 : -1;
}

static bool
refuse_byte(const char *text, size_t at, bool url, struct err *err)
{
    unsigned char c = (unsigned char)text[at];
    char shown[8];
    if (c > ' ' && c < 0x7f)
        snprintf(shown, sizeof(shown), "'%c'", c);
    else
        snprintf(shown, sizeof(shown), "0x%02x", c);
    if (digit_value(text[at], !url) >= 0)
        return err_set(err, "byte %zu (%s) is of the %s alphabet: use url = %s",
                       at + 1, shown, url ? "standard" : "URL",
                       url ? "false" : "true");
    return err_set(err, "byte %zu (%s) is not base64", at + 1, shown);
}

/* What stands behind the digits: nothing, or the padding of the last group. */
static bool
check_padding(const char *text, size_t size, size_t digits,
              struct base64_form form, struct err *err)
{
    for (size_t i = digits; i < size; i++)
        if (text[i] != '=')
            return err_set(err, "byte %zu follows the padding", i + 1);
    size_t rest = digits % 4;
    size_t wanted = rest > 0 ? 4 - rest : 0;
    if (rest == 1)
        return err_set(err,
                       "the digit at byte %zu is one too many, or it is "
                       "cut off there",
                       digits);
    if (size - digits > wanted)
        return err_set(err, "byte %zu is padding that nothing needs",
                       digits + wanted + 1);
    if (size - digits < wanted && (form.padded || size > digits))
        return err_set(err, "it ends at byte %zu within a group of four", size);
    return true;
}

bool
base64_decode(const char *text, size_t size, struct base64_form form,
              struct buf *out, struct err *err)
{
    size_t digits = 0;
    while (digits < size && digit_value(text[digits], form.url) >= 0)
        digits++;
    if (digits < size && text[digits] != '=')
        return refuse_byte(text, digits, form.url, err);
    if (!check_padding(text, size, digits, form, err))
        return false;
    size_t rest = digits % 4;
    int unused = rest == 2 ? 15 : rest == 3 ? 3 : 0;
    if (unused && (digit_value(text[digits - 1], form.url) & unused))
        return err_set(err, "byte %zu ('%c') has bits that stand for nothing",
                       digits, text[digits - 1]);

    buf_append(out, NULL, 0);
    for (size_t at = 0; at < digits; at += 4) {
        size_t count = digits - at < 4 ? digits - at : 4;
        uint32_t bits = 0;
        for (size_t i = 0; i < 4; i++) {
            int value = i < count ? digit_value(text[at + i], form.url) : 0;
            bits = bits << 6 | (uint32_t)value;
        }
        const unsigned char bytes[3] = {(unsigned char)(bits >> 16),
                                        (unsigned char)(bits >> 8),
                                        (unsigned char)bits};
        buf_append(out, bytes, count - 1);
    }
    return true;
}
