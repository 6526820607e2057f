#include "cli/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "output/result.h"

/* A longer one is shown in pieces. */
#define LINE_MAX_SIZE ((size_t)64 << 10)

/* --- in the process --- */

static void
restore_signals(void)
{
    sigset_t none;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    /* What was ignored, as under nohup(1), stays so. */
    if (signal(SIGHUP, SIG_DFL) == SIG_IGN)
        signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
become(const int out[2], const int err[2], pid_t parent)
{
    /* Ctrl-C on a terminal is passed on, and so comes once. */
    setpgid(0, 0);
    /* It does not outlive the one that collects its result. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_CODE_FAILED);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    for (int i = 0; i < 2; i++) {
        close(out[i]);
        close(err[i]);
    }
    restore_signals();
}

/* --- outside --- */

static bool
open_pipes(int out[2], int err[2])
{
    if (pipe2(out, O_CLOEXEC) != 0)
        return false;
    if (pipe2(err, O_CLOEXEC) == 0)
        return true;
    int cause = errno;
    close(out[0]);
    close(out[1]);
    errno = cause;
    return false;
}

bool
job_begin(struct job *job, struct cli_arguments *arguments,
          void (*prepare)(struct cli_arguments *, const struct job *))
{
    int out[2], err[2];
    pid_t parent = getpid();
    if (!open_pipes(out, err)) {
        log_error("%s: cannot begin a process: %s", job->name, strerror(errno));
        return false;
    }
    fflush(NULL);
    job->pid = fork();
    if (job->pid == 0) {
        become(out, err, parent);
        prepare(arguments, job);
        exit(cmd_run_one(arguments, job->name, job->result_path));
    }
    int cause = errno;
    close(out[1]);
    close(err[1]);
    if (job->pid < 0) {
        job->pid = 0;
        close(out[0]);
        close(err[0]);
        log_error("%s: cannot begin a process: %s", job->name, strerror(cause));
        return false;
    }
    job->out = out[0];
    job->err = err[0];
    fcntl(job->out, F_SETFL, O_NONBLOCK);
    fcntl(job->err, F_SETFL, O_NONBLOCK);
    job->begun = true;
    job->began_at = clock_real_now();
    return true;
}

/* In one write, so that lines of several processes do not mix. */
static void
show_line(const struct job *job, const char *data, size_t size)
{
    struct buf text = {0};
    buf_printf(&text, "[%s] ", job->name);
    buf_append(&text, data, size);
    buf_append_str(&text, "\n");
    for (size_t done = 0; done < text.size;) {
        ssize_t n = write(STDERR_FILENO, text.data + done, text.size - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    buf_finish(&text);
}

static void
show_lines(struct job *job, bool all)
{
    struct buf *line = &job->line;
    size_t begin = 0;
    for (size_t i = 0; i < line->size; i++) {
        if (line->data[i] != '\n' && i - begin < LINE_MAX_SIZE)
            continue;
        show_line(job, line->data + begin, i - begin);
        begin = line->data[i] == '\n' ? i + 1 : i;
    }
    struct buf rest = {0};
    if (begin < line->size && all)
        show_line(job, line->data + begin, line->size - begin);
    else if (begin < line->size)
        buf_append(&rest, line->data + begin, line->size - begin);
    buf_finish(line);
    *line = rest;
}

/* Until there is no more just now. */
static void
drain(int *fd, struct buf *into)
{
    char piece[16384];
    while (*fd >= 0) {
        ssize_t n = read(*fd, piece, sizeof(piece));
        if (n > 0) {
            buf_append(into, piece, (size_t)n);
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            close(*fd);
            *fd = -1;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

void
job_watch(const struct job *job, struct pollfd fds[2])
{
    fds[0] = (struct pollfd){.fd = job->out, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = job->err, .events = POLLIN};
}

void
job_read(struct job *job, const struct pollfd fds[2])
{
    if (fds[0].revents != 0)
        drain(&job->out, &job->text);
    if (fds[1].revents != 0) {
        drain(&job->err, &job->line);
        show_lines(job, false);
    }
}

/* Those whose process says how it ended without having made a result. */
static bool
is_refusal(int code)
{
    return code == EXIT_CODE_USAGE || code == EXIT_CODE_SETUP ||
           code == EXIT_CODE_OUTPUT;
}

static void
judge(struct job *job, int status)
{
    json_error_t error;
    job->result = json_load_file(job->result_path, 0, &error);
    if (WIFEXITED(status)) {
        job->code = WEXITSTATUS(status);
        if (job->result != NULL)
            return;
        if (is_refusal(job->code)) {
            snprintf(job->reason, sizeof(job->reason), "it did not run");
            return;
        }
        snprintf(job->reason, sizeof(job->reason),
                 "its process ended with exit code %d and no result",
                 job->code);
    } else {
        int number = WTERMSIG(status);
        bool asked = job->signalled && (number == SIGINT || number == SIGTERM ||
                                        number == SIGHUP);
        snprintf(job->reason, sizeof(job->reason),
                 "its process was ended by signal %d (%s)", number,
                 strsignal(number));
        if (asked) {
            job->code = 128 + number;
            return;
        }
    }
    json_decref(job->result);
    job->result = NULL;
    job->lost = true;
    job->code = EXIT_CODE_FAILED;
}

bool
job_reap(struct job *job)
{
    int status;
    if (job->pid == 0 || waitpid(job->pid, &status, WNOHANG) != job->pid)
        return false;
    job->pid = 0;
    job->ended_at = clock_real_now();
    job->over = true;
    /* What it started may hold them open for longer. */
    drain(&job->out, &job->text);
    drain(&job->err, &job->line);
    show_lines(job, true);
    judge(job, status);
    return true;
}

void
job_signal(struct job *job, int number)
{
    if (job->pid == 0)
        return;
    job->signalled = true;
    kill(job->pid, number);
}

void
job_finish(struct job *job)
{
    if (job->out >= 0)
        close(job->out);
    if (job->err >= 0)
        close(job->err);
    if (job->result_path != NULL)
        unlink(job->result_path);
    json_decref(job->result);
    buf_finish(&job->text);
    buf_finish(&job->line);
    free(job->result_path);
    free(job->label);
}
