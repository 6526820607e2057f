#ifndef MOLO_HTTP_BODY_H
#define MOLO_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* The body of a request, put together of pieces: bytes in memory and files,
 * which are read from disk while they are sent. Its size is known before. */

struct http_piece {
    uint64_t start; /* in the body */
    uint64_t size;
    size_t offset; /* in `bytes`, of one in memory */
    int fd;        /* -1: in memory */
    char *path;    /* owned; NULL: in memory */
};

/* Zeroed is empty. */
struct http_body {
    struct buf bytes;
    struct http_piece *pieces;
    size_t count, capacity;
    uint64_t size;
};

/* Closes its files. NULL: no-op. */
void http_body_destroy(struct http_body *body);
struct http_body *http_body_create(void);
/* Copies. */
void http_body_add(struct http_body *body, const void *data, size_t size);
/* Opens a regular file, all of which will be sent. On failure the message names
 * it and the reason, and `code` gets the errno (0: it is no file). */
bool http_body_add_file(struct http_body *body, const char *path, int *code,
                        struct err *err);
/* Up to `size` bytes from `position` on; 0 at the end. A file is read where it
 * lies: the caller waits for the disk. -1 if a file cannot be read, or is not
 * as long as it was when it was added; the message names it. */
ssize_t http_body_read(const struct http_body *body, uint64_t position,
                       void *out, size_t size, struct err *err);

#endif
