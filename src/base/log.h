#ifndef MOLO_BASE_LOG_H
#define MOLO_BASE_LOG_H

enum log_level {
    LOG_ERROR, /* shown even with -q */
    LOG_WARNING,
    LOG_INFO,    /* the default */
    LOG_VERBOSE, /* -v */
    LOG_DEBUG,   /* -vv */
};

/* One line to stderr, "molo: error: ..." (info and below carry no level name),
 * without what is secret (secrets.h).
 * Any thread; not from signal handlers. */
void log_print(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes `text` to stderr as it is, unless the level is hidden. */
void log_text(enum log_level level, const char *text);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* Called before and after a line is written, so that a progress view can clear
 * and redraw itself. NULL: none. */
void log_set_hooks(void (*before)(void *), void (*after)(void *), void *data);

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_verbose(...) log_print(LOG_VERBOSE, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

#endif
