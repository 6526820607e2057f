#include <inttypes.h>

#include "output/scenario_time.h"
#include "output/summary.h"

/* A single run tells of its scenarios as of tests: which went well, and how
 * long each took. */

#define NAME_WIDTH 36

static void
add_result(struct table *table, const struct scenario_stats *row)
{
    if (row == NULL)
        table_add(table, STYLE_PLAIN, "not run");
    else if (row->failed > 0)
        table_add(table, STYLE_BAD, "FAILED");
    else if (row->interrupted > 0)
        table_add(table, STYLE_BAD, "interrupted");
    else
        table_add(table, STYLE_GOOD, "ok");
}

static void
add_row(struct summary *sum, struct table *table, const char *name)
{
    const struct scenario_stats *row =
        snapshot_find_scenario(sum->snapshot, name);
    uint64_t failed = row != NULL ? row->failed : 0;
    uint64_t runs = row != NULL ? row->ok + row->failed + row->interrupted : 0;
    nsec_t duration = scenario_time(sum->snapshot, name);
    table_add(table, STYLE_PLAIN, "%s", summary_cut(sum, name, NAME_WIDTH));
    add_result(table, row);
    if (duration >= 0)
        summary_add_time(table, duration);
    else
        table_add(table, STYLE_PLAIN, "-");
    table_add(table, STYLE_PLAIN, "%" PRIu64, runs);
    table_add(table, summary_bad_if(failed), "%" PRIu64, failed);
}

void
summary_single_run(struct summary *sum)
{
    static const char *const heads[] = {"scenario", "result", "took", "runs",
                                        "failed"};
    const struct plan *plan = sum->result->plan;
    struct table *table = table_create(heads, 5, 2);
    for (size_t i = 0; i < plan->scenario_count; i++)
        add_row(sum, table, plan->scenarios[i].name);
    summary_finish_table(sum, table, 0);
}
