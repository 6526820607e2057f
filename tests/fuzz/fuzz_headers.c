#include "fuzz.h"
#include "http/response.h"

/* The header lines of an answer, as scripts and we read them. */

const unsigned fuzz_default_runs = 200000;

void
fuzz_setup(void)
{
}

void
fuzz_finish(void)
{
}

static int
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    const char *headers = (const char *)data;
    size_t pos = 0, before = 0, name_size, value_size;
    const char *name, *value;
    while (http_header_next(headers, size, &pos, &name, &name_size, &value,
                            &value_size)) {
        FUZZ_CHECK(pos > before && pos <= size);
        FUZZ_CHECK(name >= headers + before && name_size > 0);
        FUZZ_CHECK(value >= name + name_size);
        FUZZ_CHECK(value + value_size <= headers + pos);
        FUZZ_CHECK(!is_blank(name[0]) && !is_blank(name[name_size - 1]));
        FUZZ_CHECK(value_size == 0 || !is_blank(value[value_size - 1]));
        before = pos;
    }
    FUZZ_CHECK(pos == size);
    return 0;
}
