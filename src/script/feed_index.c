#include "script/feed_index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
feed_index_init(struct feed_index *ix, const struct feed_file_config *config)
{
    *ix = (struct feed_index){
        .kind = config->kind,
        .name = config->name,
        .delimiter = config->delimiter,
        .columns = config->columns,
        .header_seen = !config->header,
        .line = 1,
    };
    csv_init(&ix->csv, config->delimiter, 1);
}

void
feed_index_finish(struct feed_index *ix)
{
    csv_fields_finish(&ix->header);
    buf_finish(&ix->text);
    free(ix->begins);
}

static void
add_record(struct feed_index *ix)
{
    if (ix->count == ix->capacity) {
        ix->capacity = ix->capacity > 0 ? ix->capacity * 2 : 64;
        ix->begins = xrealloc(ix->begins, ix->capacity * sizeof(ix->begins[0]));
    }
    ix->begins[ix->count++] = ix->begin;
}

static bool
check_fields(struct feed_index *ix, struct err *err)
{
    if (ix->columns == 0)
        ix->columns = ix->fields;
    if (ix->fields == ix->columns)
        return true;
    return err_set(err,
                   "%s:%" PRIu64 ": %zu field%s where there are %zu columns: "
                   "every record has a field for every column, empty ones "
                   "too",
                   ix->name, ix->csv.record_line, ix->fields,
                   ix->fields == 1 ? "" : "s", ix->columns);
}

static bool
end_csv_record(struct feed_index *ix, struct err *err)
{
    ix->fields++;
    bool ok = true;
    if (ix->header_seen) {
        ok = check_fields(ix, err);
        add_record(ix);
    } else {
        /* With names of its own a file's header need not fit. */
        if (ix->columns == 0)
            ix->columns = ix->fields;
        ok = csv_read_record(ix->text.data, ix->text.size, ix->delimiter,
                             &ix->header, err);
        ix->header_seen = true;
    }
    ix->fields = 0;
    return ok;
}

static bool
index_csv(struct feed_index *ix, const char *data, size_t size, struct err *err)
{
    for (size_t i = 0; i < size; i++) {
        bool between = ix->csv.state == CSV_AT_RECORD;
        enum csv_event event = csv_next(&ix->csv, data[i], err);
        if (between && ix->csv.state != CSV_AT_RECORD)
            ix->begin = ix->size + i;
        if (!ix->header_seen && ix->csv.state != CSV_AT_RECORD)
            buf_append(&ix->text, &data[i], 1);
        switch (event) {
        case CSV_NOTHING:
        case CSV_BYTE:
            break;
        case CSV_FIELD:
            ix->fields++;
            break;
        case CSV_RECORD:
            if (!end_csv_record(ix, err))
                return false;
            break;
        case CSV_ERROR:
            return err_set(err, "%s:%s", ix->name, err->message);
        }
    }
    return true;
}

static bool
is_blank(const struct buf *text)
{
    return text->size == 0 || strspn(text->data, " \t\r") == text->size;
}

/* A line of JSON, which is not blank. */
static bool
check_json(const struct feed_index *ix, struct err *err)
{
    json_error_t error;
    json_t *value =
        json_loadb(ix->text.data, ix->text.size, FEED_JSON_FLAGS, &error);
    bool ok = value != NULL && !json_is_null(value);
    if (value == NULL)
        err_set(err, "%s:%" PRIu64 ":%d: %s", ix->name, ix->line,
                error.column > 0 ? error.column : 1, error.text);
    else if (!ok)
        err_set(err, "%s:%" PRIu64 ": null is no record", ix->name, ix->line);
    json_decref(value);
    return ok;
}

static bool
end_line(struct feed_index *ix, struct err *err)
{
    bool ok = true;
    if (ix->kind == FEED_LINES) {
        add_record(ix);
    } else if (!is_blank(&ix->text)) {
        ok = check_json(ix, err);
        add_record(ix);
    }
    ix->line++;
    buf_clear(&ix->text);
    return ok;
}

static bool
index_lines(struct feed_index *ix, const char *data, size_t size,
            struct err *err)
{
    for (size_t i = 0; i < size;) {
        const char *end = memchr(data + i, '\n', size - i);
        size_t length = end != NULL ? (size_t)(end - data) - i : size - i;
        if (ix->kind == FEED_NDJSON)
            buf_append(&ix->text, data + i, length);
        i += length;
        if (end == NULL)
            break;
        i++;
        if (!end_line(ix, err))
            return false;
        ix->begin = ix->size + i;
    }
    return true;
}

bool
feed_index_add(struct feed_index *ix, const char *data, size_t size,
               struct err *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (ix->size == 0 && size >= 2 &&
        (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
        return err_set(err, "'%s' is UTF-16: save it as UTF-8", ix->name);
    if (ix->size == 0 && size >= 3 && memcmp(data, mark, 3) == 0) {
        ix->size = ix->begin = 3;
        data += 3;
        size -= 3;
    }
    bool ok = ix->kind == FEED_CSV ? index_csv(ix, data, size, err)
                                   : index_lines(ix, data, size, err);
    ix->size += size;
    return ok;
}

bool
feed_index_end(struct feed_index *ix, struct err *err)
{
    if (ix->kind != FEED_CSV)
        return ix->begin == ix->size || end_line(ix, err);
    switch (csv_end(&ix->csv, err)) {
    case CSV_RECORD:
        return end_csv_record(ix, err);
    case CSV_ERROR:
        return err_set(err, "%s:%s", ix->name, err->message);
    case CSV_NOTHING:
    case CSV_BYTE:
    case CSV_FIELD:
        break;
    }
    return true;
}
