#ifndef MOLO_TESTS_OUTPUT_JSON_ASSERT_H
#define MOLO_TESTS_OUTPUT_JSON_ASSERT_H

#include <jansson.h>

/* What tests say of JSON; after cmocka.h. */

static inline double
number_at(const json_t *root, const char *object, const char *key)
{
    const json_t *value = json_object_get(json_object_get(root, object), key);
    if (!json_is_number(value))
        fail_msg("%s.%s is no number", object, key);
    return json_number_value(value);
}

/* These keys and no others. */
static inline void
assert_keys(const json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (json_object_get(object, keys[i]) == NULL)
            fail_msg("%s is missing", keys[i]);
    }
    assert_int_equal(json_object_size(object), count);
}
#define ASSERT_KEYS(object, ...)                                      \
    do {                                                              \
        static const char *const keys_[] = {__VA_ARGS__};             \
        assert_keys(object, keys_, sizeof(keys_) / sizeof(keys_[0])); \
    } while (0)

static inline void
assert_json(const json_t *value, const char *expected)
{
    json_t *other = json_loads(expected, JSON_DECODE_ANY, NULL);
    assert_non_null(other);
    if (!json_equal(value, other)) {
        char *text =
            json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        fail_msg("%s\ninstead of %s", text, expected);
    }
    json_decref(other);
}

#endif
