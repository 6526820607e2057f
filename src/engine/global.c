#include "engine/shard_internal.h"

/* Global fixtures: a worker of their own, which is in no workload. */

static void
tell_hub(const struct shard *shard, enum hub_op_type type)
{
    shard->config.port->submit(shard->config.port, &(struct hub_op){
                                                       .type = type,
                                                       .id.worker = HUB_GLOBAL,
                                                   });
}

static void
end(struct shard *shard)
{
    if (!shard->global)
        return;
    tell_hub(shard, HUB_OP_WORKER_END);
    worker_destroy(shard->global);
    shard->global = NULL;
}

static void
on_over(struct job *job)
{
    struct shard *shard = container_of(job, struct shard, global_over);
    const struct shard_host *host = &shard->config.host;
    end(shard);
    host->on_global_over(host->data, script_data(shard->config.script));
}

void
global_init(struct shard *shard)
{
    job_init(&shard->global_over, on_over);
}

void
global_finish(struct shard *shard)
{
    loop_unpost(shard->config.loop, &shard->global_over);
    end(shard);
}

void
shard_call_global(struct shard *shard, enum worker_phase phase, json_t *result)
{
    struct script *script = shard->config.script;
    shard->global = worker_create(script, HUB_GLOBAL, -1, NULL, NULL);
    tell_hub(shard, HUB_OP_WORKER_START);
    script_set_result(script, result);
    worker_call(shard->global, phase, 0);
    script_set_result(script, NULL);
}

void
global_call_over(struct shard *shard, const struct call_result *result)
{
    const struct shard_host *host = &shard->config.host;
    if (result->status == CALL_FAILED && !result->stopped) {
        shard_report_error(shard, shard->global, result);
        host->on_fixture_failed(host->data, shard->global->phase);
    }
    /* The worker is in use further up: it goes with the next turn. */
    loop_post(shard->config.loop, &shard->global_over);
}
