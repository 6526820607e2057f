#include "cli/job_results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/job.h"
#include "output/merge.h"
#include "output/result.h"
#include "output/table.h"
#include "output/text.h"

bool
job_results_have(const char *output)
{
    return strncmp(output, "json=", strlen("json=")) == 0;
}

static enum exit_code
exit_code(const struct job_results *all)
{
    enum exit_code code = EXIT_CODE_OK;
    bool failed = false;
    for (size_t i = 0; i < all->count; i++) {
        code = exit_code_worse(code, (enum exit_code)all->jobs[i].code);
        failed = failed || all->jobs[i].code != EXIT_CODE_OK;
    }
    /* With a code that is none of molo's. */
    return failed && code == EXIT_CODE_OK ? EXIT_CODE_FAILED : code;
}

static json_t *
merge(const struct job_results *all, int code)
{
    struct merge_part *parts = xcalloc(all->count, sizeof(parts[0]));
    nsec_t last = all->began_at;
    for (size_t i = 0; i < all->count; i++) {
        const struct job *job = &all->jobs[i];
        if (job->ended_at > last)
            last = job->ended_at;
        parts[i] = (struct merge_part){
            .name = job->name,
            .code = job->code,
            .lost = job->lost,
            .reason = job->reason,
            .ended_at = job->ended_at > 0 ? job->ended_at - all->began_at : 0,
            .result = job->result,
        };
    }
    json_t *root = merge_results(parts, all->count, code, last - all->began_at);
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
    char *shown = text_printable(name);
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
write_summary(const struct job_results *all, const json_t *root, int code)
{
    static const char *const heads[] = {"file",   "runs",        "ok",
                                        "failed", "interrupted", "requests",
                                        "failed", "exit"};
    const struct options *options = all->options;
    if (options->summary_format != SUMMARY_TEXT || options->verbosity < 0 ||
        all->takes_stdout)
        return;
    struct table *table = table_create(heads, 8, 1);
    char text[32];
    for (size_t i = 0; i < all->count; i++) {
        const struct job *job = &all->jobs[i];
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
        text_printable(code == EXIT_CODE_OK ? "ok" : json_string_value(reason));
    printf("\n%s\n", verdict);
    free(verdict);
}

static bool
write_all(const struct job_results *all, const json_t *root, int code,
          struct err *err)
{
    const struct options *options = all->options;
    bool ok = true;
    for (size_t i = 0; i < options->outputs.count; i++) {
        const char *output = options->outputs.items[i];
        if (job_results_have(output))
            ok = out_json_write_tree(root, strchr(output, '=') + 1, err) && ok;
    }
    if (options->summary_format == SUMMARY_JSON)
        ok = out_json_write_tree(root, "-", err) && ok;
    write_summary(all, root, code);
    return cli_flush(ok ? err : NULL) && ok;
}

int
job_results_tell(const struct job_results *all)
{
    struct err err;
    enum exit_code code = exit_code(all);
    json_t *root = merge(all, (int)code);
    if (!write_all(all, root, (int)code, &err)) {
        log_error("%s", err.message);
        code = exit_code_worse(code, EXIT_CODE_OUTPUT);
    }
    json_decref(root);
    return (int)code;
}
