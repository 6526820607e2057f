#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "fuzz.h"

/* A file of comma-separated values. The first byte says the delimiter. */

const unsigned fuzz_default_runs = 100000;

void
fuzz_setup(void)
{
}

void
fuzz_finish(void)
{
}

/* As a file that means the same. */
static void
write_record(struct buf *out, const struct csv_fields *fields, char delimiter)
{
    for (size_t i = 0; i < fields->count; i++) {
        size_t size;
        const char *field = csv_field(fields, i, &size);
        buf_append_str(out, "\"");
        for (size_t j = 0; j < size; j++)
            buf_append(out, field[j] == '"' ? "\"\"" : &field[j],
                       field[j] == '"' ? 2 : 1);
        buf_append_str(out, "\"");
        if (i + 1 < fields->count)
            buf_append(out, &delimiter, 1);
    }
    buf_append_str(out, "\r\n");
}

static void
check_record(const struct csv_fields *fields, char delimiter)
{
    struct buf text = {0};
    struct csv_fields again = {0};
    struct err err;
    write_record(&text, fields, delimiter);
    FUZZ_CHECK(csv_read_record(text.data, text.size, delimiter, &again, &err));
    FUZZ_CHECK(again.count == fields->count);
    FUZZ_CHECK(again.text.size == fields->text.size);
    FUZZ_CHECK(fields->text.size == 0 ||
               memcmp(again.text.data, fields->text.data, again.text.size) ==
                   0);
    FUZZ_CHECK(memcmp(again.ends, fields->ends,
                      fields->count * sizeof(fields->ends[0])) == 0);
    csv_fields_finish(&again);
    buf_finish(&text);
}

/* Read in one go and record by record, it is the same. */
static void
read_file(const char *data, size_t size, char delimiter)
{
    struct csv csv;
    struct csv_fields fields = {0};
    struct err err;
    csv_init(&csv, delimiter, 1);
    size_t begin = 0, count = 0;
    enum csv_event event = CSV_NOTHING;
    for (size_t i = 0; i <= size && event != CSV_ERROR; i++) {
        bool between = csv.state == CSV_AT_RECORD;
        event = i < size ? csv_next(&csv, data[i], &err) : csv_end(&csv, &err);
        if (between && csv.state != CSV_AT_RECORD)
            begin = i;
        count += event == CSV_FIELD || event == CSV_RECORD;
        if (event == CSV_RECORD) {
            FUZZ_CHECK(csv_read_record(data + begin, size - begin, delimiter,
                                       &fields, &err));
            FUZZ_CHECK(fields.count == count);
            check_record(&fields, delimiter);
            count = 0;
        }
    }
    if (event == CSV_ERROR)
        FUZZ_CHECK(err.message[0] >= '1' && err.message[0] <= '9');
    csv_fields_finish(&fields);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    static const char delimiters[] = ",;\t|";
    if (size == 0)
        return 0;
    read_file((const char *)data + 1, size - 1, delimiters[data[0] % 4]);
    return 0;
}
