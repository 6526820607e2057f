#include "plan/option_table.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

#define SEED_MAX ((INT64_C(1) << 53) - 1)

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

/* "NAME=URL" */
static bool
is_service(const char *text)
{
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-");
    return name > 0 && text[name] == '=' && is_http_url(text + name + 1);
}

/* A number is what other tools take with -c. */
static bool
is_config(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] != '\0';
}

static bool
is_jobs(const char *text)
{
    return strcmp(text, "auto") == 0 ||
           (text[0] != '\0' && strlen(text) <= 4 &&
            text[strspn(text, "0123456789")] == '\0');
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

/* The kinds are known to src/output, which says what they may be. */
static bool
is_output(const char *text)
{
    const char *equals = strchr(text, '=');
    return equals != NULL && equals > text && equals[1] != '\0';
}

#define FORMS_FLAG "true or false"

const char *const option_arrival_words[] = {"fixed", "poisson", NULL};
static const char *const deadlock_words[] = {"stop", "break", NULL};
static const char *const summary_words[] = {"text", "json", "none", NULL};
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
static const char *const threads_words[] = {"auto", NULL};

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
     .max = OPTION_WORKERS_MAX,
     .forms = FORMS_WORKERS,
     .help = "workers, each of which runs the scenarios over and over "
             "(default 1); with --rate the most there may be (default 1000), "
             "with --stage those at the start (default 0)"},
    {.name = "duration",
     .short_name = 'd',
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, duration),
     .min = 1,
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME_POSITIVE,
     .help = "length of the run, ramp-up included; with none of -d, -r and -i "
             "the run lasts 10 s"},
    {.name = "max-runs",
     .short_name = 'r',
     .argument = "N",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, max_runs),
     .min = 1,
     .max = OPTION_RUNS_MAX,
     .forms = "a whole number from 1 (leave it out for no limit)",
     .help = "runs per worker; with -d too, whichever comes first ends the "
             "run"},
    {.name = "iterations",
     .short_name = 'i',
     .argument = "N",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, iterations),
     .min = 1,
     .max = OPTION_RUNS_MAX,
     .forms = "a whole number from 1 (leave it out for no limit)",
     .help = "runs that all workers share; with -d too, whichever comes first "
             "ends the run"},
    {.name = "ramp-up",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, ramp_up),
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME,
     .help = "spread the starts of the workers evenly over T (default: all "
             "start at once)"},
    {.name = "rate",
     .argument = "N/T",
     .kind = OPTION_KIND_RATE,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, rate),
     .forms = FORMS_RATE,
     .help = "start so many runs per time, such as 50/s or 1/2m, whatever the "
             "answers take; free workers take them"},
    {.name = "stage",
     .argument = "T:N|T:N/s",
     .kind = OPTION_KIND_STAGE,
     .group = OPTION_GROUP_LOAD,
     .forms = FORMS_STAGE,
     .help =
         "within T, go to N workers or to a rate of N runs per second, in a "
         "straight line; may be repeated, one stage after another, and "
         "says how long the run is instead of -d"},
    {.name = "arrival",
     .argument = "fixed|poisson",
     .kind = OPTION_KIND_WORD,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, arrival),
     .words = option_arrival_words,
     .forms = FORMS_ARRIVAL,
     .help = "runs of a rate start at even distances, or at random ones as "
             "visitors do who do not know of each other (default fixed)"},
    {.name = "max-lag",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, max_lag),
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME,
     .help = "how late a run of a rate may start when no worker is free; then "
             "it is dropped, and counted (default 1s)"},
    {.name = "threads",
     .short_name = 't',
     .argument = "N|auto",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, threads),
     .min = 1,
     .max = 256,
     .words = threads_words,
     .forms = "a whole number from 1 to 256, or auto (the length of the run is "
              "-d)",
     .help = "spread the workers over N threads, or one for each processor "
             "(default 1)"},
    {.name = "delay",
     .argument = "T|A..B",
     .kind = OPTION_KIND_RANGE,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, delay_low),
     .max = OPTION_TIME_MAX,
     .forms = FORMS_RANGE,
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
    {.name = "workload",
     .argument = "NAME",
     .kind = OPTION_KIND_TEXT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, workload),
     .is_valid = is_not_empty,
     .forms = "the name of a workload",
     .help = "run only this one of the script's workloads; options such as -w, "
             "-d and --rate then change it"},
    {.name = "single-run",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, single_run),
     .forms = FORMS_FLAG,
     .help = "each scenario once by every worker, one scenario after another; "
             "those of one group at the same time"},
    {.name = "manual",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, manual),
     .forms = FORMS_FLAG,
     .help = "begin with -w workers; the signal SIGUSR1 adds some while it "
             "runs, SIGUSR2 takes some away"},
    {.name = "manual-step",
     .argument = "N",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, manual_step),
     .min = 1,
     .max = OPTION_WORKERS_MAX,
     .forms = FORMS_WORKERS,
     .help = "with --manual: how many at a time (default 1)"},
    {.name = "max-workers",
     .argument = "N",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, max_workers),
     .min = 1,
     .max = OPTION_WORKERS_MAX,
     .forms = FORMS_WORKERS,
     .help = "with --manual or --sizing: the most there may be (default 1000)"},
    {.name = "sizing",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, sizing),
     .forms = FORMS_FLAG,
     .help = "begin with -w workers and add half as many again and again, up "
             "to --max-workers, until too many runs fail, a threshold fails or "
             "runs per second grow no more; then say how many were right"},
    {.name = "sizing-tolerance",
     .argument = "P",
     .kind = OPTION_KIND_PERCENT,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, sizing_tolerance),
     .forms = "a percentage from 0 to 100",
     .help = "with --sizing: percent of runs that may fail (default 5)"},
    {.name = "sizing-step",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, sizing_step),
     .min = NSEC_PER_MSEC,
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME_POSITIVE,
     .help = "with --sizing: how long each number of workers is tried (default "
             "5s)"},
    {.name = "only-tag",
     .argument = "TAG",
     .kind = OPTION_KIND_LIST,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, only_tags),
     .is_valid = is_not_empty,
     .forms = "a tag of scenarios",
     .help = "run only scenarios that have this tag; repeated: any of them"},
    {.name = "shuffle",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_LOAD,
     .offset = offsetof(struct options, shuffle),
     .forms = FORMS_FLAG,
     .help = "with --single-run: the scenarios in an order that the seed "
             "decides"},

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
    {.name = "strict",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_END,
     .offset = offsetof(struct options, strict),
     .forms = FORMS_FLAG,
     .help = "exit with 5 if molo itself was the bottleneck"},
    {.name = "graceful-stop",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_END,
     .offset = offsetof(struct options, graceful_stop),
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME,
     .help = "time that runs in flight have to finish at the end (default "
             "30s)"},
    {.name = "max-lua-memory",
     .argument = "SIZE",
     .kind = OPTION_KIND_SIZE,
     .group = OPTION_GROUP_END,
     .offset = offsetof(struct options, max_lua_memory),
     .min = 65536,
     .max = INT64_C(1) << 50,
     .forms = "a size from 64KiB on, such as 64MB or 1GiB",
     .help = "most memory that the Lua values of one worker may take; a run "
             "that goes beyond it fails (default: no limit)"},
    {.name = "max-rss",
     .argument = "SIZE",
     .kind = OPTION_KIND_SIZE,
     .group = OPTION_GROUP_END,
     .offset = offsetof(struct options, max_rss),
     .min = 1048576,
     .max = INT64_C(1) << 50,
     .forms = "a size from 1MiB on, such as 512MB or 2GiB",
     .help = "most memory that molo itself may take; beyond it the test ends "
             "in order, with exit code 1 (default: no limit)"},

    {.name = "wait-timeout",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_COORDINATION,
     .offset = offsetof(struct options, wait_timeout),
     .max = OPTION_TIME_MAX,
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
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME_POSITIVE,
     .help = "longest time a request may take (default 60s)"},
    {.name = "precheck",
     .argument = "URL",
     .kind = OPTION_KIND_TEXT,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, precheck),
     .is_valid = is_http_url,
     .forms = "an address such as http://127.0.0.1:8642/health",
     .help = "begin only when this answers with a status below 400; exit code "
             "3 if it does not in time"},
    {.name = "precheck-timeout",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, precheck_timeout),
     .min = 1,
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME_POSITIVE,
     .help = "how long it has for that (default 10s)"},
    {.name = "precheck-every",
     .argument = "T",
     .kind = OPTION_KIND_TIME,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, precheck_every),
     .min = 1,
     .max = OPTION_TIME_MAX,
     .forms = FORMS_TIME_POSITIVE,
     .help = "pause between two attempts (default 250ms)"},
    {.name = "precheck-status",
     .argument = "N",
     .kind = OPTION_KIND_INT,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, precheck_status),
     .min = 100,
     .max = 599,
     .forms = "a status from 100 to 599",
     .help = "the one status it must answer with"},
    {.name = "http-debug",
     .kind = OPTION_KIND_FLAG,
     .group = OPTION_GROUP_HTTP,
     .offset = offsetof(struct options, http_debug),
     .forms = FORMS_FLAG,
     .help = "show on standard error what the first worker sends and receives, "
             "without credentials"},

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
     .max = OPTION_TIME_MAX,
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

    {.name = "config",
     .short_name = 'c',
     .argument = "FILE",
     .kind = OPTION_KIND_TEXT,
     .group = OPTION_GROUP_SCRIPT,
     .offset = offsetof(struct options, config),
     .is_valid = is_config,
     .forms =
         "the name of a JSON file with tests (the number of workers is -w)",
     .help = "read tests from a JSON file; what stands in place of scenario "
             "files are then their names (default: test)",
     .command_line_only = true},
    {.name = "jobs",
     .argument = "N|auto|0",
     .kind = OPTION_KIND_TEXT,
     .group = OPTION_GROUP_SCRIPT,
     .offset = offsetof(struct options, jobs),
     .is_valid = is_jobs,
     .forms = "a number of processes up to 9999, 0 (all at once) or auto (one "
              "per core)",
     .help = "with several scenario files or tests, each of which runs in a "
             "process of its own: how many at a time; 0: all, auto: one per "
             "core (default 1)",
     .command_line_only = true},
    {.name = "env",
     .short_name = 'e',
     .argument = "K=V",
     .kind = OPTION_KIND_ENV,
     .group = OPTION_GROUP_SCRIPT,
     .forms = "NAME=VALUE",
     .help = "value that the script reads as molo.env.K; may be repeated"},
    {.name = "service",
     .argument = "NAME=URL",
     .kind = OPTION_KIND_SERVICE,
     .group = OPTION_GROUP_SCRIPT,
     .is_valid = is_service,
     .forms = "NAME=URL, such as users=http://127.0.0.1:8642",
     .help = "address that the script reads as molo.service(\"NAME\"); may be "
             "repeated"},
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
     .forms = "KIND=FILE, such as json=result.json",
     .help = "write the result to FILE as well; may be repeated. KIND: json, "
             "ndjson, csv, junit, hgrm, hlog, requests or requests-bin. With "
             "- as FILE only that is printed on stdout"},
    {.name = "summary-format",
     .argument = "text|json|none",
     .kind = OPTION_KIND_WORD,
     .group = OPTION_GROUP_OUTPUT,
     .offset = offsetof(struct options, summary_format),
     .words = summary_words,
     .forms = "text, json or none",
     .help = "what is printed on stdout at the end (default text)"},
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
