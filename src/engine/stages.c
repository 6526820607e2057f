#include "engine/stages.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/shard_internal.h"

void
stages_tell(struct shard *shard)
{
    int32_t stage = 0;
    while (stage < shard->stage_count && shard->stage_runs[stage] <= 0)
        stage++;
    if (stage == shard->stage)
        return;
    shard->stage = stage;
    shard->config.host.on_stage(shard->config.host.data, stage);
}

void
stages_init(struct shard *shard)
{
    for (size_t i = 0; i < shard->crew_count; i++) {
        const struct plan_workload *workload = shard->crews[i].workload;
        for (size_t j = 0; j < workload->turn_count; j++) {
            int32_t stage = workload->turns[j].stage;
            if (stage >= shard->stage_count) {
                shard->stage_runs =
                    xrealloc(shard->stage_runs,
                             ((size_t)stage + 1) * sizeof(*shard->stage_runs));
                while (shard->stage_count <= stage)
                    shard->stage_runs[shard->stage_count++] = 0;
            }
            shard->stage_runs[stage] += shard->crews[i].count;
        }
    }
}

void
stages_turn_over(struct shard *shard, int32_t stage)
{
    shard->stage_runs[stage]--;
    stages_tell(shard);
}

void
shard_set_stage(struct shard *shard, int32_t stage)
{
    for (size_t i = 0; i < shard->crew_count; i++) {
        struct crew *crew = &shard->crews[i];
        if (crew->workload->turn_count == 0 || crew->state.stage >= stage)
            continue;
        crew->state.stage = stage;
        crew_wake(crew);
    }
}

void
stages_finish(struct shard *shard)
{
    free(shard->stage_runs);
}
