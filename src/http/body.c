#include "http/body.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

struct http_body *
http_body_create(void)
{
    return xcalloc(1, sizeof(struct http_body));
}

void
http_body_destroy(struct http_body *body)
{
    if (body == NULL)
        return;
    for (size_t i = 0; i < body->count; i++) {
        if (body->pieces[i].fd >= 0)
            close(body->pieces[i].fd);
        free(body->pieces[i].path);
    }
    free(body->pieces);
    buf_finish(&body->bytes);
    free(body);
}

static struct http_piece *
add_piece(struct http_body *body)
{
    if (body->count == body->capacity) {
        body->capacity = body->capacity == 0 ? 8 : body->capacity * 2;
        body->pieces =
            xrealloc(body->pieces, body->capacity * sizeof(*body->pieces));
    }
    struct http_piece *piece = &body->pieces[body->count++];
    *piece = (struct http_piece){
        .start = body->size,
        .offset = body->bytes.size,
        .fd = -1,
    };
    return piece;
}

void
http_body_add(struct http_body *body, const void *data, size_t size)
{
    if (size == 0)
        return;
    struct http_piece *last =
        body->count > 0 ? &body->pieces[body->count - 1] : NULL;
    if (last == NULL || last->fd >= 0)
        last = add_piece(body);
    buf_append(&body->bytes, data, size);
    last->size += size;
    body->size += size;
}

bool
http_body_add_file(struct http_body *body, const char *path, int *code,
                   struct err *err)
{
    /* Nothing to wait for: of a pipe without a writer we would. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        *code = errno;
        if (fd >= 0)
            close(fd);
        return err_set(err, "cannot open '%.500s': %s", path, strerror(*code));
    }
    if (!S_ISREG(status.st_mode)) {
        *code = 0;
        close(fd);
        return err_set(err, "'%.500s' is not a regular file", path);
    }
    struct http_piece *piece = add_piece(body);
    piece->fd = fd;
    piece->path = xmemdup(path, strlen(path) + 1);
    piece->size = (uint64_t)status.st_size;
    body->size += piece->size;
    return true;
}

static bool
fail_changed(const struct http_piece *piece, struct err *err)
{
    return err_set(err,
                   "the file '%.120s' changed while it was sent: it had "
                   "%" PRIu64 " bytes when the request began",
                   piece->path, piece->size);
}

/* At most `size` bytes, and not beyond the piece. */
static ssize_t
read_file(const struct http_piece *piece, uint64_t offset, void *out,
          size_t size, struct err *err)
{
    ssize_t got = 0;
    do
        got = pread(piece->fd, out, size, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        err_set(err, "cannot read '%.120s': %s", piece->path, strerror(errno));
        return -1;
    }
    struct stat status;
    bool last = offset + (uint64_t)got == piece->size;
    if (got == 0 || (last && fstat(piece->fd, &status) == 0 &&
                     (uint64_t)status.st_size != piece->size)) {
        fail_changed(piece, err);
        return -1;
    }
    return got;
}

ssize_t
http_body_read(const struct http_body *body, uint64_t position, void *out,
               size_t size, struct err *err)
{
    size_t filled = 0;
    for (size_t i = 0; i < body->count && filled < size; i++) {
        const struct http_piece *piece = &body->pieces[i];
        uint64_t offset = position + filled - piece->start;
        if (position + filled >= piece->start + piece->size)
            continue;
        uint64_t left = piece->size - offset;
        size_t wanted = size - filled < left ? size - filled : (size_t)left;
        char *to = (char *)out + filled;
        if (piece->fd < 0) {
            memcpy(to, body->bytes.data + piece->offset + offset, wanted);
            filled += wanted;
            continue;
        }
        ssize_t got = read_file(piece, offset, to, wanted, err);
        if (got < 0)
            return -1;
        filled += (size_t)got;
        if ((size_t)got < wanted)
            break; /* the rest next time */
    }
    return (ssize_t)filled;
}
