#include "output/result.h"

#include <stdarg.h>

void
result_add_cause(struct result *result, enum exit_code code, const char *fmt,
                 ...)
{
    for (size_t i = 0; i < result->cause_count; i++) {
        if (result->causes[i].code == code)
            return;
    }
    if (result->cause_count == RESULT_MAX_CAUSES)
        return;
    struct result_cause *cause = &result->causes[result->cause_count++];
    cause->code = code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(cause->text, sizeof(cause->text), fmt, args);
    va_end(args);
}

/* Place in the order of precedence; 0 comes first. */
static int
precedence(enum exit_code code)
{
    switch (code) {
    case EXIT_CODE_USAGE:
        return 0;
    case EXIT_CODE_SETUP:
        return 1;
    case EXIT_CODE_DEADLOCK:
        return 2;
    case EXIT_CODE_SIGHUP:
    case EXIT_CODE_SIGINT:
    case EXIT_CODE_SIGTERM:
        return 3;
    case EXIT_CODE_THRESHOLD:
        return 4;
    case EXIT_CODE_FAILED:
        return 5;
    case EXIT_CODE_OUTPUT:
        return 6;
    case EXIT_CODE_SATURATED:
        return 7;
    case EXIT_CODE_OK:
        break;
    }
    return 8;
}

enum exit_code
exit_code_worse(enum exit_code a, enum exit_code b)
{
    return precedence(b) < precedence(a) ? b : a;
}

enum exit_code
result_exit_code(const struct result *result)
{
    enum exit_code code = EXIT_CODE_OK;
    for (size_t i = 0; i < result->cause_count; i++)
        code = exit_code_worse(code, result->causes[i].code);
    return code;
}
