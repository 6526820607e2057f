#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secrets.h"
#include "base/utf8.h"

static struct {
    atomic_int level;
    pthread_mutex_t mutex; /* guards the rest, and the order of lines */
    void (*before)(void *);
    void (*after)(void *);
    void *data;
} logger = {.level = LOG_INFO, .mutex = PTHREAD_MUTEX_INITIALIZER};

static bool
hidden(enum log_level level)
{
    return (int)level >
           atomic_load_explicit(&logger.level, memory_order_relaxed);
}

static const char *
prefix(enum log_level level)
{
    switch (level) {
    case LOG_ERROR:
        return "molo: error: ";
    case LOG_WARNING:
        return "molo: warning: ";
    case LOG_INFO:
    case LOG_VERBOSE:
    case LOG_DEBUG:
        break;
    }
    return "molo: ";
}

static void
write_all(const char *data, size_t size)
{
    pthread_mutex_lock(&logger.mutex);
    if (logger.before != NULL)
        logger.before(logger.data);
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        data += written;
        size -= (size_t)written;
    }
    if (logger.after != NULL)
        logger.after(logger.data);
    pthread_mutex_unlock(&logger.mutex);
}

void
log_print(enum log_level level, const char *fmt, ...)
{
    if (hidden(level))
        return;
    int saved_errno = errno;
    struct buf message = {0};
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&message, fmt, args);
    va_end(args);
    secrets_hide(&message, 0);

    struct buf line = {0};
    buf_append_str(&line, prefix(level));
    /* Messages quote servers and scripts; some are lists. */
    utf8_append_printable(&line, message.data, "\n\t");
    buf_append_str(&line, "\n");
    write_all(line.data, line.size);
    buf_finish(&line);
    buf_finish(&message);
    errno = saved_errno;
}

void
log_text(enum log_level level, const char *text)
{
    if (hidden(level))
        return;
    struct buf shown = {0};
    secrets_append(&shown, text, strlen(text));
    write_all(shown.data, shown.size);
    buf_finish(&shown);
}

void
log_set_level(enum log_level level)
{
    atomic_store_explicit(&logger.level, (int)level, memory_order_relaxed);
}

enum log_level
log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&logger.level,
                                                memory_order_relaxed);
}

void
log_set_hooks(void (*before)(void *), void (*after)(void *), void *data)
{
    pthread_mutex_lock(&logger.mutex);
    logger.before = before;
    logger.after = after;
    logger.data = data;
    pthread_mutex_unlock(&logger.mutex);
}
