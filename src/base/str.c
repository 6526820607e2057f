#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static unsigned char
fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t
min(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t
str_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    size_t *rows = xcalloc(3 * (b_len + 1), sizeof(rows[0]));
    size_t *two_back = rows, *back = rows + b_len + 1,
           *row = rows + 2 * (b_len + 1);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *oldest = two_back;
        two_back = back;
        back = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t differs = fold(a[i - 1]) != fold(b[j - 1]);
            row[j] = min(min(back[j], row[j - 1]) + 1, back[j - 1] + differs);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                row[j] = min(row[j], two_back[j - 2] + 1);
        }
    }
    size_t distance = row[b_len];
    free(rows);
    return distance;
}

const char *
str_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t len = strlen(word);
    /* About one slip in three letters; a single letter could mean anything. */
    size_t limit = len < 2 ? 0 : len < 6 ? 1 : len / 3;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if ((len > other ? len - other : other - len) > limit)
            continue;
        size_t distance = str_distance(word, candidates[i]);
        if (distance > limit)
            continue;
        nearest = candidates[i];
        if (distance == 0)
            break;
        limit = distance - 1;
    }
    return nearest;
}

bool
str_suggest(const char *word, const char *const *candidates, size_t count,
            struct err *err)
{
    const char *nearest = str_nearest(word, candidates, count);
    if (err == NULL)
        return false;
    if (nearest != NULL)
        return err_set(err, "%s: did you mean '%s'?", err->message, nearest);
    struct buf list = {0};
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%s",
                   i > 0 ? ", " : " (there are: ", candidates[i]);
    if (count > 0)
        err_set(err, "%s%s)", err->message, list.data);
    buf_finish(&list);
    return false;
}

/* Largest size <= max at which no UTF-8 sequence of `s` is cut in two. */
static size_t
utf8_cut(const char *s, size_t max)
{
    size_t size = max;
    while (size > 0 && ((unsigned char)s[size] & 0xc0) == 0x80)
        size--;
    return size;
}

void
str_label(const char *name, char *out, size_t size)
{
    if (size == 0)
        return;
    size_t len = strlen(name), stem = len;
    while (stem > 0 && name[stem - 1] >= '0' && name[stem - 1] <= '9')
        stem--;
    size_t room = size - 1;
    bool numbered = stem < len && room > 0;
    if (numbered)
        room--;
    if (stem > room)
        stem = utf8_cut(name, room);
    memcpy(out, name, stem);
    if (numbered)
        out[stem++] = '#';
    out[stem] = '\0';
}

bool
str_has_ctl_break(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\r' || data[i] == '\n' || data[i] == '\0')
            return true;
    }
    return false;
}
