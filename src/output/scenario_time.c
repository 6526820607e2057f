#include "output/scenario_time.h"

#include <string.h>

nsec_t
scenario_time(const struct snapshot *s, const char *name)
{
    nsec_t longest = -1;
    for (const struct series *row = s->series[SERIES_RUNS]; row != NULL;
         row = row->hh.next) {
        const char *scenario = tag_set_get(row->tags, "scenario");
        if (scenario == NULL || row->time == NULL ||
            strcmp(scenario, name) != 0)
            continue;
        nsec_t time = hist_max(row->time);
        longest = time > longest ? time : longest;
    }
    return longest;
}
