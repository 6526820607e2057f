#ifndef MOLO_PLAN_OPTIONS_STATE_H
#define MOLO_PLAN_OPTIONS_STATE_H

#include "base/list.h"
#include "plan/option_table.h"

/* Options and who gave them, which stays out of reach of those who read them.
 * Inside src/plan only. */

/* Bits 1 << source of those that have given an option. */
typedef unsigned char source_set;

struct options_state {
    struct options values; /* first: options_create returns its address */
    source_set given[OPTION_TABLE_SIZE];
    /* Of each pair, as script and command line may name different keys. */
    enum option_source *env_sources, *tag_sources, *service_sources;
    source_set workloads_given;
};

static inline struct options_state *
state_of(struct options *options)
{
    return container_of(options, struct options_state, values);
}

/* --- option_sources.c --- */

void source_set_add(source_set *set, enum option_source source);
enum option_source source_set_strongest(source_set set);
source_set *
options_sources_of(struct options_state *state, const struct option_spec *spec);

/* --- option_pairs.c --- */

/* Pairs of a weaker source stay, where no stronger one has the same key. */
bool option_is_merged(enum option_kind kind);
/* Sets the pair "K=V", unless a stronger source has given K. */
void option_pairs_set(struct option_pair **pairs, enum option_source **sources,
                      size_t *count, enum option_source source,
                      const struct option_value *value);
/* The same for a service, whose names have several spellings. */
void option_service_set(struct options_state *state, enum option_source source,
                        const struct option_value *value);

#endif
