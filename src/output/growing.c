#include "output/growing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "output/write_file.h"

struct growing {
    char *path;
    int fd;
    int failure;  /* errno of the first write that failed; 0: none */
    bool regular; /* what is too much can be cut off */
    off_t size;   /* of all whole pieces */
    pthread_mutex_t mutex;
    struct buf lines; /* handed over; behind the mutex */
    struct buf batch; /* of the thread that writes */
};

struct growing *
growing_open(const char *path, struct err *err)
{
    int fd = STDOUT_FILENO;
    if (strcmp(path, "-") != 0) {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY,
                  0666);
        if (fd < 0) {
            err_set(err, "cannot write %s: %s", path, write_file_cause(errno));
            return NULL;
        }
    }
    struct stat status;
    struct growing *growing = xmalloc(sizeof(*growing));
    *growing = (struct growing){
        .path = xstrdup(path),
        .fd = fd,
        .regular = fd != STDOUT_FILENO && fstat(fd, &status) == 0 &&
                   S_ISREG(status.st_mode),
        .mutex = PTHREAD_MUTEX_INITIALIZER,
    };
    return growing;
}

/* The first failure is the one that is told. */
static void
lose(struct growing *growing, int error)
{
    if (growing->failure == 0)
        growing->failure = error;
}

/* Returns how much of it was written. */
static size_t
write_some(struct growing *growing, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size && growing->failure == 0) {
        ssize_t written = write(growing->fd, data + done, size - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            lose(growing, errno);
    }
    return done;
}

/* `size` of what was written last are whole pieces. */
static void
keep(struct growing *growing, size_t size)
{
    growing->size += (off_t)size;
    if (growing->failure != 0 && growing->regular &&
        ftruncate(growing->fd, growing->size) != 0)
        growing->regular = false;
}

size_t
growing_write(struct growing *growing, const void *data, const size_t *ends,
              size_t count)
{
    size_t size = count > 0 ? ends[count - 1] : 0;
    size_t done = write_some(growing, data, size);
    size_t kept = done == size ? count : 0;
    while (kept < count && ends[kept] <= done)
        kept++;
    keep(growing, kept > 0 ? ends[kept - 1] : 0);
    return kept;
}

bool
growing_write_lines(struct growing *growing, const char *lines, size_t size)
{
    size_t done = write_some(growing, lines, size);
    while (done < size && done > 0 && lines[done - 1] != '\n')
        done--;
    keep(growing, done);
    return growing->failure == 0;
}

void
growing_put(struct growing *growing, const char *lines, size_t size)
{
    pthread_mutex_lock(&growing->mutex);
    buf_append(&growing->lines, lines, size);
    pthread_mutex_unlock(&growing->mutex);
}

void
growing_flush(struct growing *growing)
{
    pthread_mutex_lock(&growing->mutex);
    struct buf lines = growing->lines;
    growing->lines = growing->batch;
    pthread_mutex_unlock(&growing->mutex);
    growing_write_lines(growing, lines.data, lines.size);
    buf_clear(&lines);
    growing->batch = lines;
}

bool
growing_close(struct growing *growing, struct err *err)
{
    if (growing == NULL)
        return true;
    growing_flush(growing);
    if (growing->regular && growing->failure == 0 && fsync(growing->fd) != 0)
        lose(growing, errno);
    if (growing->fd != STDOUT_FILENO && close(growing->fd) != 0)
        lose(growing, errno);
    int failure = growing->failure;
    if (failure != 0)
        err_set(err, "cannot write %s: %s",
                growing->fd == STDOUT_FILENO ? "to standard output"
                                             : growing->path,
                write_file_cause(failure));
    pthread_mutex_destroy(&growing->mutex);
    buf_finish(&growing->lines);
    buf_finish(&growing->batch);
    free(growing->path);
    free(growing);
    return failure == 0;
}
