#include "output/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define TEMP_TRIES 100
/* As many as the kernel follows. */
#define MAX_LINKS 40

static bool
write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        data += written;
        size -= (size_t)written;
    }
    return true;
}

const char *
write_file_cause(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "the disk is full";
    case EFBIG:
        return "it would be larger than a file may be (see 'ulimit -f')";
    case ENOENT:
        return "its directory does not exist";
    case EACCES:
    case EPERM:
        return "no permission";
    case EISDIR:
        return "it is a directory";
    case EPIPE:
        return "the reader has gone";
    }
    return strerror(error);
}

static bool
fail(struct err *err, const char *path, int error)
{
    return err_set(err, "cannot write %s: %s", path, write_file_cause(error));
}

static bool
write_stdout(const char *data, size_t size, struct err *err)
{
    if (fflush(stdout) != 0 || !write_all(STDOUT_FILENO, data, size))
        return fail(err, "to standard output", errno);
    return true;
}

/* A device or pipe must not be replaced by a file. */
static bool
write_in_place(const char *path, const char *data, size_t size, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(err, path, errno);
    bool ok = write_all(fd, data, size);
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    return ok ? true : fail(err, path, error);
}

static char *
directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? xstrndup(path, (size_t)(slash - path) + 1)
                         : xstrdup("./");
}

static const char *
name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Opens a new file beside `target` and sets *temp to its name. Not mkstemp:
 * that would make the result unreadable for others whatever the umask. */
static int
open_temp(const char *target, char **temp)
{
    int dir_len = (int)(name_of(target) - target);
    for (int i = 0; i < TEMP_TRIES; i++) {
        *temp = xasprintf("%.*s.molo-%ld-%d.tmp", dir_len, target,
                          (long)getpid(), i);
        int fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0)
            return fd;
        free(*temp);
        if (errno != EEXIST)
            break;
    }
    *temp = NULL;
    return -1;
}

/* The new name is on the disk only when the directory is. Not every file system
 * can do that; what could be written is not lost for it. */
static void
sync_directory(const char *target)
{
    char *path = directory_of(target);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* What a symbolic link stands for; NULL: it is none. */
static char *
follow(const char *path)
{
    char to[PATH_MAX];
    ssize_t size = readlink(path, to, sizeof(to));
    if (size <= 0 || (size_t)size == sizeof(to))
        return NULL;
    char *directory = to[0] == '/' ? xstrdup("") : directory_of(path);
    char *target = xasprintf("%s%.*s", directory, (int)size, to);
    free(directory);
    return target;
}

char *
write_file_target(const char *path)
{
    char *at = xstrdup(path);
    char *next = follow(at);
    for (int i = 0; next != NULL && i < MAX_LINKS; i++) {
        free(at);
        at = next;
        next = follow(at);
    }
    free(next);
    char *directory = directory_of(at);
    char *real = realpath(directory, NULL);
    free(directory);
    if (real == NULL)
        return at;
    bool root = strcmp(real, "/") == 0;
    char *target = xasprintf("%s/%s", root ? "" : real, name_of(at));
    free(real);
    free(at);
    return target;
}

/* `target` is where the file really is; `old` its state, NULL if it is new. */
static bool
replace(const char *path, const char *target, const struct stat *old,
        const char *data, size_t size, struct err *err)
{
    char *temp;
    int fd = open_temp(target, &temp);
    if (fd < 0)
        return fail(err, path, errno);
    bool ok = (old == NULL || fchmod(fd, old->st_mode & 07777) == 0) &&
              write_all(fd, data, size) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && rename(temp, target) != 0) {
        ok = false;
        error = errno;
    }
    if (ok)
        sync_directory(target);
    else
        unlink(temp);
    free(temp);
    return ok ? true : fail(err, path, error);
}

bool
write_file(const char *path, const char *data, size_t size, struct err *err)
{
    if (strcmp(path, "-") == 0)
        return write_stdout(data, size, err);
    struct stat old;
    bool is_new = stat(path, &old) != 0;
    if (!is_new && S_ISDIR(old.st_mode))
        return fail(err, path, EISDIR);
    if (!is_new && !S_ISREG(old.st_mode))
        return write_in_place(path, data, size, err);
    if (!is_new && access(path, W_OK) != 0)
        return fail(err, path, errno);
    /* A symbolic link stays one. */
    char *target = write_file_target(path);
    bool ok = replace(path, target, is_new ? NULL : &old, data, size, err);
    free(target);
    return ok;
}

/* A file that is replaced is written beside its final name first, so it takes
 * the directory. */
static int
probe_directory_of(const char *path)
{
    char *target = write_file_target(path);
    char *directory = directory_of(target);
    int problem = access(directory, W_OK | X_OK) == 0 ? 0 : errno;
    free(directory);
    free(target);
    return problem;
}

int
write_file_probe(const char *path, bool in_place)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? probe_directory_of(path) : errno;
    if (S_ISDIR(status.st_mode))
        return EISDIR;
    if (S_ISREG(status.st_mode) && !in_place)
        return probe_directory_of(path);
    return access(path, W_OK) == 0 ? 0 : errno;
}
