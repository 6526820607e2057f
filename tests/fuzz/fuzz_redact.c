#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "http/redact.h"

/* What is shown of heads and bodies. The first byte says how it is looked at.
 */

const unsigned fuzz_default_runs = 60000;

void
fuzz_setup(void)
{
    redact_hide("hidden text");
}

void
fuzz_finish(void)
{
}

static void
mark(unsigned how, const char *data, size_t size, unsigned char *mask)
{
    static const char *const types[] = {NULL, "application/json",
                                        "multipart/form-data; boundary=b",
                                        "text/plain"};
    switch (how % 6) {
    case 0:
        redact_mark_head(data, size, mask);
        break;
    case 1:
        redact_mark_urls(data, size, mask);
        break;
    default:
        redact_mark_body(data, size, types[how % 6 - 2], mask);
        break;
    }
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size--;
    /* Of exactly this size, like the text. */
    unsigned char *mask = xcalloc(1, size > 0 ? size : 1);
    if (size > 0)
        mark(data[0], text, size, mask);
    struct buf out = {0};
    buf_append_str(&out, "");
    redact_append(&out, text, size, mask);
    for (size_t i = 0; i < out.size; i++) {
        unsigned char c = (unsigned char)out.data[i];
        FUZZ_CHECK((c >= 0x20 || c == '\t') && c != 0x7f);
    }
    for (size_t i = 0; i < out.size;) {
        size_t length = utf8_length(out.data + i, out.size - i);
        FUZZ_CHECK(length > 0);
        i += length;
    }
    FUZZ_CHECK(strstr(out.data, "hidden text") == NULL);
    buf_finish(&out);
    free(mask);
    return 0;
}
