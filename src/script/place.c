#include "script/place.h"

#include <string.h>

#include "plan/executor.h"
#include "plan/option_workload.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

static const char *
phase_of(const struct worker *worker)
{
    switch (worker->phase) {
    case PHASE_GLOBAL_SETUP:
    case PHASE_SETUP:
    case PHASE_SETUP_SESSION:
        return "setup";
    case PHASE_RUN:
        return "run";
    case PHASE_TEARDOWN_SESSION:
    case PHASE_TEARDOWN:
    case PHASE_GLOBAL_TEARDOWN:
        break;
    }
    return "teardown";
}

/* Those of the command line may have any name; only words are tags. */
static void
append_tags(struct buf *packed, const struct option_pair *tags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!tag_check(tags[i].key, tags[i].value, NULL))
            continue;
        buf_append(packed, tags[i].key, strlen(tags[i].key) + 1);
        buf_append(packed, tags[i].value, strlen(tags[i].value) + 1);
    }
}

static bool
check_tags(const struct option_workload *workload, struct err *err)
{
    for (size_t i = 0; i < workload->tag_count; i++) {
        const struct option_pair *tag = &workload->tags[i];
        if (!tag_check(tag->key, tag->value, err))
            return err_prefix(err, "%s: workload '%.80s': tags",
                              workload->where, workload->name);
    }
    return true;
}

bool
place_check(const struct options *options, struct err *err)
{
    for (size_t i = 0; i < options->workload_count; i++) {
        if (!check_tags(&options->workloads[i], err))
            return false;
    }
    return true;
}

void
place_enter(struct worker *worker, const struct scenario *scenario)
{
    struct script *script = worker->script;
    const struct script_env *env = &script->env;
    const struct plan_workload *workload = worker->workload;
    /* Most runs are of the same scenario as the one before. */
    if (scenario != NULL && scenario == worker->placed)
        return;
    worker->placed = scenario;
    struct buf *tags = &script->tags;
    buf_clear(tags);
    append_tags(tags, env->options->tags, env->options->tag_count);
    if (workload != NULL)
        append_tags(tags, workload->tags, workload->tag_count);
    if (scenario != NULL)
        append_tags(tags, scenario->metric_tags, scenario->metric_tag_count);
    struct recorder_labels labels = {
        .workload = workload != NULL ? workload->name : NULL,
        .scenario = scenario != NULL ? scenario->name : NULL,
        .phase = phase_of(worker),
        .scheduled =
            workload != NULL && executor_find(workload->executor)->scheduled,
        .tags = tags->data,
        .tags_size = tags->size,
    };
    if (scenario != NULL && workload != NULL)
        labels.role =
            cast_role_of(env->plan, workload, worker->index, scenario->name);
    worker->context = recorder_context(env->recorder, &labels);
}
