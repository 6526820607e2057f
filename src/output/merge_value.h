#ifndef MOLO_OUTPUT_MERGE_VALUE_H
#define MOLO_OUTPUT_MERGE_VALUE_H

#include <jansson.h>

/* Two values of a result JSON as one, by what they are: numbers are added up,
 * trends are merged as histograms, and objects are merged key by key. New
 * references. */
json_t *merge_value(const json_t *a, const json_t *b);
json_t *merge_object(const json_t *a, const json_t *b);
/* 0: there is none. */
static inline double
number_at(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

#endif
