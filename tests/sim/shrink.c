/* A failing program made smaller: a candidate lacks one thing more, and is kept
 * if it still fails. */
#include "shrink.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"

#define SECONDS_PER_PROGRAM 3

bool
program_fails(const struct program *program)
{
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        alarm(SECONDS_PER_PROGRAM);
        char *violation = play_program(program, NULL, NULL, NULL);
        _exit(violation ? 1 : 0);
    }
    int status;
    waitpid(child, &status, 0);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* Keeps the candidate if it fails; else `program` is as before. */
static bool
try(struct program *program, struct program *candidate)
{
    program_relink(candidate);
    if (!program_fails(candidate))
        return false;
    *program = *candidate;
    program_relink(program);
    return true;
}

static bool
remove_workers(struct program *program)
{
    bool any = false;
    for (int i = program->worker_count - 1; i >= 0; i--) {
        struct program candidate = *program;
        program_remove_worker(&candidate, i);
        any |= candidate.worker_count > 0 && try(program, &candidate);
    }
    return any;
}

static void
remove_run(struct worker_plan *worker, int run)
{
    memmove(&worker->runs[run], &worker->runs[run + 1],
            (size_t)(--worker->run_count - run) * sizeof(worker->runs[0]));
}

static bool
remove_runs(struct program *program)
{
    bool any = false;
    for (int w = 0; w < program->worker_count; w++) {
        for (int run = program->workers[w].run_count - 1; run >= 0; run--) {
            struct program candidate = *program;
            remove_run(&candidate.workers[w], run);
            any |= try(program, &candidate);
        }
        struct program candidate = *program;
        candidate.workers[w].setup = NO_SCRIPT;
        if (program->workers[w].setup != NO_SCRIPT)
            any |= try(program, &candidate);
        candidate = *program;
        candidate.workers[w].teardown = NO_SCRIPT;
        if (program->workers[w].teardown != NO_SCRIPT)
            any |= try(program, &candidate);
    }
    return any;
}

static bool
is_used(const struct program *program, int script)
{
    for (int w = 0; w < program->worker_count; w++) {
        const struct worker_plan *worker = &program->workers[w];
        if (worker->setup == script || worker->teardown == script)
            return true;
        for (int i = 0; i < worker->run_count; i++)
            if (worker->runs[i] == script)
                return true;
    }
    for (int s = 0; s < program->script_count; s++)
        for (int i = 0; i < program->scripts[s].count; i++)
            if (program->scripts[s].calls[i].kind == CALL_SPAWN &&
                program->scripts[s].calls[i].script == script)
                return true;
    return false;
}

static void
remove_call(struct script *script, int at, int count)
{
    script->count -= count;
    memmove(&script->calls[at], &script->calls[at + count],
            (size_t)(script->count - at) * sizeof(script->calls[0]));
}

/* All calls of a script, then half of them, down to one at a time. */
static bool
remove_calls(struct program *program)
{
    bool any = false;
    for (int s = 0; s < program->script_count; s++) {
        if (!is_used(program, s))
            continue;
        for (int size = program->scripts[s].count; size > 0; size /= 2)
            for (int at = program->scripts[s].count - size; at >= 0; at--) {
                struct program candidate = *program;
                if (at + size > candidate.scripts[s].count)
                    continue;
                remove_call(&candidate.scripts[s], at, size);
                any |= try(program, &candidate);
            }
    }
    return any;
}

/* --- calls and workers made plainer --- */

static void
drop_fault(struct call *call)
{
    call->fault = FAULT_NONE;
}

static void
drop_timeout(struct call *call)
{
    call->timeout = HUB_TIMEOUT_DEFAULT;
}

static void
drop_hold(struct call *call)
{
    call->hold = 0;
}

static void
drop_extras(struct call *call)
{
    call->round = 0;
    call->has_action = false;
    call->exchange = false;
    call->worker_scope = false;
    call->attempt = false;
}

static void
drop_failure(struct call *call)
{
    call->follow_fails = false;
    call->gives_up = false;
    call->abandons = false;
}

static bool
simplify_calls(struct program *program)
{
    static void (*const drops[])(struct call *) = {
        drop_fault, drop_timeout, drop_hold, drop_extras, drop_failure,
    };
    bool any = false;
    for (int s = 0; s < program->script_count; s++)
        for (int i = 0; is_used(program, s) && i < program->scripts[s].count;
             i++)
            for (size_t d = 0; d < sizeof(drops) / sizeof(drops[0]); d++) {
                struct program candidate = *program;
                struct call *call = &candidate.scripts[s].calls[i];
                drops[d](call);
                if (memcmp(call, &program->scripts[s].calls[i],
                           sizeof(*call)) != 0)
                    any |= try(program, &candidate);
            }
    return any;
}

static bool
simplify_rest(struct program *program)
{
    bool any = false;
    for (int w = 0; w < program->worker_count; w++) {
        struct program candidate = *program;
        candidate.workers[w].start = 0;
        candidate.workers[w].delay = 0;
        if (program->workers[w].start || program->workers[w].delay)
            any |= try(program, &candidate);
        candidate = *program;
        candidate.workers[w].kill_turn = 0;
        if (program->workers[w].kill_turn)
            any |= try(program, &candidate);
    }
    struct program candidate = *program;
    candidate.drain_turn = 0;
    candidate.stop_turn = 0;
    candidate.drain_at = NSEC_NEVER;
    if (program->drain_turn || program->drain_at != NSEC_NEVER)
        any |= try(program, &candidate);
    return any;
}

void
program_shrink(struct program *program)
{
    bool smaller = true;
    while (smaller) {
        smaller = remove_workers(program);
        smaller |= remove_runs(program);
        smaller |= remove_calls(program);
        smaller |= simplify_calls(program);
        smaller |= simplify_rest(program);
    }
}
