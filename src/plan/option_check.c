#include "plan/option_check.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

bool
option_is_not_empty(const char *text)
{
    return text[0] != '\0';
}

bool
option_is_http_url(const char *text)
{
    size_t scheme = strncasecmp(text, "http://", 7) == 0    ? 7
                    : strncasecmp(text, "https://", 8) == 0 ? 8
                                                            : 0;
    return scheme > 0 && text[scheme] != '\0' && text[scheme] != '/' &&
           strpbrk(text, " \t\r\n") == NULL;
}

/* "NAME=URL" */
bool
option_is_service(const char *text)
{
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-");
    return name > 0 && text[name] == '=' && option_is_http_url(text + name + 1);
}

/* A number is what other tools take with -c. */
bool
option_is_config(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] != '\0';
}

bool
option_is_jobs(const char *text)
{
    return strcmp(text, "auto") == 0 ||
           (text[0] != '\0' && strlen(text) <= 4 &&
            text[strspn(text, "0123456789")] == '\0');
}

/* A field name is a token of RFC 9110. */
bool
option_is_header(const char *text)
{
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789!#$%&'*+-.^_`|~");
    return name > 0 && text[name] == ':' &&
           !str_has_ctl_break(text, strlen(text));
}

/* The kinds are known to src/output, which says what they may be. */
bool
option_is_output(const char *text)
{
    const char *equals = strchr(text, '=');
    return equals != NULL && equals > text && equals[1] != '\0';
}
