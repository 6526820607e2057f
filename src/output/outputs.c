#include "output/outputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "output/output_kind.h"
#include "output/write_file.h"

/* In the order of the documentation. */
static const struct output_kind *const kinds[] = {
    &output_json, &output_ndjson, &output_csv,      &output_junit,
    &output_hgrm, &output_hlog,   &output_requests, &output_requests_bin,
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct outputs {
    struct output *items; /* in the order in which they are completed */
    size_t count;
};

/* --- what was asked for --- */

static bool
refuse_kind(const char *text, size_t size, struct err *err)
{
    const char *names[KIND_COUNT];
    struct buf all = {0};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[i] = kinds[i]->name;
        buf_printf(&all, "%s%s",
                   i == 0                ? ""
                   : i == KIND_COUNT - 1 ? " or "
                                         : ", ",
                   names[i]);
    }
    char *word = xstrndup(text, size);
    const char *nearest = str_nearest(word, names, KIND_COUNT);
    if (nearest != NULL)
        err_set(err, "--out %.80s: unknown kind '%.40s': did you mean '%s'?",
                text, word, nearest);
    else
        err_set(err, "--out %.80s: unknown kind '%.40s': it is %s", text, word,
                all.data);
    free(word);
    buf_finish(&all);
    return false;
}

static bool
parse(struct output *output, const char *text, struct err *err)
{
    const char *equals = strchr(text, '=');
    size_t size = equals != NULL ? (size_t)(equals - text) : strlen(text);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strlen(kinds[i]->name) == size &&
            strncmp(kinds[i]->name, text, size) == 0)
            output->kind = kinds[i];
    }
    if (output->kind == NULL)
        return refuse_kind(text, size, err);
    if (equals == NULL || equals[1] == '\0')
        return err_set(err, "--out %.80s: give it a file, %s=FILE", text,
                       output->kind->name);
    output->path = equals + 1;
    return true;
}

static bool
is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool
is_same_place(const char *a, const char *b)
{
    char *x = write_file_target(a), *y = write_file_target(b);
    bool same = strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

/* A file under two names is one file, and so it is before it exists. Whatever
 * leads to the same device or pipe may be given twice. */
static bool
is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (strcmp(a, b) == 0)
        return true;
    if (is_stdout(a) || is_stdout(b))
        return false;
    if (stat(a, &x) != 0 && stat(b, &y) != 0)
        return is_same_place(a, b);
    if (stat(a, &x) != 0 || stat(b, &y) != 0)
        return false;
    return S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool
check_pair(const char *what_a, const char *a, const char *what_b, const char *b,
           struct err *err)
{
    if (!is_same_file(a, b))
        return true;
    if (is_stdout(a))
        return err_set(err,
                       "%s and %s would both go to standard output: give one "
                       "of them a file",
                       what_a, what_b);
    return err_set(err,
                   "%s and %s would both write %s: give each a file of "
                   "its own",
                   what_a, what_b, b);
}

static bool
check_files(const struct options *options, struct err *err)
{
    struct buf names = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < options->outputs.count; i++) {
        const char *item = options->outputs.items[i];
        const char *path = strchr(item, '=') + 1;
        buf_clear(&names);
        buf_printf(&names, "--out %.200s", item);
        for (size_t j = i + 1; ok && j < options->outputs.count; j++) {
            char *other = xasprintf("--out %.200s", options->outputs.items[j]);
            ok = check_pair(names.data, path, other,
                            strchr(options->outputs.items[j], '=') + 1, err);
            free(other);
        }
        if (ok && options->timeline != NULL) {
            char *other = xasprintf("--timeline %.200s", options->timeline);
            ok = check_pair(other, options->timeline, names.data, path, err);
            free(other);
        }
        if (ok && options->summary_format == SUMMARY_JSON)
            ok =
                check_pair("--summary-format json", "-", names.data, path, err);
    }
    buf_finish(&names);
    if (ok && options->timeline != NULL &&
        options->summary_format == SUMMARY_JSON)
        ok = check_pair("--summary-format json", "-", "--timeline -",
                        options->timeline, err);
    return ok;
}

struct outputs *
outputs_create(const struct options *options, struct err *err)
{
    struct outputs *outputs = xcalloc(1, sizeof(*outputs));
    size_t count = options->outputs.count;
    struct output *given = xcalloc(count + 1, sizeof(given[0]));
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = parse(&given[i], options->outputs.items[i], err);
    if (!ok || !check_files(options, err)) {
        free(given);
        free(outputs);
        return NULL;
    }
    outputs->items = xcalloc(count + 1, sizeof(given[0]));
    for (int rank = OUTPUT_RANK_LOG; rank <= OUTPUT_RANK_FILE; rank++) {
        for (size_t i = 0; i < count; i++) {
            if (given[i].kind->rank == (enum output_rank)rank)
                outputs->items[outputs->count++] = given[i];
        }
    }
    free(given);
    return outputs;
}

void
outputs_destroy(struct outputs *outputs)
{
    if (outputs == NULL)
        return;
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->data != NULL && output->kind->abandon != NULL)
            output->kind->abandon(output);
    }
    free(outputs->items);
    free(outputs);
}

/* --- before the test --- */

bool
outputs_check(const struct outputs *outputs, struct err *err)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        if (is_stdout(output->path))
            continue;
        int problem = write_file_probe(output->path, output->kind->grows);
        if (problem != 0)
            return err_set(err, "cannot write '%s': %s", output->path,
                           write_file_cause(problem));
    }
    return true;
}

bool
outputs_open(struct outputs *outputs, struct err *err)
{
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->kind->open != NULL && !output->kind->open(output, err))
            return false;
    }
    return true;
}

bool
outputs_use_stdout(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        if (is_stdout(outputs->items[i].path))
            return true;
    }
    return false;
}

bool
outputs_want_errors(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        if (outputs->items[i].kind->on_error != NULL)
            return true;
    }
    return false;
}

bool
outputs_want_requests(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        if (outputs->items[i].kind->on_request != NULL)
            return true;
    }
    return false;
}

/* --- while it runs --- */

void
outputs_start(struct outputs *outputs, const struct result *result)
{
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->kind->start != NULL)
            output->kind->start(output, result);
    }
}

void
outputs_on_interval(struct outputs *outputs, const struct interval_row *row)
{
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->kind->on_interval != NULL)
            output->kind->on_interval(output, row);
    }
}

void
outputs_on_error(struct outputs *outputs, nsec_t at, const char *kind,
                 const char *message, const struct error_first *occurrence)
{
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->kind->on_error != NULL)
            output->kind->on_error(output, at, kind, message, occurrence);
    }
}

void
outputs_on_request(struct outputs *outputs, nsec_t at,
                   const struct request_sample *sample)
{
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->kind->on_request != NULL)
            output->kind->on_request(output, at, sample);
    }
}

void
outputs_write(struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->kind->write != NULL)
            output->kind->write(output);
    }
}

/* --- after it --- */

size_t
outputs_count(const struct outputs *outputs)
{
    return outputs->count;
}

bool
outputs_finish(struct outputs *outputs, size_t i, const struct result *result,
               struct err *err)
{
    struct output *output = &outputs->items[i];
    return output->kind->finish(output, result, err);
}

bool
outputs_log(const struct outputs *outputs, struct outputs_log *log)
{
    bool any = false;
    *log = (struct outputs_log){0};
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        if (output->kind->log == NULL)
            continue;
        any = true;
        output->kind->log(output, log);
    }
    return any;
}
