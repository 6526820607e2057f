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
#include "cli/job_results.h"
#include "output/outputs.h"
#include "output/result.h"
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
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    sigset_t blocked;
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaddset(&blocked, numbers[i]);
        sigaction(numbers[i], &action, &before);
        if (numbers[i] == SIGHUP && before.sa_handler == SIG_IGN)
            sigaction(SIGHUP, &before, NULL);
    }
    sigprocmask(SIG_BLOCK, &blocked, open);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
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

/* Of what each process writes by itself. */
static bool
check_stdout(struct jobs *jobs, struct err *err)
{
    const struct options *options = jobs->arguments->options;
    for (size_t i = 0; i < options->outputs.count; i++) {
        const char *output = options->outputs.items[i];
        if (job_results_have(output)) {
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
    return true;
}

static enum exit_code
check_outputs(struct jobs *jobs, struct err *err)
{
    if (!check_stdout(jobs, err))
        return EXIT_CODE_USAGE;
    struct outputs *outputs = outputs_create(jobs->arguments->options, err);
    if (outputs == NULL)
        return EXIT_CODE_USAGE;
    bool ok = outputs_check(outputs, err);
    outputs_destroy(outputs);
    return ok ? EXIT_CODE_OK : EXIT_CODE_OUTPUT;
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

/* For the results of the processes. */
static bool
create_directory(struct jobs *jobs)
{
    const char *place = getenv("TMPDIR");
    char *path = xasprintf("%s/molo-XXXXXX",
                           place != NULL && place[0] == '/' ? place : "/tmp");
    if (mkdtemp(path) != NULL) {
        jobs->directory = path;
        return true;
    }
    log_error("cannot create '%s': %s (TMPDIR says where)", path,
              strerror(errno));
    free(path);
    return false;
}

/* Other than EXIT_CODE_OK: the error line is out. */
static enum exit_code
prepare_jobs(struct jobs *jobs)
{
    struct err err;
    const struct option_list *names = &jobs->arguments->names;
    for (size_t i = 0; i < names->count; i++) {
        if (cli_arguments_path(jobs->arguments, names->items[i]) == NULL)
            return EXIT_CODE_USAGE;
    }
    enum exit_code code = check_outputs(jobs, &err);
    if (code != EXIT_CODE_OK) {
        log_error("%s", err.message);
        return code;
    }
    if (!create_directory(jobs))
        return EXIT_CODE_OUTPUT;
    jobs->list = xcalloc(names->count, sizeof(jobs->list[0]));
    for (size_t i = 0; i < names->count; i++) {
        struct job *job = &jobs->list[i];
        *job = (struct job){.name = names->items[i], .out = -1, .err = -1};
        job->label = job_names_label(job->name, jobs->list, i);
        job->result_path = xasprintf("%s/%zu.json", jobs->directory, i);
        jobs->count++;
    }
    jobs->at_once = read_at_once(jobs->arguments->options, jobs->count);
    return EXIT_CODE_OK;
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
        if (job_results_have(output)) {
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

static void
show_text(const struct jobs *jobs, struct job *job)
{
    if (job->text.size > 0 && !jobs->takes_stdout) {
        char *name = text_printable(job->name);
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
        job->code = (enum exit_code)(128 + jobs->ended_by);
        snprintf(job->reason, sizeof(job->reason),
                 "the test was ended before it began");
    }
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
    int code = (int)prepare_jobs(&jobs);
    if (code == EXIT_CODE_OK) {
        sigset_t open;
        catch_signals(&open);
        wait_for_jobs(&jobs, &open);
        code = job_results_tell(&(struct job_results){
            .jobs = jobs.list,
            .count = jobs.count,
            .options = arguments->options,
            .began_at = jobs.began_at,
            .takes_stdout = jobs.takes_stdout,
        });
    }
    finish(&jobs);
    return code;
}
