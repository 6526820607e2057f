#include "script/feed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "script/feed_index.h"

#define CHUNK ((size_t)256 << 10)

struct feed_file {
    enum feed_kind kind;
    char *name;
    char delimiter;
    bool header;
    int fd;          /* of a file that is not kept; else -1 */
    struct buf kept; /* the file */
    struct feed_index index;
    json_t *array; /* FEED_JSON, whose records these are */
    size_t count;
    struct csv_fields fields;
    struct buf record; /* bytes of one, from a file that is not kept */
    json_t *value;     /* the one lent last */
};

static bool
refuse(const struct feed_file *file, struct err *err, const char *why)
{
    return err_set(err, "'%s' %s", file->name, why);
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
    return got == 0 || cannot_read(file, cause, err);
}

/* In pieces, as there may be no room for all of it. */
static bool
index_file(struct feed_file *file, struct err *err)
{
    char *piece = xmalloc(CHUNK);
    ssize_t got;
    bool ok = true;
    while (ok && (got = read_piece(file->fd, piece, CHUNK)) != 0)
        ok = got > 0 ? feed_index_add(&file->index, piece, (size_t)got, err)
                     : cannot_read(file, errno, err);
    free(piece);
    return ok;
}

static bool
read_records(struct feed_file *file, struct err *err)
{
    struct feed_index *index = &file->index;
    bool ok = file->fd >= 0 ? index_file(file, err)
                            : feed_index_add(index, file->kept.data,
                                             file->kept.size, err);
    ok = ok && feed_index_end(index, err);
    file->count = index->count;
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
    file->array = json_loadb(data, size, FEED_JSON_FLAGS, &error);
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
        .fd = -1,
    };
    feed_index_init(&file->index, config);
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
    feed_index_finish(&file->index);
    csv_fields_finish(&file->fields);
    json_decref(file->value);
    json_decref(file->array);
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
    return file->header ? &file->index.header : NULL;
}

/* Its bytes and what is between it and the next. */
static const char *
raw_record(struct feed_file *file, size_t index, size_t *size, struct err *err)
{
    const struct feed_index *ix = &file->index;
    uint64_t begin = ix->begins[index];
    uint64_t end = index + 1 < ix->count ? ix->begins[index + 1] : ix->size;
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
        file->fields.count == file->index.columns)
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
    file->value = json_loadb(data, size, FEED_JSON_FLAGS, NULL);
    if (file->value == NULL)
        refuse(file, err, "has changed since it was loaded");
    return file->value;
}
