#include "engine/quiescence.h"

#include <stdlib.h>

#include "base/mem.h"

void
quiescence_init(struct quiescence *quiescence, size_t count)
{
    *quiescence = (struct quiescence){
        .shards = xcalloc(count, sizeof(struct quiescence_shard)),
        .count = count,
    };
}

void
quiescence_finish(struct quiescence *quiescence)
{
    free(quiescence->shards);
    *quiescence = (struct quiescence){0};
}

void
quiescence_sent(struct quiescence *quiescence, size_t shard)
{
    quiescence->shards[shard].sent++;
}

void
quiescence_idle(struct quiescence *quiescence, size_t shard, uint64_t got)
{
    quiescence->shards[shard].got = got;
    quiescence->shards[shard].idle = true;
}

bool
quiescence_holds(const struct quiescence *quiescence)
{
    for (size_t i = 0; i < quiescence->count; i++) {
        const struct quiescence_shard *shard = &quiescence->shards[i];
        if (!shard->idle || shard->got != shard->sent)
            return false;
    }
    return true;
}
