#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "plan/executor.h"
#include "plan/plan_internal.h"

/* Workers and runs per second over time, in letters. */

#define COLUMNS 60
#define ROWS 5
#define LABEL 16 /* "workers         " */

/* What is expected at a moment of the test. */
struct expected {
    double workers, rate;
};

static struct expected
expect(const struct plan *plan, nsec_t at)
{
    struct expected sum = {0};
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        const struct executor_ops *executor = executor_find(workload->executor);
        nsec_t now = at - workload->start;
        if (now < 0)
            continue;
        double workers =
            executor->workers_at ? executor->workers_at(workload, now) : 0;
        sum.workers += workers;
        if (executor->scheduled && now < workload->duration)
            sum.rate +=
                rate_walk_rate(workload, now) * (executor->open ? 1 : workers);
    }
    return sum;
}

/* Until when there is something to show; 0: never. A workload that goes on for
 * as long as its runs take is shown until its last worker is there, and as long
 * again. */
static nsec_t
find_horizon(const struct plan *plan)
{
    nsec_t horizon = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        nsec_t end = workload->duration != NSEC_NEVER ? workload->duration
                                                      : 2 * workload->ramp_up;
        if (end > 0 && workload->start + end > horizon)
            horizon = workload->start + end;
    }
    return horizon;
}

static nsec_t
column_begins(nsec_t horizon, int column)
{
    return horizon / COLUMNS * column + horizon % COLUMNS * column / COLUMNS;
}

static double
greater(double a, double b)
{
    return a > b ? a : b;
}

static void
append_trimmed(struct buf *out, const char *text, size_t size)
{
    while (size > 0 && text[size - 1] == ' ')
        size--;
    buf_append(out, text, size);
    buf_append_str(out, "\n");
}

/* A column has a mark in each row that its value reaches into. */
static void
plot(const char *label, const double values[COLUMNS], struct buf *out)
{
    double most = 0;
    for (int i = 0; i < COLUMNS; i++)
        most = greater(most, values[i]);
    if (most <= 0)
        return;
    for (int row = ROWS - 1; row >= 0; row--) {
        char line[LABEL + COLUMNS + 1];
        bool top = row == ROWS - 1;
        snprintf(line, sizeof(line), "%-8s%6.4g |", top ? label : "",
                 top ? most : 0.0);
        if (!top)
            memset(line, ' ', LABEL - 1);
        for (int i = 0; i < COLUMNS; i++)
            line[LABEL + i] = values[i] > most * row / ROWS ? '#' : ' ';
        append_trimmed(out, line, LABEL + COLUMNS);
    }
    buf_printf(out, "%*s0 +", LABEL - 3, "");
    for (int i = 0; i < COLUMNS; i++)
        buf_append_str(out, i % 15 == 14 ? "+" : "-");
    buf_append_str(out, "\n");
}

static void
plot_times(nsec_t horizon, struct buf *out)
{
    char half[32], end[32];
    units_format_duration(horizon / 2, half, sizeof(half));
    units_format_duration(horizon, end, sizeof(end));
    int place = LABEL + COLUMNS / 2 - 1 - (int)strlen(half) / 2;
    int size = snprintf(NULL, 0, "%*s0 s%*s", LABEL - 1, "",
                        place - LABEL - 2 + (int)strlen(half), half);
    buf_printf(out, "%*s0 s%*s", LABEL - 1, "",
               place - LABEL - 2 + (int)strlen(half), half);
    buf_printf(out, "%*s\n", LABEL + COLUMNS - size, end);
}

void
plan_plot(const struct plan *plan, struct buf *out)
{
    nsec_t horizon = find_horizon(plan);
    double workers[COLUMNS], rates[COLUMNS];
    bool any = false;
    if (horizon == 0)
        return;
    for (int i = 0; i < COLUMNS; i++) {
        struct expected first = expect(plan, column_begins(horizon, i));
        struct expected last = expect(plan, column_begins(horizon, i + 1) - 1);
        workers[i] = greater(first.workers, last.workers);
        rates[i] = greater(first.rate, last.rate);
        any = any || workers[i] > 0 || rates[i] > 0;
    }
    if (!any)
        return;
    plot("workers", workers, out);
    plot("runs/s", rates, out);
    plot_times(horizon, out);
}
