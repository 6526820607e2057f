#include "cli/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/job.h"
#include "cli/job_names.h"
#include "output/merge.h"
#include "output/outputs.h"
#include "output/result.h"
#include "output/table.h"
#include "output/text.h"

struct jobs {
    struct cli_arguments *arguments;
    struct job *list;
    size_t count;
    size_t next;    /* the first that has not begun */
    size_t running; /* processes */
    size_t at_once;
    int signals_passed; /* of those that came */
    int ended_by;       /* the first of them; 0: none */
    bool takes_stdout;  /* the merged result is printed there, alone */
    char *directory;
    nsec_t began_at;
};

/* --- signals --- */

/* More than that say nothing new. */
#define SIGNALS_MAX 8
static volatile sig_atomic_t signals[SIGNALS_MAX], signals_seen;

static void
on_signal(int number)
{
    if (number == SIGCHLD || signals_seen == SIGNALS_MAX)
        return;
    signals[signals_seen] = number;
    signals_seen++;
}

/* They come in only while it waits, as `open` says. */
static void
catch_signals(sigset_t *open)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGCHLD};
    sigset_t blocked;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < 3; i++) {
        sigaddset(&blocked, numbers[i]);
        sigaction(numbers[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &blocked, open);
    for (size_t i = 0; i < 3; i++)
        sigdelset(open, numbers[i]);
}

static void
pass_signals(struct jobs *jobs)
{
    while (jobs->signals_passed < signals_seen) {
        jobs->ended_by = signals[0];
        for (size_t i = 0; i < jobs->count; i++)
            job_signal(&jobs->list[i], signals[jobs->signals_passed]);
        jobs->signals_passed++;
    }
}

/* --- what is checked before --- */

static bool
is_json(const char *output)
{
    return strncmp(output, "json=", strlen("json=")) == 0;
}

static bool
check_outputs(struct jobs *jobs, struct err *err)
{
    const struct options *options = jobs->arguments->options;
    for (size_t i = 0; i < options->outputs.count; i++) {
        const char *output = options->outputs.items[i];
        if (is_json(output)) {
            jobs->takes_stdout |= strcmp(output, "json=-") == 0;
            continue;
        }
        if (strcmp(strchr(output, '=') + 1, "-") == 0)
            return err_set(err,
                           "--out: '%s': of several tests only json can go to "
                           "standard output",
                           output);
    }
    if (options->timeline != NULL && strcmp(options->timeline, "-") == 0)
        return err_set(err, "--timeline: of several tests it goes to files, "
                            "not to standard output");
    struct outputs *outputs = outputs_create(options, err);
    bool ok = outputs != NULL && outputs_check(outputs, err);
    outputs_destroy(outputs);
    return ok;
}

static size_t
read_at_once(const struct options *options, size_t count)
{
    if (options->jobs == NULL)
        return 1;
    long n = strcmp(options->jobs, "auto") == 0
                 ? sysconf(_SC_NPROCESSORS_ONLN)
                 : strtol(options->jobs, NULL, 10);
    return n > 0 && (size_t)n < count ? (size_t)n : count;
}

static bool
prepare_jobs(struct jobs *jobs)
{
    struct err err;
    const struct option_list *names = &jobs->arguments->names;
    for (size_t i = 0; i < names->count; i++) {
        if (cli_arguments_path(jobs->arguments, names->items[i]) == NULL)
            return false;
    }
    if (!check_outputs(jobs, &err)) {
        log_error("%s", err.message);
        return false;
    }
    const char *place = getenv("TMPDIR");
    jobs->directory = xasprintf(
        "%s/molo-XXXXXX", place != NULL && place[0] == '/' ? place : "/tmp");
    if (mkdtemp(jobs->directory) == NULL) {
        log_error("cannot create '%s': %s (TMPDIR says where)", jobs->directory,
                  strerror(errno));
        free(jobs->directory);
        jobs->directory = NULL;
        return false;
    }
    jobs->list = xcalloc(names->count, sizeof(jobs->list[0]));
    for (size_t i = 0; i < names->count; i++) {
        struct job *job = &jobs->list[i];
        *job = (struct job){.name = names->items[i], .out = -1, .err = -1};
        job->label = job_names_label(job->name, jobs->list, i);
        job->result_path = xasprintf("%s/%zu.json", jobs->directory, i);
        jobs->count++;
    }
    jobs->at_once = read_at_once(jobs->arguments->options, jobs->count);
    return true;
}

/* --- in each process --- */

/* Its own part of the outputs; what is merged is left to the other side. */
static void
take_part(struct cli_arguments *arguments, const struct job *job)
{
    struct options *options = arguments->options;
    struct option_list *outputs = &options->outputs;
    bool stdout_taken = options->summary_format == SUMMARY_JSON;
    size_t kept = 0;
    for (size_t i = 0; i < outputs->count; i++) {
        char *output = outputs->items[i];
        if (is_json(output)) {
            stdout_taken |= strcmp(output, "json=-") == 0;
        } else {
            const char *path = strchr(output, '=') + 1;
            char *own = job_names_path(path, job->label);
            outputs->items[kept++] =
                xasprintf("%.*s%s", (int)(path - output), output, own);
            free(own);
        }
        free(output);
    }
    outputs->count = kept;
    if (options->timeline != NULL) {
        char *own = job_names_path(options->timeline, job->label);
        options_set(options, OPTION_COMMAND_LINE, "timeline", own, NULL);
        free(own);
    }
    if (stdout_taken)
        options_set(options, OPTION_COMMAND_LINE, "summary_format", "none",
                    NULL);
}

/* --- running --- */

static void
begin_more(struct jobs *jobs)
{
    while (jobs->next < jobs->count && jobs->running < jobs->at_once &&
           jobs->ended_by == 0) {
        struct job *job = &jobs->list[jobs->next++];
        if (job_begin(job, jobs->arguments, take_part)) {
            jobs->running++;
        } else {
            job->lost = job->over = true;
            job->code = EXIT_CODE_FAILED;
            snprintf(job->reason, sizeof(job->reason),
                     "its process could not begin");
        }
    }
}

/* Names and scripts cannot steer the terminal. The caller frees it. */
static char *
printable(const char *text)
{
    struct buf out = {0};
    text_append_printable(&out, text);
    return buf_take(&out);
}

static void
show_text(const struct jobs *jobs, struct job *job)
{
    if (job->text.size > 0 && !jobs->takes_stdout) {
        char *name = printable(job->name);
        printf("== %s\n", name);
        free(name);
        fwrite(job->text.data, 1, job->text.size, stdout);
        if (job->text.data[job->text.size - 1] != '\n')
            printf("\n");
        printf("\n");
        fflush(stdout);
    }
    buf_finish(&job->text);
    if (job->lost)
        log_error("%s: lost: %s", job->name, job->reason);
}

static void
wait_for_jobs(struct jobs *jobs, const sigset_t *open)
{
    struct pollfd *fds = xcalloc(2 * jobs->count, sizeof(fds[0]));
    while (true) {
        begin_more(jobs);
        if (jobs->running == 0)
            break;
        for (size_t i = 0; i < jobs->count; i++)
            job_watch(&jobs->list[i], &fds[2 * i]);
        if (ppoll(fds, 2 * jobs->count, NULL, open) > 0) {
            for (size_t i = 0; i < jobs->count; i++)
                job_read(&jobs->list[i], &fds[2 * i]);
        }
        pass_signals(jobs);
        for (size_t i = 0; i < jobs->count; i++) {
            if (!job_reap(&jobs->list[i]))
                continue;
            jobs->running--;
            show_text(jobs, &jobs->list[i]);
        }
    }
    free(fds);
    for (size_t i = jobs->next; i < jobs->count; i++) {
        struct job *job = &jobs->list[i];
        job->code =
            jobs->ended_by == SIGINT ? EXIT_CODE_SIGINT : EXIT_CODE_SIGTERM;
        snprintf(job->reason, sizeof(job->reason),
                 "the test was ended before it began");
    }
}

/* --- the result of all --- */

static enum exit_code
exit_code(const struct jobs *jobs)
{
    enum exit_code code = EXIT_CODE_OK;
    bool failed = false;
    for (size_t i = 0; i < jobs->count; i++) {
        code = exit_code_worse(code, (enum exit_code)jobs->list[i].code);
        failed = failed || jobs->list[i].code != EXIT_CODE_OK;
    }
    /* With a code that is none of molo's. */
    return failed && code == EXIT_CODE_OK ? EXIT_CODE_FAILED : code;
}

static json_t *
merge(const struct jobs *jobs, int code)
{
    struct merge_part *parts = xcalloc(jobs->count, sizeof(parts[0]));
    nsec_t last = jobs->began_at;
    for (size_t i = 0; i < jobs->count; i++) {
        const struct job *job = &jobs->list[i];
        if (job->ended_at > last)
            last = job->ended_at;
        parts[i] = (struct merge_part){
            .name = job->name,
            .code = job->code,
            .lost = job->lost,
            .reason = job->reason,
            .ended_at = job->ended_at > 0 ? job->ended_at - jobs->began_at : 0,
            .result = job->result,
        };
    }
    json_t *root =
        merge_results(parts, jobs->count, code, last - jobs->began_at);
    free(parts);
    return root;
}

static long long
count_of(const json_t *result, const char *section, const char *key)
{
    return json_integer_value(
        json_object_get(json_object_get(result, section), key));
}

static void
add_row(struct table *table, const char *name, const json_t *result,
        const char *exit, bool good)
{
    static const char *const columns[][2] = {
        {"runs", "started"},     {"runs", "ok"},        {"runs", "failed"},
        {"runs", "interrupted"}, {"requests", "total"}, {"requests", "failed"},
    };
    char *shown = printable(name);
    table_add(table, STYLE_PLAIN, "%s", shown);
    free(shown);
    for (size_t i = 0; i < 6; i++) {
        if (result != NULL)
            table_add(table, STYLE_PLAIN, "%lld",
                      count_of(result, columns[i][0], columns[i][1]));
        else
            table_add(table, STYLE_PLAIN, "-");
    }
    table_add(table, good ? STYLE_GOOD : STYLE_BAD, "%s", exit);
}

/* One line for each, and one for all. */
static void
write_summary(const struct jobs *jobs, const json_t *root, int code)
{
    static const char *const heads[] = {"file",   "runs",        "ok",
                                        "failed", "interrupted", "requests",
                                        "failed", "exit"};
    const struct options *options = jobs->arguments->options;
    if (options->summary_format != SUMMARY_TEXT || options->verbosity < 0 ||
        jobs->takes_stdout)
        return;
    struct table *table = table_create(heads, 8, 1);
    char text[32];
    for (size_t i = 0; i < jobs->count; i++) {
        const struct job *job = &jobs->list[i];
        snprintf(text, sizeof(text), "%d", job->code);
        add_row(table, job->name, job->result, job->lost ? "lost" : text,
                job->code == EXIT_CODE_OK);
    }
    snprintf(text, sizeof(text), "%d", code);
    add_row(table, "all", root, text, code == EXIT_CODE_OK);
    table_write(table, stdout, isatty(STDOUT_FILENO) && !options->no_color);
    table_destroy(table);
    const json_t *reason =
        json_object_get(json_object_get(root, "exit"), "reason");
    char *verdict =
        printable(code == EXIT_CODE_OK ? "ok" : json_string_value(reason));
    printf("\n%s\n", verdict);
    free(verdict);
}

static bool
write_all(const struct jobs *jobs, const json_t *root, int code,
          struct err *err)
{
    const struct options *options = jobs->arguments->options;
    bool ok = true;
    for (size_t i = 0; i < options->outputs.count; i++) {
        const char *output = options->outputs.items[i];
        if (is_json(output))
            ok = out_json_write_tree(root, strchr(output, '=') + 1, err) && ok;
    }
    if (options->summary_format == SUMMARY_JSON)
        ok = out_json_write_tree(root, "-", err) && ok;
    write_summary(jobs, root, code);
    return cli_flush(ok ? err : NULL) && ok;
}

static void
finish(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++)
        job_finish(&jobs->list[i]);
    free(jobs->list);
    if (jobs->directory != NULL)
        rmdir(jobs->directory);
    free(jobs->directory);
}

int
jobs_run(struct cli_arguments *arguments)
{
    struct jobs jobs = {
        .arguments = arguments,
        .began_at = clock_real_now(),
        .takes_stdout = arguments->options->summary_format == SUMMARY_JSON,
    };
    enum exit_code code = EXIT_CODE_USAGE;
    if (prepare_jobs(&jobs)) {
        sigset_t open;
        struct err err;
        catch_signals(&open);
        wait_for_jobs(&jobs, &open);
        code = exit_code(&jobs);
        json_t *root = merge(&jobs, (int)code);
        if (!write_all(&jobs, root, (int)code, &err)) {
            log_error("%s", err.message);
            code = exit_code_worse(code, EXIT_CODE_OUTPUT);
        }
        json_decref(root);
    }
    finish(&jobs);
    return (int)code;
}
