#include "plan/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/option_table.h"

/* A flag that another load-testing tool uses for something molo has. */
struct foreign_flag {
    const char *spelling;
    const char *ours;
    const char *advice;
    const char *unit; /* to follow a number; NULL: none */
};

static const struct foreign_flag foreign_flags[] = {
    {"--concurrency", "-w", "workers"},
    {"--connections", "-w", "workers"},
    {"--users", "-w", "workers"},
    {"--time", "-d", "length of the run"},
    {"-n", "-i", "runs that all workers share"},
    {"--requests", "-i", "runs that all workers share"},
    {"-R", "--rate", "runs per time", "/s"},
    {"--rps", "--rate", "runs per time", "/s"},
};

struct parser {
    struct options *options;
    int argc, next; /* index of the argument not yet used */
    char *const *argv;
    struct err *err;
};

static const char *
take_argument(struct parser *parser)
{
    return parser->next < parser->argc ? parser->argv[parser->next++] : NULL;
}

/* `attached`: what stands in the same word after the option; NULL: nothing. */
static bool
refuse(struct parser *parser, const char *spelling, const char *attached)
{
    size_t count = sizeof(foreign_flags) / sizeof(foreign_flags[0]);
    for (size_t i = 0; i < count; i++) {
        const struct foreign_flag *flag = &foreign_flags[i];
        if (strcmp(flag->spelling, spelling) != 0)
            continue;
        const char *value = attached;
        if (value == NULL && parser->next < parser->argc &&
            parser->argv[parser->next][0] != '-')
            value = parser->argv[parser->next];
        /* A number or a time is repeated; a file name would mislead. */
        bool repeat = value != NULL && value[0] >= '0' && value[0] <= '9';
        return err_set(
            parser->err,
            "unknown option '%s': did you mean '%s%s%.40s%s' (%s)?", spelling,
            flag->ours, repeat ? " " : "", repeat ? value : "",
            repeat && flag->unit != NULL ? flag->unit : "", flag->advice);
    }
    if (strncmp(spelling, "--", 2) == 0)
        return option_refuse_unknown(OPTION_COMMAND_LINE, spelling + 2,
                                     parser->err);
    return err_set(parser->err, "unknown option '%s'", spelling);
}

static bool
set(struct parser *parser, const struct option_spec *spec, const char *value)
{
    return options_set(parser->options, OPTION_COMMAND_LINE, spec->name, value,
                       parser->err);
}

static bool
parse_long(struct parser *parser, const char *word)
{
    const char *equals = strchr(word, '=');
    const char *value = equals != NULL ? equals + 1 : NULL;
    size_t size = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct option_spec *spec = option_find(word + 2, size - 2);
    if (spec == NULL) {
        char *spelling = xstrndup(word, size);
        refuse(parser, spelling, value);
        free(spelling);
        return false;
    }
    if (value == NULL && !option_is_flag(spec))
        value = take_argument(parser);
    return set(parser, spec, value);
}

/* "-k=false" */
static bool
refuse_flag_value(struct parser *parser, const struct option_spec *flag,
                  const char *value)
{
    return err_set(parser->err, "-%c takes no value: write --%s, or --%s%.40s",
                   flag->short_name, flag->name, flag->name, value);
}

/* Flags may share a word, and the last of it may be an option with its value:
 * "-qr5". */
static bool
parse_short(struct parser *parser, const char *word)
{
    for (const char *p = word + 1; *p != '\0'; p++) {
        const char *attached = p[1] != '\0' ? p + 1 : NULL;
        const struct option_spec *spec = option_find_short(*p);
        if (spec == NULL) {
            /* A character may be several bytes long. */
            size_t size = 1;
            while (((unsigned char)p[size] & 0xc0) == 0x80)
                size++;
            char spelling[8];
            snprintf(spelling, sizeof(spelling), "-%.*s", (int)size, p);
            return refuse(parser, spelling, p[size] != '\0' ? p + size : NULL);
        }
        if (!option_is_flag(spec))
            return set(parser, spec,
                       attached != NULL ? attached : take_argument(parser));
        if (attached != NULL && attached[0] == '=')
            return refuse_flag_value(parser, spec, attached);
        if (!set(parser, spec, NULL))
            return false;
    }
    return true;
}

bool
options_parse_arguments(struct options *options, int argc, char *const *argv,
                        struct option_list *positionals, struct err *err)
{
    struct parser parser = {
        .options = options, .argc = argc, .argv = argv, .err = err};
    bool only_positionals = false;
    for (const char *word; (word = take_argument(&parser)) != NULL;) {
        bool ok = true;
        if (only_positionals || word[0] != '-' || word[1] == '\0')
            option_list_append(positionals, word);
        else if (strcmp(word, "--") == 0)
            only_positionals = true;
        else if (word[1] == '-')
            ok = parse_long(&parser, word);
        else
            ok = parse_short(&parser, word);
        if (!ok)
            return false;
    }
    return true;
}
