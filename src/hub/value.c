#include "hub/value.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A place in an encoding. Encodings are made by this program, so a bad one is
 * a programming error. */
typedef const unsigned char *cursor;

static struct value *
allocate(size_t size)
{
    struct value *value = xmalloc(sizeof(*value) + size);
    value->refs = 1;
    value->size = size;
    return value;
}

struct value *
value_create(const void *data, size_t size)
{
    assert(size > 0);
    struct value *value = allocate(size);
    memcpy(value->data, data, size);
    return value;
}

static struct value *
from_8_bytes(enum value_tag tag, const void *bytes)
{
    struct value *value = allocate(9);
    value->data[0] = (unsigned char)tag;
    memcpy(value->data + 1, bytes, 8);
    return value;
}

struct value *
value_from_integer(int64_t n)
{
    return from_8_bytes(VALUE_INTEGER, &n);
}

struct value *
value_from_float(double n)
{
    return from_8_bytes(VALUE_FLOAT, &n);
}

struct value *
value_from_string(const char *s, size_t size)
{
    struct value *value = allocate(9 + size);
    uint64_t length = size;
    value->data[0] = VALUE_STRING;
    memcpy(value->data + 1, &length, 8);
    memcpy(value->data + 9, s, size);
    return value;
}

static unsigned char *
put_integer(unsigned char *at, int64_t n)
{
    *at = VALUE_INTEGER;
    memcpy(at + 1, &n, 8);
    return at + 9;
}

struct value *
value_list(struct value *const *items, size_t count)
{
    uint64_t pairs = 1, name_length = 1;
    size_t size = 9 + 10 + 9;
    for (size_t i = 0; i < count; i++) {
        if (!items[i])
            continue;
        pairs++;
        size += 9 + items[i]->size;
    }
    struct value *list = allocate(size);
    unsigned char *at = list->data;
    *at = VALUE_TABLE;
    memcpy(at + 1, &pairs, 8);
    at += 9;
    for (size_t i = 0; i < count; i++) {
        if (!items[i])
            continue;
        at = put_integer(at, (int64_t)i + 1);
        memcpy(at, items[i]->data, items[i]->size);
        at += items[i]->size;
    }
    *at = VALUE_STRING;
    memcpy(at + 1, &name_length, 8);
    at[9] = 'n';
    put_integer(at + 10, (int64_t)count);
    return list;
}

struct value *
value_ref(struct value *value)
{
    if (value)
        value->refs++;
    return value;
}

void
value_unref(struct value *value)
{
    if (value && --value->refs == 0)
        free(value);
}

/* --- walking an encoding --- */

static uint64_t
read_count(cursor at)
{
    uint64_t n;
    memcpy(&n, at + 1, 8);
    return n;
}

static int64_t
read_integer(cursor at)
{
    int64_t n;
    memcpy(&n, at + 1, 8);
    return n;
}

static double
read_float(cursor at)
{
    double n;
    memcpy(&n, at + 1, 8);
    return n;
}

static cursor
skip(cursor at)
{
    switch ((enum value_tag) * at) {
    case VALUE_NIL:
    case VALUE_FALSE:
    case VALUE_TRUE:
        return at + 1;
    case VALUE_INTEGER:
    case VALUE_FLOAT:
        return at + 9;
    case VALUE_STRING:
        return at + 9 + read_count(at);
    case VALUE_TABLE: {
        uint64_t elements = 2 * read_count(at);
        for (at += 9; elements > 0; elements--)
            at = skip(at);
        return at;
    }
    case VALUE_HANDLE:
        return skip(at + 6);
    }
    abort();
}

/* --- comparison --- */

static bool
is_number(cursor at)
{
    return *at == VALUE_INTEGER || *at == VALUE_FLOAT;
}

/* Exact where a conversion to double would round. NaN is above all. */
static int
compare_integer_float(int64_t i, double f)
{
    if (isnan(f) || f >= 0x1p63)
        return -1;
    if (f < -0x1p63)
        return 1;
    double whole = floor(f);
    int64_t n = (int64_t)whole;
    if (i != n)
        return i < n ? -1 : 1;
    return f > whole ? -1 : 0;
}

static int
compare_numbers(cursor a, cursor b)
{
    if (*a == VALUE_INTEGER && *b == VALUE_INTEGER) {
        int64_t m = read_integer(a), n = read_integer(b);
        return (m > n) - (m < n);
    }
    if (*a == VALUE_INTEGER)
        return compare_integer_float(read_integer(a), read_float(b));
    if (*b == VALUE_INTEGER)
        return -compare_integer_float(read_integer(b), read_float(a));
    double m = read_float(a), n = read_float(b);
    if (isnan(m) || isnan(n))
        return (isnan(m) != 0) - (isnan(n) != 0);
    return (m > n) - (m < n);
}

/* A total order of keys, in which equal keys are neighbours. Keys are scalars
 * or handles; tables as keys are ordered by their bytes. */
static int
compare_keys(cursor a, cursor b)
{
    if (is_number(a) && is_number(b))
        return compare_numbers(a, b);
    if (*a != *b)
        return *a < *b ? -1 : 1;
    size_t a_size = (size_t)(skip(a) - a), b_size = (size_t)(skip(b) - b);
    if (a_size != b_size)
        return a_size < b_size ? -1 : 1;
    return memcmp(a, b, a_size);
}

static int
compare_key_pointers(const void *a, const void *b)
{
    return compare_keys(*(const cursor *)a, *(const cursor *)b);
}

static bool equal(cursor a, cursor b);

static cursor *
list_keys(cursor at, uint64_t pairs)
{
    cursor *keys = xcalloc(pairs, sizeof(*keys));
    at += 9;
    for (uint64_t i = 0; i < pairs; i++) {
        keys[i] = at;
        at = skip(skip(at));
    }
    return keys;
}

static bool
keys_equal(const cursor *a, const cursor *b, uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++)
        if (compare_keys(a[i], b[i]) != 0)
            return false;
    return true;
}

/* Most often both were made by the same code and have the same order; values
 * are looked at once in any case, or deep trees would take for ever. */
static bool
tables_equal(cursor a, cursor b)
{
    uint64_t pairs = read_count(a);
    if (pairs != read_count(b))
        return false;
    cursor *a_keys = list_keys(a, pairs), *b_keys = list_keys(b, pairs);
    bool same = keys_equal(a_keys, b_keys, pairs);
    if (!same) {
        qsort(a_keys, pairs, sizeof(*a_keys), compare_key_pointers);
        qsort(b_keys, pairs, sizeof(*b_keys), compare_key_pointers);
        same = keys_equal(a_keys, b_keys, pairs);
    }
    for (uint64_t i = 0; same && i < pairs; i++)
        same = equal(skip(a_keys[i]), skip(b_keys[i]));
    free(a_keys);
    free(b_keys);
    return same;
}

static bool
is_nan(cursor at)
{
    return *at == VALUE_FLOAT && isnan(read_float(at));
}

static bool
equal(cursor a, cursor b)
{
    if (is_number(a) && is_number(b))
        return !is_nan(a) && !is_nan(b) && compare_numbers(a, b) == 0;
    if (*a != *b)
        return false;
    if (*a == VALUE_TABLE)
        return tables_equal(a, b);
    return compare_keys(a, b) == 0;
}

static const unsigned char nil_encoding[] = {VALUE_NIL};

static cursor
encoding_of(const struct value *value)
{
    return value ? value->data : nil_encoding;
}

bool
value_equal(const struct value *a, const struct value *b)
{
    return equal(encoding_of(a), encoding_of(b));
}

/* --- arithmetic and names --- */

bool
value_add(const struct value *a, const struct value *b, struct value **sum)
{
    static const unsigned char zero[9] = {VALUE_INTEGER};
    cursor x = a ? a->data : zero, y = b ? b->data : zero;
    if (!is_number(x) || !is_number(y))
        return false;
    if (*x == VALUE_INTEGER && *y == VALUE_INTEGER) {
        uint64_t n = (uint64_t)read_integer(x) + (uint64_t)read_integer(y);
        *sum = value_from_integer((int64_t)n);
        return true;
    }
    double m = *x == VALUE_INTEGER ? (double)read_integer(x) : read_float(x);
    double n = *y == VALUE_INTEGER ? (double)read_integer(y) : read_float(y);
    *sum = value_from_float(m + n);
    return true;
}

const char *
value_type_name(const struct value *value)
{
    switch ((enum value_tag) * encoding_of(value)) {
    case VALUE_NIL:
        return "nil";
    case VALUE_FALSE:
    case VALUE_TRUE:
        return "boolean";
    case VALUE_INTEGER:
    case VALUE_FLOAT:
        return "number";
    case VALUE_STRING:
        return "string";
    case VALUE_TABLE:
        return "table";
    case VALUE_HANDLE:
        return "userdata";
    }
    abort();
}
