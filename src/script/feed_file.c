#include "script/feed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define CHUNK ((size_t)256 << 10)
#define JSON_FLAGS (JSON_DECODE_ANY | JSON_ALLOW_NUL)

struct feed_file {
    enum feed_kind kind;
    char *name;
    char delimiter;
    bool header;
    size_t columns;
    int fd;          /* of a file that is not kept; else -1 */
    struct buf kept; /* the file */
    uint64_t size;
    uint64_t *begins; /* where the records do */
    size_t count, capacity;
    json_t *array; /* FEED_JSON, whose records these are */
    struct csv_fields header_fields, fields;
    struct buf record; /* bytes of one, from a file that is not kept */
    json_t *value;     /* the one lent last */
};

static bool
refuse(const struct feed_file *file, struct err *err, const char *why)
{
    return err_set(err, "'%s' %s", file->name, why);
}

/* --- the index --- */

/* Goes through the file once, in pieces. */
struct indexer {
    struct feed_file *file;
    uint64_t offset; /* of the next byte */
    uint64_t begin;  /* of the record it belongs to */
    uint64_t line;
    struct csv csv;
    size_t fields;      /* of this record so far */
    bool header_seen;   /* or none is to come */
    struct buf text;    /* of this record, where it has to be looked at */
    uint64_t text_line; /* where that began */
};

static void
add_record(struct feed_file *file, uint64_t begin)
{
    if (file->count == file->capacity) {
        file->capacity = file->capacity > 0 ? file->capacity * 2 : 64;
        file->begins =
            xrealloc(file->begins, file->capacity * sizeof(file->begins[0]));
    }
    file->begins[file->count++] = begin;
}

static bool
check_fields(struct indexer *ix, struct err *err)
{
    struct feed_file *file = ix->file;
    if (file->columns == 0)
        file->columns = ix->fields;
    if (ix->fields == file->columns)
        return true;
    return err_set(err,
                   "%s:%" PRIu64 ": %zu field%s where there are %zu columns: "
                   "every record has a field for every column, empty ones "
                   "too",
                   file->name, ix->csv.record_line, ix->fields,
                   ix->fields == 1 ? "" : "s", file->columns);
}

static bool
end_csv_record(struct indexer *ix, struct err *err)
{
    struct feed_file *file = ix->file;
    ix->fields++;
    bool ok = true;
    if (ix->header_seen) {
        ok = check_fields(ix, err);
        add_record(file, ix->begin);
    } else {
        /* With names of its own a file's header need not fit. */
        if (file->columns == 0)
            file->columns = ix->fields;
        ok = csv_read_record(ix->text.data, ix->text.size, file->delimiter,
                             &file->header_fields, err);
        ix->header_seen = true;
    }
    ix->fields = 0;
    return ok;
}

static bool
index_csv(struct indexer *ix, const char *data, size_t size, struct err *err)
{
    for (size_t i = 0; i < size; i++) {
        bool between = ix->csv.state == CSV_AT_RECORD;
        enum csv_event event = csv_next(&ix->csv, data[i], err);
        if (between && ix->csv.state != CSV_AT_RECORD)
            ix->begin = ix->offset + i;
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
            return err_set(err, "%s:%s", ix->file->name, err->message);
        }
    }
    return true;
}

static bool
is_blank(const struct buf *text)
{
    return text->size == 0 || strspn(text->data, " \t\r") == text->size;
}

static json_t *
parse_line(const char *data, size_t size, const char *name, uint64_t line,
           struct err *err)
{
    json_error_t error;
    json_t *value = json_loadb(data, size, JSON_FLAGS, &error);
    if (value == NULL)
        err_set(err, "%s:%" PRIu64 ":%d: %s", name, line,
                error.column > 0 ? error.column : 1, error.text);
    else if (json_is_null(value))
        err_set(err, "%s:%" PRIu64 ": null is no record", name, line);
    else
        return value;
    json_decref(value);
    return NULL;
}

static bool
end_line(struct indexer *ix, struct err *err)
{
    struct feed_file *file = ix->file;
    bool ok = true;
    if (file->kind == FEED_LINES) {
        add_record(file, ix->begin);
    } else if (!is_blank(&ix->text)) {
        json_t *value =
            parse_line(ix->text.data, ix->text.size, file->name, ix->line, err);
        ok = value != NULL;
        json_decref(value);
        add_record(file, ix->begin);
    }
    ix->line++;
    buf_clear(&ix->text);
    return ok;
}

static bool
index_lines(struct indexer *ix, const char *data, size_t size, struct err *err)
{
    for (size_t i = 0; i < size;) {
        const char *end = memchr(data + i, '\n', size - i);
        size_t length = end != NULL ? (size_t)(end - data) - i : size - i;
        if (ix->file->kind == FEED_NDJSON)
            buf_append(&ix->text, data + i, length);
        i += length;
        if (end == NULL)
            break;
        i++;
        if (!end_line(ix, err))
            return false;
        ix->begin = ix->offset + i;
    }
    return true;
}

static bool
index_piece(struct indexer *ix, const char *data, size_t size, struct err *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (ix->offset == 0 && size >= 2 &&
        (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
        return refuse(ix->file, err, "is UTF-16: save it as UTF-8");
    if (ix->offset == 0 && size >= 3 && memcmp(data, mark, 3) == 0) {
        ix->offset = ix->begin = 3;
        data += 3;
        size -= 3;
    }
    bool ok = ix->file->kind == FEED_CSV ? index_csv(ix, data, size, err)
                                         : index_lines(ix, data, size, err);
    ix->offset += size;
    return ok;
}

static bool
index_end(struct indexer *ix, struct err *err)
{
    if (ix->file->kind != FEED_CSV)
        return ix->begin == ix->offset || end_line(ix, err);
    switch (csv_end(&ix->csv, err)) {
    case CSV_RECORD:
        return end_csv_record(ix, err);
    case CSV_ERROR:
        return err_set(err, "%s:%s", ix->file->name, err->message);
    case CSV_NOTHING:
    case CSV_BYTE:
    case CSV_FIELD:
        break;
    }
    return true;
}

/* --- reading the file --- */

/* One read, which a signal does not cut short. */
static ssize_t
read_piece(int fd, char *data, size_t size)
{
    ssize_t got;
    do
        got = read(fd, data, size);
    while (got < 0 && errno == EINTR);
    return got;
}

static bool
cannot_read(const struct feed_file *file, int cause, struct err *err)
{
    return err_set(err, "cannot read '%s': %s", file->name, strerror(cause));
}

static bool
read_all(struct feed_file *file, int fd, struct err *err)
{
    char *piece = xmalloc(CHUNK);
    ssize_t got;
    buf_append_str(&file->kept, "");
    while ((got = read_piece(fd, piece, CHUNK)) > 0)
        buf_append(&file->kept, piece, (size_t)got);
    int cause = errno;
    free(piece);
    file->size = file->kept.size;
    return got == 0 || cannot_read(file, cause, err);
}

static bool
index_kept(struct indexer *ix, struct err *err)
{
    const struct buf *kept = &ix->file->kept;
    return index_piece(ix, kept->data, kept->size, err) && index_end(ix, err);
}

static bool
index_file(struct indexer *ix, struct err *err)
{
    struct feed_file *file = ix->file;
    char *piece = xmalloc(CHUNK);
    ssize_t got;
    bool ok = true;
    while (ok && (got = read_piece(file->fd, piece, CHUNK)) != 0)
        ok = got > 0 ? index_piece(ix, piece, (size_t)got, err)
                     : cannot_read(file, errno, err);
    free(piece);
    file->size = ix->offset;
    return ok && index_end(ix, err);
}

static bool
read_records(struct feed_file *file, struct err *err)
{
    struct indexer ix = {
        .file = file,
        .line = 1,
        .header_seen = !file->header,
    };
    csv_init(&ix.csv, file->delimiter, 1);
    bool ok = file->fd >= 0 ? index_file(&ix, err) : index_kept(&ix, err);
    buf_finish(&ix.text);
    return ok;
}

static bool
read_array(struct feed_file *file, struct err *err)
{
    const char *data = file->kept.data;
    size_t size = file->kept.size;
    json_error_t error;
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        size -= 3;
    }
    file->array = json_loadb(data, size, JSON_FLAGS, &error);
    buf_finish(&file->kept);
    if (file->array == NULL)
        return err_set(err, "%s:%d:%d: %s", file->name,
                       error.line > 0 ? error.line : 1,
                       error.column > 0 ? error.column : 1, error.text);
    if (!json_is_array(file->array))
        return refuse(file, err,
                      "is not an array of values: write [...] around them, or "
                      "one a line with format = \"ndjson\"");
    file->count = json_array_size(file->array);
    for (size_t i = 0; i < file->count; i++) {
        if (json_is_null(json_array_get(file->array, i)))
            return err_set(err, "'%s': value %zu is null, which is no record",
                           file->name, i + 1);
    }
    return true;
}

static bool
read_file(struct feed_file *file, const struct feed_file_config *config,
          struct err *err)
{
    int fd = open(config->path, O_RDONLY | O_CLOEXEC);
    struct stat status = {0};
    if (fd < 0 || fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        int cause = fd >= 0 && S_ISDIR(status.st_mode) ? EISDIR : errno;
        if (fd >= 0)
            close(fd);
        return cannot_read(file, cause, err);
    }
    bool ok = true;
    if (config->kind != FEED_JSON && S_ISREG(status.st_mode) &&
        (uint64_t)status.st_size > config->keep_max) {
        file->fd = fd;
    } else {
        ok = read_all(file, fd, err);
        close(fd);
    }
    if (ok)
        ok = config->kind == FEED_JSON ? read_array(file, err)
                                       : read_records(file, err);
    if (ok && file->count == 0)
        ok = refuse(file, err,
                    config->header ? "has no record below its header"
                                   : "has no record");
    return ok;
}

struct feed_file *
feed_file_open(const struct feed_file_config *config, struct err *err)
{
    struct feed_file *file = xmalloc(sizeof(*file));
    *file = (struct feed_file){
        .kind = config->kind,
        .name = xstrdup(config->name),
        .delimiter = config->delimiter,
        .header = config->kind == FEED_CSV && config->header,
        .columns = config->columns,
        .fd = -1,
    };
    if (read_file(file, config, err))
        return file;
    feed_file_close(file);
    return NULL;
}

void
feed_file_close(struct feed_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    buf_finish(&file->kept);
    buf_finish(&file->record);
    csv_fields_finish(&file->header_fields);
    csv_fields_finish(&file->fields);
    json_decref(file->value);
    json_decref(file->array);
    free(file->begins);
    free(file->name);
    free(file);
}

/* --- records --- */

size_t
feed_file_count(const struct feed_file *file)
{
    return file->count;
}

const struct csv_fields *
feed_file_header(const struct feed_file *file)
{
    return file->header ? &file->header_fields : NULL;
}

/* Its bytes and what is between it and the next. */
static const char *
raw_record(struct feed_file *file, size_t index, size_t *size, struct err *err)
{
    uint64_t begin = file->begins[index];
    uint64_t end =
        index + 1 < file->count ? file->begins[index + 1] : file->size;
    *size = (size_t)(end - begin);
    if (file->fd < 0)
        return file->kept.data + begin;
    struct buf *record = &file->record;
    buf_clear(record);
    char piece[4096];
    while (record->size < *size) {
        size_t left = *size - record->size;
        ssize_t got =
            pread(file->fd, piece, left < sizeof(piece) ? left : sizeof(piece),
                  (off_t)(begin + record->size));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            cannot_read(file, errno, err);
            return NULL;
        }
        if (got == 0) {
            refuse(file, err, "has become shorter since it was loaded");
            return NULL;
        }
        buf_append(record, piece, (size_t)got);
    }
    return record->data != NULL ? record->data : "";
}

const struct csv_fields *
feed_file_csv(struct feed_file *file, size_t index, struct err *err)
{
    size_t size;
    const char *data = raw_record(file, index, &size, err);
    if (data == NULL)
        return NULL;
    if (csv_read_record(data, size, file->delimiter, &file->fields, NULL) &&
        file->fields.count == file->columns)
        return &file->fields;
    refuse(file, err, "has changed since it was loaded");
    return NULL;
}

const char *
feed_file_line(struct feed_file *file, size_t index, size_t *size,
               struct err *err)
{
    const char *data = raw_record(file, index, size, err);
    if (data == NULL)
        return NULL;
    const char *end = memchr(data, '\n', *size);
    if (end != NULL)
        *size = (size_t)(end - data);
    if (*size > 0 && data[*size - 1] == '\r')
        --*size;
    return data;
}

const json_t *
feed_file_json(struct feed_file *file, size_t index, struct err *err)
{
    if (file->kind == FEED_JSON)
        return json_array_get(file->array, index);
    size_t size;
    const char *data = feed_file_line(file, index, &size, err);
    if (data == NULL)
        return NULL;
    json_decref(file->value);
    file->value = json_loadb(data, size, JSON_FLAGS, NULL);
    if (file->value == NULL)
        refuse(file, err, "has changed since it was loaded");
    return file->value;
}
