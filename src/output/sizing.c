#include "output/sizing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/units.h"
#include "output/json_value.h"
#include "output/summary.h"

static double
percent(const struct sizing_step *step)
{
    return step->runs > 0 ? 100.0 * (double)step->failed / (double)step->runs
                          : 0;
}

static const char *
end_name(enum sizing_end end)
{
    switch (end) {
    case SIZING_UNDECIDED:
        return "undecided";
    case SIZING_FAILURES:
        return "failures";
    case SIZING_THRESHOLD:
        return "threshold";
    case SIZING_NO_GROWTH:
        return "no_growth";
    case SIZING_ALL_WORKERS:
        return "all_workers";
    }
    return "";
}

static void
describe_end(const struct sizing *sizing, char *out, size_t size)
{
    const struct sizing_step *last = &sizing->steps[sizing->count - 1];
    switch (sizing->end) {
    case SIZING_UNDECIDED:
        break;
    case SIZING_FAILURES:
        snprintf(out, size,
                 "with %" PRId32 ", %.1f %% of the runs failed (more than "
                 "%g %%)",
                 last->workers, percent(last), sizing->tolerance);
        return;
    case SIZING_THRESHOLD:
        snprintf(out, size, "with %" PRId32 ", a threshold failed: %s",
                 last->workers, sizing->threshold);
        return;
    case SIZING_NO_GROWTH:
        snprintf(out, size,
                 "up to %" PRId32 ", more workers made no more runs per second",
                 last->workers);
        return;
    case SIZING_ALL_WORKERS:
        snprintf(out, size, "there were to be no more (--max-workers)");
        return;
    }
    snprintf(out, size, "the test ended before there was a limit");
}

/* "13 workers: with 20, 11.2 % of the runs failed (more than 5 %)" */
static void
describe_result(const struct sizing *sizing, char *out, size_t size)
{
    if (sizing->count == 0) {
        snprintf(out, size, "no result: the test ended within the first step");
        return;
    }
    char why[256];
    describe_end(sizing, why, sizeof(why));
    if (sizing->size == 0)
        snprintf(out, size, "no number of workers was right: %s", why);
    else
        snprintf(out, size, "%" PRId32 " worker%s: %s", sizing->size,
                 sizing->size == 1 ? "" : "s", why);
}

json_t *
json_sizing(const struct sizing *sizing)
{
    if (!sizing)
        return json_null();
    json_t *steps = json_array();
    for (size_t i = 0; i < sizing->count; i++) {
        const struct sizing_step *step = &sizing->steps[i];
        json_array_append_new(
            steps,
            json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:b}", "workers",
                      (int)step->workers, "duration",
                      json_value_seconds((double)step->length), "runs",
                      json_value_count(step->runs), "failed",
                      json_value_count(step->failed), "rate",
                      json_value_real(step->rate), "p95",
                      step->p95 > 0 ? json_value_seconds((double)step->p95)
                                    : json_null(),
                      "ok", (int)step->ok));
    }
    char verdict[512];
    describe_result(sizing, verdict, sizeof(verdict));
    return json_pack("{s:i, s:s, s:o, s:o, s:o}", "workers", (int)sizing->size,
                     "end", end_name(sizing->end), "verdict",
                     json_value_text(verdict), "tolerance",
                     json_value_real(sizing->tolerance / 100), "steps", steps);
}

void
summary_sizing(struct summary *sum)
{
    static const char *const heads[] = {"sizing", "workers", "runs",
                                        "runs/s", "failed",  "p95"};
    const struct sizing *sizing = sum->result->sizing;
    if (!sizing)
        return;
    struct table *table = table_create(heads, 6, 1);
    for (size_t i = 0; i < sizing->count; i++) {
        const struct sizing_step *step = &sizing->steps[i];
        char p95[32] = "-";
        if (step->p95 > 0)
            units_format_duration(step->p95, p95, sizeof(p95));
        bool chosen = sizing->size == step->workers;
        table_add(table, chosen ? STYLE_GOOD : STYLE_PLAIN, "%s",
                  chosen ? "=>" : "");
        table_add(table, STYLE_PLAIN, "%" PRId32, step->workers);
        table_add(table, STYLE_PLAIN, "%" PRIu64, step->runs);
        table_add(table, STYLE_PLAIN, "%.1f", step->rate);
        table_add(table, summary_bad_if(step->failed), "%.1f %%",
                  percent(step));
        table_add(table, STYLE_PLAIN, "%s", p95);
    }
    summary_finish_table(sum, table, 0);
    char verdict[512];
    describe_result(sizing, verdict, sizeof(verdict));
    fprintf(sum->stream, "sizing: %s\n", summary_printable(sum, verdict));
}
