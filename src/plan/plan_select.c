#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "plan/plan_internal.h"

/* Which scenarios run, by name, tag and weight. */

/* By its own name, or the one it shares with others. */
bool
plan_goes_by(const struct plan_candidate *candidate, const char *name)
{
    return strcmp(candidate->name, name) == 0 ||
           (candidate->family && strcmp(candidate->family, name) == 0);
}

static bool
is_named(const struct options *options, const struct plan_candidate *candidate)
{
    for (size_t i = 0; i < options->scenarios.count; i++) {
        if (plan_goes_by(candidate, options->scenarios.items[i]))
            return true;
    }
    return false;
}

static bool
has_tag(const struct plan_candidate *candidate, const char *tag)
{
    for (size_t i = 0; i < candidate->tag_count; i++) {
        if (strcmp(candidate->tags[i], tag) == 0)
            return true;
    }
    return false;
}

/* Any of the tags asked for, if there are any. */
static bool
is_tagged(const struct options *options, const struct plan_candidate *candidate)
{
    for (size_t i = 0; i < options->only_tags.count; i++) {
        if (has_tag(candidate, options->only_tags.items[i]))
            return true;
    }
    return options->only_tags.count == 0;
}

static bool
refuse_tag(const char *asked, const struct plan_candidate *candidates,
           size_t count, struct err *err)
{
    const char **names = NULL;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < candidates[i].tag_count; j++) {
            names = xrealloc(names, (known + 1) * sizeof(names[0]));
            names[known++] = candidates[i].tags[j];
        }
    }
    const char *nearest = str_nearest(asked, names, known);
    if (nearest != NULL)
        err_set(err, "no scenario has the tag '%.80s': did you mean '%s'?",
                asked, nearest);
    else
        err_set(err,
                "no scenario has the tag '%.80s': give one to a scenario with "
                "tags = {\"%.80s\"}",
                asked, asked);
    free(names);
    return false;
}

static bool
check_tags(const struct options *options,
           const struct plan_candidate *candidates, size_t count,
           struct err *err)
{
    for (size_t i = 0; i < options->only_tags.count; i++) {
        const char *asked = options->only_tags.items[i];
        bool found = false;
        for (size_t j = 0; j < count && !found; j++)
            found = has_tag(&candidates[j], asked);
        if (!found)
            return refuse_tag(asked, candidates, count, err);
    }
    return true;
}

/* A stream of random numbers apart from those of workers and rooms. */
#define SHUFFLE_STREAM (UINT64_C(3) << 62)

static void
shuffle(struct plan *plan)
{
    struct rng rng;
    rng_init(&rng, plan->options->seed, SHUFFLE_STREAM);
    for (size_t i = plan->scenario_count; i > 1; i--) {
        size_t j = (size_t)rng_int(&rng, 0, (int64_t)i - 1);
        struct plan_scenario moved = plan->scenarios[i - 1];
        plan->scenarios[i - 1] = plan->scenarios[j];
        plan->scenarios[j] = moved;
    }
}

bool
plan_refuse_scenario(const char *asked, const struct plan_candidate *candidates,
                     size_t count, struct err *err)
{
    struct plan_stage stage;
    if (stage_parse(asked, &stage))
        return err_set(
            err, "unknown scenario '%.80s': did you mean '--stage %.80s'?",
            asked, asked);
    const char **names = xcalloc(count, sizeof(names[0]));
    for (size_t i = 0; i < count; i++)
        names[i] = candidates[i].name;
    err_set(err, "unknown scenario '%.80s'", asked);
    str_suggest(asked, names, count, err);
    free(names);
    return false;
}

static bool
check_named(const struct options *options,
            const struct plan_candidate *candidates, size_t count,
            struct err *err)
{
    for (size_t i = 0; i < options->scenarios.count; i++) {
        const char *asked = options->scenarios.items[i];
        bool found = false;
        for (size_t j = 0; j < count && !found; j++)
            found = plan_goes_by(&candidates[j], asked);
        if (!found)
            return plan_refuse_scenario(asked, candidates, count, err);
    }
    return true;
}

bool
plan_select_scenarios(struct plan *plan,
                      const struct plan_candidate *candidates, size_t count,
                      struct err *err)
{
    if (count == 0)
        return err_set(err, "the script has no scenario: register one with "
                            "molo.scenario(name, fn)");
    if (!check_named(plan->options, candidates, count, err) ||
        !check_tags(plan->options, candidates, count, err))
        return false;
    bool all = plan->options->scenarios.count == 0;
    plan->scenarios = xcalloc(count, sizeof(plan->scenarios[0]));
    for (size_t i = 0; i < count; i++) {
        const struct plan_candidate *candidate = &candidates[i];
        bool idle = candidate->weight <= 0 &&
                    !plan_is_in_workloads(plan->options, candidate);
        if (all ? idle : !is_named(plan->options, candidate))
            continue;
        if (!is_tagged(plan->options, candidate))
            continue;
        plan->scenarios[plan->scenario_count++] = (struct plan_scenario){
            .name = xstrdup(candidate->name),
            /* Weight 0 keeps a scenario out of the draw unless it is named;
             * then it must be possible to draw it. */
            .weight = candidate->weight > 0 ? candidate->weight : 1,
            .candidate = i,
        };
        if (candidate->cast)
            cast_copy(&plan->scenarios[plan->scenario_count - 1].cast,
                      candidate->cast);
    }
    if (plan->scenario_count == 0 && plan->options->only_tags.count > 0)
        return err_set(err, "no scenario is left: none of those selected has "
                            "a tag of --only-tag and a weight above 0");
    if (plan->scenario_count == 0)
        return err_set(err, "every scenario has weight 0: choose one with "
                            "--scenario");
    if (plan->options->shuffle)
        shuffle(plan);
    return true;
}
