#include "output/json_line.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/secrets.h"
#include "output/text.h"

/* JSON needs no escapes for it, and nothing of it is to be hidden. */
static bool
is_plain(const char *s)
{
    for (const char *p = s; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            return false;
    }
    return !secrets_occur(s, strlen(s));
}

void
json_line_text(struct buf *out, const char *key, const char *value)
{
    if (value == NULL)
        return;
    if (is_plain(value)) {
        buf_printf(out, ", \"%s\": \"%s\"", key, value);
        return;
    }
    char *utf8 = text_to_utf8(value);
    json_t *json = json_string(utf8);
    char *quoted = json_dumps(json, JSON_ENCODE_ANY);
    buf_printf(out, ", \"%s\": %s", key, quoted);
    free(quoted);
    json_decref(json);
    free(utf8);
}

void
json_line_append_seconds(struct buf *out, nsec_t t)
{
    uint64_t length = t < 0 ? -(uint64_t)t : (uint64_t)t;
    buf_printf(out, "%s%" PRIu64 ".%09" PRIu64, t < 0 ? "-" : "",
               length / NSEC_PER_SEC, length % NSEC_PER_SEC);
}

void
json_line_seconds(struct buf *out, const char *key, nsec_t t)
{
    buf_printf(out, ", \"%s\": ", key);
    json_line_append_seconds(out, t);
}
