#include "plan/options.h"

#include <ctype.h>
#include <string.h>

#include "plan/option_table.h"

#define PREFIX "MOLO_"
#define SERVICE "SERVICE_"

/* MOLO_SERVICE_USERS=http://...; `name` begins behind MOLO_. */
static bool
read_service(struct options *options, const char *name, const char *equals,
             struct err *err)
{
    return options_set(options, OPTION_ENVIRONMENT, "service",
                       name + strlen(SERVICE), NULL) ||
           err_set(err, PREFIX "%.*s: '%.80s' is not " FORMS_ADDRESS,
                   (int)(equals - name), name, equals + 1);
}

/* What is near to an option is probably meant for molo; other names are
 * somebody else's. */
static void
tell_mistake(const char *name, const struct option_spec *spec,
             struct option_list *warnings)
{
    char asked[OPTION_SPELLING_SIZE], wanted[OPTION_SPELLING_SIZE];
    const char *nearest =
        spec == NULL ? option_nearest(OPTION_ENVIRONMENT, name) : NULL;
    struct buf text = {0};
    option_spell(OPTION_ENVIRONMENT, name, asked);
    if (spec != NULL) {
        buf_printf(&text, "%s has no effect: --%s is for the command line",
                   asked, spec->name);
    } else if (nearest != NULL) {
        option_spell(OPTION_ENVIRONMENT, nearest, wanted);
        buf_printf(&text, "%s has no effect: did you mean %s?", asked, wanted);
    }
    if (text.size > 0)
        option_list_append(warnings, text.data);
    buf_finish(&text);
}

/* MOLO_MAX_RUNS=20 */
static bool
read_option(struct options *options, const char *name, const char *equals,
            struct option_list *warnings, struct err *err)
{
    char lower[OPTION_SPELLING_SIZE - sizeof(PREFIX)];
    size_t size = (size_t)(equals - name);
    if (size >= sizeof(lower))
        return true;
    for (size_t i = 0; i < size; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    lower[size] = '\0';
    const struct option_spec *spec = option_find(lower, size);
    if (spec != NULL && !spec->command_line_only)
        return options_set(options, OPTION_ENVIRONMENT, lower, equals + 1, err);
    tell_mistake(lower, spec, warnings);
    return true;
}

bool
options_read_environment(struct options *options, char *const *environ,
                         struct option_list *warnings, struct err *err)
{
    for (; *environ != NULL; environ++) {
        const char *entry = *environ;
        const char *equals = strchr(entry, '=');
        /* An empty variable is one that somebody unset the easy way. */
        if (equals == NULL || equals[1] == '\0' ||
            strncmp(entry, PREFIX, strlen(PREFIX)) != 0)
            continue;
        const char *name = entry + strlen(PREFIX);
        bool is_service = strncmp(name, SERVICE, strlen(SERVICE)) == 0;
        if (!(is_service ? read_service(options, name, equals, err)
                         : read_option(options, name, equals, warnings, err)))
            return false;
    }
    return true;
}
