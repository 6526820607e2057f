#include "base/csv.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

void
csv_init(struct csv *csv, char delimiter, uint64_t line)
{
    *csv = (struct csv){
        .delimiter = delimiter,
        .line = line,
        .record_line = line,
    };
}

static enum csv_event
refuse(struct csv *csv, uint64_t line, const char *why, struct err *err)
{
    err_set(err, "%" PRIu64 ": %s", line, why);
    return CSV_ERROR;
}

static enum csv_event
end_record(struct csv *csv)
{
    csv->state = CSV_AT_RECORD;
    return CSV_RECORD;
}

/* The byte comes where a field begins. */
static enum csv_event
begin_field(struct csv *csv, char byte)
{
    if (byte == '"') {
        csv->state = CSV_QUOTED;
        csv->quote_line = csv->line;
        return CSV_NOTHING;
    }
    csv->state = CSV_PLAIN;
    return CSV_BYTE;
}

/* What ends a field outside of quotes; CSV_NOTHING for any other byte and for a
 * CR, which csv->state tells apart. */
static enum csv_event
try_end(struct csv *csv, char byte)
{
    if (byte == csv->delimiter) {
        csv->state = CSV_AT_FIELD;
        return CSV_FIELD;
    }
    if (byte == '\n')
        return end_record(csv);
    if (byte == '\r')
        csv->state = CSV_AFTER_CR;
    return CSV_NOTHING;
}

static enum csv_event
step(struct csv *csv, char byte, struct err *err)
{
    enum csv_event end = CSV_NOTHING;
    switch (csv->state) {
    case CSV_AT_RECORD:
        if (byte == '\n' || byte == '\r')
            return CSV_NOTHING;
        csv->record_line = csv->line;
        csv->state = CSV_AT_FIELD;
        end = try_end(csv, byte);
        return end != CSV_NOTHING ? end : begin_field(csv, byte);
    case CSV_AT_FIELD:
        end = try_end(csv, byte);
        if (end != CSV_NOTHING || csv->state == CSV_AFTER_CR)
            return end;
        return begin_field(csv, byte);
    case CSV_PLAIN:
        end = try_end(csv, byte);
        if (end != CSV_NOTHING || csv->state == CSV_AFTER_CR)
            return end;
        if (byte == '"')
            return refuse(csv, csv->line,
                          "a quote inside a field without quotes: put the "
                          "whole field in quotes and double those inside",
                          err);
        return CSV_BYTE;
    case CSV_QUOTED:
        if (byte != '"')
            return CSV_BYTE;
        csv->state = CSV_AFTER_QUOTE;
        return CSV_NOTHING;
    case CSV_AFTER_QUOTE:
        if (byte == '"') {
            csv->state = CSV_QUOTED;
            return CSV_BYTE;
        }
        end = try_end(csv, byte);
        if (end != CSV_NOTHING || csv->state == CSV_AFTER_CR)
            return end;
        return refuse(csv, csv->line,
                      "there is more behind the closing quote of a field: "
                      "double the quotes inside it",
                      err);
    case CSV_AFTER_CR:
        if (byte == '\n')
            return end_record(csv);
        return refuse(csv, csv->line,
                      "a carriage return without a line feed: lines end with "
                      "LF or CRLF",
                      err);
    }
    return CSV_NOTHING;
}

enum csv_event
csv_next(struct csv *csv, char byte, struct err *err)
{
    enum csv_event event = step(csv, byte, err);
    if (byte == '\n')
        csv->line++;
    return event;
}

enum csv_event
csv_end(struct csv *csv, struct err *err)
{
    switch (csv->state) {
    case CSV_AT_RECORD:
        return CSV_NOTHING;
    case CSV_QUOTED:
        return refuse(csv, csv->quote_line,
                      "the quote of a field that begins here is never closed",
                      err);
    case CSV_AT_FIELD:
    case CSV_PLAIN:
    case CSV_AFTER_QUOTE:
    case CSV_AFTER_CR:
        break;
    }
    return end_record(csv);
}

/* --- one record --- */

static void
end_field(struct csv_fields *fields)
{
    if (fields->count == fields->capacity) {
        fields->capacity = fields->capacity > 0 ? fields->capacity * 2 : 8;
        fields->ends =
            xrealloc(fields->ends, fields->capacity * sizeof(fields->ends[0]));
    }
    fields->ends[fields->count++] = fields->text.size;
}

bool
csv_read_record(const char *data, size_t size, char delimiter,
                struct csv_fields *fields, struct err *err)
{
    struct csv csv;
    csv_init(&csv, delimiter, 1);
    buf_clear(&fields->text);
    fields->count = 0;
    enum csv_event event = CSV_NOTHING;
    for (size_t i = 0; i < size && event != CSV_RECORD; i++) {
        event = csv_next(&csv, data[i], err);
        if (event == CSV_ERROR)
            return false;
        if (event == CSV_BYTE)
            buf_append(&fields->text, &data[i], 1);
        else if (event != CSV_NOTHING)
            end_field(fields);
    }
    if (event != CSV_RECORD) {
        event = csv_end(&csv, err);
        if (event == CSV_ERROR)
            return false;
        if (event == CSV_NOTHING)
            return err_set(err, "%" PRIu64 ": there is no record", csv.line);
        end_field(fields);
    }
    return true;
}

const char *
csv_field(const struct csv_fields *fields, size_t index, size_t *size)
{
    size_t begin = index > 0 ? fields->ends[index - 1] : 0;
    *size = fields->ends[index] - begin;
    return fields->text.data != NULL ? fields->text.data + begin : "";
}

void
csv_fields_finish(struct csv_fields *fields)
{
    buf_finish(&fields->text);
    free(fields->ends);
    *fields = (struct csv_fields){0};
}
