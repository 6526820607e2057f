#include "driver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hub/value.h"

/* --- a small language for values: encodings are written as text --- */

static const char *encode(const char *s, struct buf *out);

static void
put(struct buf *out, enum value_tag tag, const void *data, size_t size)
{
    unsigned char byte = (unsigned char)tag;
    buf_append(out, &byte, 1);
    buf_append(out, data, size);
}

static const char *
encode_table(const char *s, struct buf *out)
{
    struct buf pairs = {0};
    uint64_t count = 0;
    for (s++; *s != '}'; count++) {
        s = encode(s, &pairs);
        s = encode(s + 1, &pairs); /* behind the '=' */
        if (*s == ',')
            s++;
    }
    put(out, VALUE_TABLE, &count, 8);
    buf_append(out, pairs.data, pairs.size);
    buf_finish(&pairs);
    return s + 1;
}

/* nil true false 1 1.5 'text' {key=value,...} @name (a notifier) */
static const char *
encode(const char *s, struct buf *out)
{
    if (*s == '{')
        return encode_table(s, out);
    if (*s == '\'' || *s == '@') {
        size_t size = strcspn(s + 1, *s == '\'' ? "'" : ",}=");
        uint64_t length = size;
        unsigned char type = HUB_NOTIFIER;
        int32_t room = HUB_NO_ROOM;
        if (*s == '@') {
            put(out, VALUE_HANDLE, &type, 1);
            buf_append(out, &room, sizeof(room));
        }
        put(out, VALUE_STRING, &length, 8);
        buf_append(out, s + 1, size);
        return s + 1 + size + (*s == '\'');
    }
    if (*s == 't' || *s == 'f') {
        put(out, *s == 't' ? VALUE_TRUE : VALUE_FALSE, "", 0);
        return s + (*s == 't' ? 4 : 5);
    }
    char *float_end, *end;
    double f = strtod(s, &float_end);
    int64_t n = strtoll(s, &end, 10);
    if (float_end > end)
        put(out, VALUE_FLOAT, &f, 8);
    else
        put(out, VALUE_INTEGER, &n, 8);
    return float_end;
}

static struct value *
make(const char *s)
{
    if (strcmp(s, "nil") == 0)
        return NULL;
    struct buf out = {0};
    encode(s, &out);
    struct value *value = value_create(out.data, out.size);
    buf_finish(&out);
    return value;
}

static const struct {
    const char *name, *a, *b;
    bool equal;
} equalities[] = {
    {"nil is nil", "nil", "nil", true},
    {"nil is not false", "nil", "false", false},
    {"booleans", "true", "true", true},
    {"true is not false", "true", "false", false},
    {"integers", "7", "7", true},
    {"other integers", "7", "8", false},
    {"an integer and a float", "1", "1.0", true},
    {"a float that is no integer", "1", "1.5", false},
    {"below a float", "1", "0.5", false},
    {"a large integer that a float cannot hold", "9007199254740993",
     "9007199254740992.0", false},
    {"the largest integer is not two to the 63", "9223372036854775807",
     "9223372036854775808.0", false},
    {"the smallest integer is a float", "-9223372036854775808",
     "-9223372036854775808.0", true},
    {"infinity", "inf", "inf", true},
    {"an integer is not infinite", "1", "inf", false},
    {"NaN is nothing", "nan", "nan", false},
    {"NaN is no integer", "1", "nan", false},
    {"negative zero", "0.0", "-0.0", true},
    {"strings", "'pad'", "'pad'", true},
    {"other strings", "'pad'", "'pat'", false},
    {"a prefix", "'pad'", "'pa'", false},
    {"the empty string", "''", "''", true},
    {"a number is no string", "1", "'1'", false},
    {"handles", "@pad", "@pad", true},
    {"handles of others", "@pad", "@pod", false},
    {"a handle is no string", "@pad", "'pad'", false},
    {"empty tables", "{}", "{}", true},
    {"a table is not nil", "{}", "nil", false},
    {"lists", "{1='a',2='b'}", "{1='a',2='b'}", true},
    {"lists in another order", "{1='a',2='b'}", "{2='b',1='a'}", true},
    {"other elements", "{1='a',2='b'}", "{1='b',2='a'}", false},
    {"one more", "{1='a'}", "{1='a',2='b'}", false},
    {"other keys", "{1='a',2='b'}", "{1='a',3='b'}", false},
    {"keys of all kinds", "{true=1,'a'=2,1=3,1.5=4}",
     "{1.5=4,1=3,'a'=2,true=1}", true},
    {"numbers as values", "{1=1}", "{1=1.0}", true},
    {"NaN within", "{1=nan}", "{1=nan}", false},
    {"trees in another order", "{'a'={1=1,2=2},'b'={}}",
     "{'b'={},'a'={2=2,1=1}}", true},
    {"a leaf differs", "{'a'={'b'={'c'=1}}}", "{'a'={'b'={'c'=2}}}", false},
};

static void
test_equality(void **state)
{
    for (size_t i = 0; i < sizeof(equalities) / sizeof(equalities[0]); i++) {
        struct value *a = make(equalities[i].a), *b = make(equalities[i].b);
        if (value_equal(a, b) != equalities[i].equal ||
            value_equal(b, a) != equalities[i].equal)
            fail_msg("%s: %s and %s", equalities[i].name, equalities[i].a,
                     equalities[i].b);
        value_unref(a);
        value_unref(b);
    }
}

/* A hundred levels with a difference at the bottom, and other orders above:
 * each level is looked at once, not twice. */
static void
test_deep_trees_are_cheap(void **state)
{
    struct buf a = {0}, b = {0};
    for (int i = 0; i < 100; i++) {
        buf_append_str(&a, "{1='x','k'=");
        buf_append_str(&b, "{1='x','k'=");
    }
    buf_append_str(&a, "1");
    buf_append_str(&b, "2");
    for (int i = 0; i < 100; i++) {
        buf_append_str(&a, "}");
        buf_append_str(&b, "}");
    }
    struct value *x = make(a.data), *y = make(b.data);
    assert_false(value_equal(x, y));
    assert_true(value_equal(x, x));
    value_unref(x);
    value_unref(y);
    buf_finish(&a);
    buf_finish(&b);
}

static const struct {
    const char *name, *a, *b, *sum; /* NULL: refused */
} additions[] = {
    {"integers", "2", "3", "5"},
    {"nil is zero", "nil", "3", "3"},
    {"nil and a float", "nil", "0.5", "0.5"},
    {"a float makes a float", "1", "0.5", "1.5"},
    {"floats", "0.25", "0.5", "0.75"},
    {"wraps as in Lua", "9223372036854775807", "1", "-9223372036854775808"},
    {"downwards", "1", "-3", "-2"},
    {"a string is no number", "'1'", "1", NULL},
    {"nor is a boolean", "true", "1", NULL},
    {"nor a table", "{}", "1", NULL},
    {"on the right", "1", "'1'", NULL},
};

static void
test_addition(void **state)
{
    for (size_t i = 0; i < sizeof(additions) / sizeof(additions[0]); i++) {
        struct value *a = make(additions[i].a), *b = make(additions[i].b);
        struct value *sum = NULL;
        bool added = value_add(a, b, &sum);
        if (added != (additions[i].sum != NULL))
            fail_msg("%s", additions[i].name);
        if (added) {
            struct value *expected = make(additions[i].sum);
            if (!value_equal(sum, expected) ||
                sum->data[0] != expected->data[0])
                fail_msg("%s", additions[i].name);
            value_unref(expected);
        } else {
            assert_null(sum);
        }
        value_unref(sum);
        value_unref(a);
        value_unref(b);
    }
}

static void
test_type_names(void **state)
{
    static const struct {
        const char *value, *name;
    } rows[] = {
        {"nil", "nil"},  {"true", "boolean"},  {"false", "boolean"},
        {"1", "number"}, {"1.5", "number"},    {"'a'", "string"},
        {"{}", "table"}, {"@pad", "userdata"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct value *value = make(rows[i].value);
        assert_string_equal(value_type_name(value), rows[i].name);
        value_unref(value);
    }
}

static void
test_references(void **state)
{
    assert_null(value_ref(NULL));
    value_unref(NULL);
    struct value *value = value_from_string("a\0b", 3);
    struct value *again = value_ref(value);
    assert_ptr_equal(value, again);
    value_unref(value);
    assert_int_equal(again->size, 12);
    assert_memory_equal(again->data + 9, "a\0b", 3);
    value_unref(again);
}

static void
test_from_numbers(void **state)
{
    struct value *a = value_from_integer(3), *b = value_from_float(3);
    struct value *c = make("3"), *d = make("3.0");
    assert_memory_equal(a->data, c->data, 9);
    assert_memory_equal(b->data, d->data, 9);
    assert_true(value_equal(a, b));
    value_unref(a);
    value_unref(b);
    value_unref(c);
    value_unref(d);
}

static void
test_list(void **state)
{
    struct value *one = make("1"), *table = make("{}");
    struct value *items[] = {one, NULL, table};
    struct value *list = value_list(items, 3);
    static const unsigned char pairs[9] = {VALUE_TABLE, 3};
    static const unsigned char first[9] = {VALUE_INTEGER, 1};
    static const unsigned char third[9] = {VALUE_INTEGER, 3};
    const unsigned char *at = list->data;
    assert_memory_equal(at, pairs, 9);
    assert_memory_equal(at + 9, first, 9);
    assert_memory_equal(at + 18, one->data, one->size);
    at += 18 + one->size;
    assert_memory_equal(at, third, 9);
    assert_memory_equal(at + 9, table->data, table->size);
    at += 9 + table->size;
    assert_int_equal(at[0], VALUE_STRING);
    assert_int_equal(at[9], 'n');
    assert_memory_equal(at + 10, third, 9);
    assert_ptr_equal(at + 19, list->data + list->size);
    value_unref(list);
    list = value_list(NULL, 0);
    assert_int_equal(list->size, 28);
    value_unref(list);
    value_unref(one);
    value_unref(table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_deep_trees_are_cheap),
        cmocka_unit_test(test_addition),
        cmocka_unit_test(test_type_names),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_from_numbers),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
