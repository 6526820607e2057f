#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/output_kind.h"
#include "output/scenario_time.h"
#include "output/text.h"
#include "output/write_file.h"

/* The result in the form that build servers read: scenarios, thresholds, checks
 * and the end of the test, each a test case. */

#define REPLACEMENT "\xef\xbf\xbd"

/* What stands for the character at `p`, of `size` bytes, where it may not stand
 * itself. NULL: it may. What XML cannot have at all is replaced. */
static const char *
escape(const char *p, size_t *size)
{
    *size = 1;
    switch (*p) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    }
    if ((unsigned char)*p < 0x20)
        return REPLACEMENT;
    if (strncmp(p, "\xef\xbf\xbe", 3) != 0 && /* U+FFFE */
        strncmp(p, "\xef\xbf\xbf", 3) != 0)   /* U+FFFF */
        return NULL;
    *size = 3;
    return REPLACEMENT;
}

static void
add_escaped(struct buf *out, const char *text)
{
    char *utf8 = text_to_utf8(text);
    size_t size;
    for (const char *p = utf8; *p != '\0'; p += size) {
        const char *escaped = escape(p, &size);
        if (escaped != NULL)
            buf_append_str(out, escaped);
        else
            buf_append(out, p, size);
    }
    free(utf8);
}

struct suite {
    struct buf cases;
    unsigned tests, failures, skipped;
};

static void
begin_case(struct suite *suite, const char *group, const char *name)
{
    suite->tests++;
    buf_printf(&suite->cases, "    <testcase classname=\"molo.%s\" name=\"",
               group);
    add_escaped(&suite->cases, name);
    buf_append_str(&suite->cases, "\"");
}

/* `problem` NULL: passed; `time` negative: none to tell. */
static void
add_case(struct suite *suite, const char *group, const char *name, nsec_t time,
         const char *problem)
{
    struct buf *out = &suite->cases;
    begin_case(suite, group, name);
    if (time >= 0)
        buf_printf(out, " time=\"%.3f\"", nsec_to_seconds(time));
    if (problem == NULL) {
        buf_append_str(out, "/>\n");
        return;
    }
    suite->failures++;
    buf_append_str(out, ">\n      <failure message=\"");
    add_escaped(out, problem);
    buf_append_str(out, "\"/>\n    </testcase>\n");
}

static void
add_skipped(struct suite *suite, const char *group, const char *name,
            const char *why)
{
    begin_case(suite, group, name);
    buf_printf(&suite->cases,
               ">\n      <skipped message=\"%s\"/>\n    </testcase>\n", why);
    suite->skipped++;
}

static void
add_scenarios(struct suite *suite, const struct result *result)
{
    const struct snapshot *s = result->snapshot;
    bool single = result->plan->workloads[0].executor == EXECUTOR_SINGLE_RUN;
    for (const struct scenario_stats *row = s->scenarios; row != NULL;
         row = row->hh.next) {
        char problem[128];
        if (row->ok + row->failed == 0) {
            add_skipped(suite, "scenario", row->name,
                        "all of its runs were interrupted");
            continue;
        }
        snprintf(problem, sizeof(problem),
                 "%" PRIu64 " of %" PRIu64 " runs failed", row->failed,
                 row->ok + row->failed + row->interrupted);
        add_case(suite, "scenario", row->name,
                 single ? scenario_time(s, row->name) : -1,
                 row->failed > 0 ? problem : NULL);
    }
    for (size_t i = 0; i < result->plan->scenario_count; i++) {
        const char *name = result->plan->scenarios[i].name;
        if (snapshot_find_scenario(s, name) == NULL)
            add_skipped(suite, "scenario", name, "no run of it began");
    }
}

static void
add_thresholds(struct suite *suite, const struct result *result)
{
    for (size_t i = 0; i < result->threshold_count; i++) {
        const struct threshold *threshold = &result->thresholds[i];
        char value[THRESHOLD_VALUE_SIZE];
        threshold_value_text(threshold, value);
        add_case(suite, "threshold", threshold->expression, -1,
                 threshold->ok ? NULL : value);
    }
}

static void
add_checks(struct suite *suite, const struct snapshot *s)
{
    for (const struct check_stats *row = s->checks; row != NULL;
         row = row->hh.next) {
        char problem[128];
        snprintf(problem, sizeof(problem),
                 "failed %" PRIu64 " of %" PRIu64 " times", row->fails,
                 row->passes + row->fails);
        add_case(suite, "check", row->name, -1,
                 row->fails > 0 ? problem : NULL);
    }
}

/* Whatever made the exit code is a failure here, too. */
static void
add_end(struct suite *suite, const struct result *result)
{
    struct buf causes = {0};
    for (size_t i = 0; i < result->cause_count; i++)
        buf_printf(&causes, "%s%s (exit code %d)", i > 0 ? "; " : "",
                   result->causes[i].text, (int)result->causes[i].code);
    add_case(suite, "test", "exit code", -1, causes.data);
    buf_finish(&causes);
}

static bool
finish(struct output *output, const struct result *result, struct err *err)
{
    struct suite suite = {0};
    add_end(&suite, result);
    add_scenarios(&suite, result);
    add_thresholds(&suite, result);
    add_checks(&suite, result->snapshot);
    struct buf out = {0};
    buf_append_str(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<testsuites>\n  <testsuite name=\"");
    add_escaped(&out, result->scenario_path);
    buf_printf(&out,
               "\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\" "
               "time=\"%.3f\" timestamp=\"%s\">\n",
               suite.tests, suite.failures, suite.skipped,
               nsec_to_seconds(result->duration), result->started_at);
    buf_append(&out, suite.cases.data, suite.cases.size);
    buf_append_str(&out, "  </testsuite>\n</testsuites>\n");
    bool ok = write_file(output->path, out.data, out.size, err);
    buf_finish(&suite.cases);
    buf_finish(&out);
    return ok;
}

const struct output_kind output_junit = {
    .name = "junit",
    .rank = OUTPUT_RANK_FILE,
    .finish = finish,
};
