#include "output/growing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "output/write_file.h"

struct growing {
    char *path;
    int fd;
    int failure;  /* errno of the first write that failed; 0: none */
    bool regular; /* what is too much can be cut off */
    off_t size;   /* of all whole pieces */
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
    };
    return growing;
}

/* The first failure is the one that is told. */
static void
lose(struct growing *growing, int error)
{
    if (growing->failure != 0)
        return;
    growing->failure = error;
    if (growing->regular && ftruncate(growing->fd, growing->size) != 0)
        growing->regular = false;
}

bool
growing_write(struct growing *growing, const void *data, size_t size)
{
    const char *rest = data;
    for (size_t left = size; left > 0 && growing->failure == 0;) {
        ssize_t written = write(growing->fd, rest, left);
        if (written < 0) {
            if (errno != EINTR)
                lose(growing, errno);
            continue;
        }
        rest += written;
        left -= (size_t)written;
    }
    if (growing->failure != 0)
        return false;
    growing->size += (off_t)size;
    return true;
}

bool
growing_close(struct growing *growing, struct err *err)
{
    if (growing == NULL)
        return true;
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
    free(growing->path);
    free(growing);
    return failure == 0;
}
