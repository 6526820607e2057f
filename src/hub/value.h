#ifndef MOLO_HUB_VALUE_H
#define MOLO_HUB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value that crosses workers: an immutable, reference-counted byte string in
 * a canonical encoding, so that it can be copied to another shard or machine as
 * it is. One thread at a time. A NULL pointer is the value nil.
 *
 * Encoding: one tag byte, then
 *   VALUE_INTEGER, VALUE_FLOAT: 8 bytes, native order
 *   VALUE_STRING: 8 bytes length, bytes
 *   VALUE_TABLE: 8 bytes number of pairs, then key, value, key, value ...
 *   VALUE_HANDLE: 1 byte enum hub_object_type, 4 bytes room, then a
 * VALUE_STRING (the name)
 */
enum value_tag {
    VALUE_NIL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_INTEGER,
    VALUE_FLOAT,
    VALUE_STRING,
    VALUE_TABLE,
    VALUE_HANDLE,
};

struct value {
    unsigned refs;
    size_t size;
    unsigned char data[];
};

/* Copies `data`, which must be a whole encoding. */
struct value *value_create(const void *data, size_t size);
struct value *value_from_integer(int64_t n);
struct value *value_from_float(double n);
struct value *value_from_string(const char *s, size_t size);
/* The table {[1] = items[0], ..., n = count}; an item may be NULL. */
struct value *value_list(struct value *const *items, size_t count);
struct value *value_ref(struct value *value); /* NULL stays NULL */
void value_unref(struct value *value);
/* As Lua's ==, tables compared by content whatever the order of their pairs;
 * 1 equals 1.0. */
bool value_equal(const struct value *a, const struct value *b);
/* Arithmetic of add_var: integers wrap as in Lua, a float makes a float. False
 * if either is not a number. NULL counts as integer 0. */
bool
value_add(const struct value *a, const struct value *b, struct value **sum);
/* "nil", "number", "string", "table" ... as Lua's type() names it. */
const char *value_type_name(const struct value *value);

#endif
