#include "plan/option_table.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define WORKERS_MAX 1000000
#define RUNS_MAX INT64_C(1000000000000)
#define SEED_MAX ((INT64_C(1) << 53) - 1)
/* Ten years: sums of a few such times still fit into nsec_t. */
#define TIME_MAX (INT64_C(87600) * 3600 * NSEC_PER_SEC)

static bool
is_not_empty(const char *text)
{
    return text[0] != '\0';
}

static bool
is_http_url(const char *text)
{
    size_t scheme = strncasecmp(text, "http://", 7) == 0    ? 7
                    : strncasecmp(text, "https://", 8) == 0 ? 8
                                                            : 0;
    return scheme > 0 && text[scheme] != '\0' && text[scheme] != '/' &&
           strpbrk(text, " \t\r\n") == NULL;
}

/* A field name is a token of RFC 9110. */
static bool
is_header(const char *text)
{
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789!#$%&'*+-.^_`|~");
    return name > 0 && text[name] == ':' &&
           !str_has_ctl_break(text, strlen(text));
}

static bool
is_output(const char *text)
{
    return strncmp(text, "json=", 5) == 0 && text[5] != '\0';
}

const struct option_spec *
option_find(const char *name, size_t size)
{
    char dashed[OPTION_SPELLING_SIZE];
    if (size >= sizeof(dashed))
        return NULL;
    for (size_t i = 0; i < size; i++)
        dashed[i] = name[i] == '_' ? '-' : name[i];
    dashed[size] = '\0';
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        const struct option_spec *spec = &option_table[i];
        if (strcmp(spec->name, dashed) == 0 ||
            (spec->hidden != NULL && strcmp(spec->hidden, dashed) == 0))
            return spec;
    }
    return NULL;
}

const struct option_spec *
option_find_short(char name)
{
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        const struct option_spec *spec = &option_table[i];
        if (name != '\0' &&
            (spec->short_name == name || spec->hidden_short == name))
            return spec;
    }
    return NULL;
}

void
option_spell(enum option_source source, const char *name,
             char out[OPTION_SPELLING_SIZE])
{
    const char *prefix = "";
    bool upper = false;
    char separator = '_';
    switch (source) {
    case OPTION_DEFAULT:
    case OPTION_COMMAND_LINE:
        prefix = "--";
        separator = '-';
        break;
    case OPTION_CONFIG:
    case OPTION_SCRIPT:
        break;
    case OPTION_ENVIRONMENT:
        prefix = "MOLO_";
        upper = true;
        break;
    }
    snprintf(out, OPTION_SPELLING_SIZE, "%s%s", prefix, name);
    for (char *p = out + strlen(prefix); *p != '\0'; p++) {
        if (*p == '-' || *p == '_')
            *p = separator;
        else if (upper && *p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    }
}

bool
option_refuse_unknown(enum option_source source, const char *name,
                      struct err *err)
{
    const char *names[OPTION_TABLE_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        if (source == OPTION_COMMAND_LINE || !option_table[i].command_line_only)
            names[count++] = option_table[i].name;
    }
    char asked[OPTION_SPELLING_SIZE], wanted[OPTION_SPELLING_SIZE];
    option_spell(source, name, asked);
    const char *nearest = str_nearest(name, names, count);
    if (nearest == NULL)
        return err_set(err, "unknown option '%s'", asked);
    option_spell(source, nearest, wanted);
    return err_set(err, "unknown option '%s': did you mean '%s'?", asked,
                   wanted);
}

#define FORMS_TIME "a time such as 250ms, 30s, 2m, 1h30m or 1.5 (seconds)"
#define FORMS_TIME_POSITIVE \
    "a time above 0, such as 250ms, 30s, 2m, 1h30m or 1.5 (seconds)"
#define FORMS_FLAG "true or false"

static const char *const deadlock_words[] = {"stop", "break", NULL};
static const char *const progress_words[] = {"auto", "on", "off", NULL};

const char *const option_group_names[OPTION_GROUP_COUNT] = {
    [OPTION_GROUP_LOAD] = "Load",
    [OPTION_GROUP_END] = "Stopping and failing",
    [OPTION_GROUP_COORDINATION] = "Coordination",
    [OPTION_GROUP_HTTP] = "HTTP",
    [OPTION_GROUP_SIM] = "Simulating",
    [OPTION_GROUP_SCRIPT] = "Script",
    [OPTION_GROUP_OUTPUT] = "Output",
};

/* In the order of the help; the options of a group stand together. */
const struct option_spec option_table[OPTION_TABLE_SIZE] = {
    {.name = "workers",
     .short_name = 'w',
     .hidden_short = 'u',
     .hidden = "vus",
     .argument = "N",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, workers),
     .min = 1,
     .max = WORKERS_MAX,
     .forms = "a whole number from 1 to 1000000",
     .help = "workers, each of which runs the scenarios over and over "
             "(default 1)"},
    {.name = "duration",
     .short_name = 'd',
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, duration),
     .min = 1,
     .max = TIME_MAX,
     .forms = FORMS_TIME_POSITIVE,
     .help = "length of the run, ramp-up included; with neither -d nor -r the "
             "run lasts 10 s"},
    {.name = "max-runs",
     .short_name = 'r',
     .argument = "N",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, max_runs),
     .min = 1,
     .max = RUNS_MAX,
     .forms = "a whole number from 1 (leave it out for no limit)",
     .help = "runs per worker; with -d too, whichever comes first ends the "
             "run"},
    {.name = "ramp-up",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, ramp_up),
     .max = TIME_MAX,
     .forms = FORMS_TIME,
     .help = "spread the starts of the workers evenly over T (default: all "
             "start at once)"},
    {.name = "delay",
     .argument = "T|A..B",
     .kind = OPTION_KIND_RANGE,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, delay_low),
     .max = TIME_MAX,
     .forms = "a time such as 500ms or 2 (seconds), or a range such as "
              "1s..5s",
     .help = "pause of a worker after each of its runs; of a range, a random "
             "time (default 0)"},
    {.name = "scenario",
     .short_name = 's',
     .argument = "NAME",
     .kind = OPTION_KIND_LIST,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, scenarios),
     .is_valid = is_not_empty,
     .forms = "the name of a scenario",
     .help = "run only this scenario; may be repeated"},

    {.name = "stop-on-failure",
     .short_name = 'x',
     .hidden = "exception",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_END,
     .offset = offsetof(struct options, stop_on_failure),
     .forms = FORMS_FLAG,
     .help = "stop at the first failed run"},
    {.name = "fail",
     .short_name = 'f',
     .argument = "N|P%|never",
     .kind = OPTION_KIND_FAIL,
     .group = OPTION_GROUP_END,
     .forms = "a number of runs from 1, a percentage above 0 such as 5%, or "
              "never",
     .help = "exit with 1 from so many failed runs on (default 1; never, if "
             "there are thresholds)"},
    {.name = "threshold",
     .argument = "EXPR",
     .kind = OPTION_KIND_THRESHOLD,
     .group = OPTION_GROUP_END,
     .forms = "an expression such as 'http_req_duration:p95 < 300ms'",
     .help = "exit with 99 unless this holds at the end, such as "
             "'http_req_duration:p95 < 300ms'; may be repeated"},
    {.name = "graceful-stop",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_END,
     .offset = offsetof(struct options, graceful_stop),
     .max = TIME_MAX,
     .forms = FORMS_TIME,
     .help = "time that runs in flight have to finish at the end (default "
             "30s)"},

    {.name = "wait-timeout",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_COORDINATION,
     .offset = offsetof(struct options, wait_timeout),
     .max = TIME_MAX,
     .forms = FORMS_TIME ", or 0 for none",
     .help = "longest wait for other workers where the script gives none; 0: "
             "no limit (default 60s)"},
    {.name = "on-deadlock",
     .argument = "stop|break",
     .kind = OPTION_KIND_WORD,
     .group = OPTION_GROUP_COORDINATION,
     .offset = offsetof(struct options, on_deadlock),
     .words = deadlock_words,
     .forms = "stop or break",
     .help = "when workers wait for each other for ever: stop the test with "
             "exit code 4, or raise an error in them and go on (default "
             "stop)"},

    {.name = "base-url",
     .argument = "URL",
     .kind = OPTION_KIND_TEXT,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, base_url),
     .is_valid = is_http_url,
     .forms = "an address such as http://127.0.0.1:8642",
     .help = "address that relative URLs of the script are appended to"},
    {.name = "header",
     .short_name = 'H',
     .argument = "'K: V'",
     .kind = OPTION_KIND_LIST,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, headers),
     .is_valid = is_header,
     .forms = "a header such as 'Accept: text/html'",
     .help = "header of every request that does not set it itself; may be "
             "repeated"},
    {.name = "insecure",
     .short_name = 'k',
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, insecure),
     .forms = FORMS_FLAG,
     .help = "accept any TLS certificate"},
    {.name = "timeout",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, timeout),
     .min = 1,
     .max = TIME_MAX,
     .forms = FORMS_TIME_POSITIVE,
     .help = "longest time a request may take (default 60s)"},

    {.name = "sim",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_SIM,
     .offset = offsetof(struct options, sim),
     .forms = FORMS_FLAG,
     .help = "try the scenario out, faster than real time and repeatable with "
             "--seed: time is virtual and nothing is sent. Made-up answers: "
             "GET reads what PUT or POST stored under its URL, else nothing; "
             "every status is 200"},
    {.name = "sim-latency",
     .argument = "T|A..B",
     .kind = OPTION_KIND_RANGE,
     .group = OPTION_GROUP_SIM,
     .offset = offsetof(struct options, sim_latency_low),
     .max = TIME_MAX,
     .forms = "a time such as 5ms, or a range such as 1ms..10ms",
     .help = "with --sim: time that an answer takes; of a range, a random "
             "time (default 1ms..10ms)"},
    {.name = "sim-failures",
     .argument = "P%",
     .kind = OPTION_KIND_PERCENT,
     .group = OPTION_GROUP_SIM,
     .offset = offsetof(struct options, sim_failures),
     .forms = "a percentage from 0% to 100%",
     .help = "with --sim: requests that fail, as if the connection had been "
             "reset (default 0%)"},

    {.name = "env",
     .short_name = 'e',
     .argument = "K=V",
     .kind = OPTION_KIND_ENV,
     .group = OPTION_GROUP_SCRIPT,
     .forms = "NAME=VALUE",
     .help = "value that the script reads as molo.env.K; may be repeated"},
    {.name = "tag",
     .argument = "K=V",
     .kind = OPTION_KIND_TAG,
     .group = OPTION_GROUP_SCRIPT,
     .forms = "NAME=VALUE",
     .help = "note kept in the result; may be repeated"},
    {.name = "seed",
     .argument = "N",
     .kind = OPTION_KIND_SEED,
     .group = OPTION_GROUP_SCRIPT,
     .max = SEED_MAX,
     .forms = "a whole number from 0 to 9007199254740991",
     .help = "seed of everything random; printed with the result, so that a "
             "run can be repeated (default: a new one)"},

    {.name = "out",
     .short_name = 'o',
     .argument = "KIND=FILE",
     .kind = OPTION_KIND_LIST,
     .group = OPTION_GROUP_OUTPUT,
     .offset = offsetof(struct options, outputs),
     .is_valid = is_output,
     .forms = "KIND=FILE with one of the kinds: json",
     .help = "write the result to FILE as well; may be repeated. KIND: json. "
             "json=- prints only that on stdout"},
    {.name = "timeline",
     .argument = "FILE",
     .kind = OPTION_KIND_TEXT,
     .group = OPTION_GROUP_OUTPUT,
     .offset = offsetof(struct options, timeline),
     .is_valid = is_not_empty,
     .forms = "the name of a file",
     .help = "write who waited on whom, and when, to FILE as it happens: one "
             "JSON object per line"},
    {.name = "quiet",
     .short_name = 'q',
     .kind = OPTION_KIND_QUIET,
     .group = OPTION_GROUP_OUTPUT,
     .forms = FORMS_FLAG,
     .help = "print nothing but errors; the exit code is the same"},
    {.name = "verbose",
     .short_name = 'v',
     .kind = OPTION_KIND_VERBOSE,
     .group = OPTION_GROUP_OUTPUT,
     .forms = "true, false, 0, 1 or 2",
     .help = "-v: tracebacks of errors too; -vv: requests and answers too"},
    {.name = "progress",
     .argument = "auto|on|off",
     .kind = OPTION_KIND_WORD,
     .group = OPTION_GROUP_OUTPUT,
     .offset = offsetof(struct options, progress),
     .words = progress_words,
     .forms = "auto, on or off",
     .help = "show progress on stderr; auto: if it is a terminal (default "
             "auto)"},
    {.name = "no-color",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_OUTPUT,
     .offset = offsetof(struct options, no_color),
     .forms = FORMS_FLAG,
     .help = "no colours; NO_COLOR in the environment does the same"},
    {.name = "help",
     .short_name = 'h',
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_OUTPUT,
     .offset = offsetof(struct options, help),
     .forms = FORMS_FLAG,
     .help = "show this help",
     .command_line_only = true},
};
