#include <assert.h>

#include "plan/options_state.h"

void
source_set_add(source_set *set, enum option_source source)
{
    *set |= (source_set)(1U << source);
}

static bool
source_set_has(source_set set, enum option_source source)
{
    return (set & 1U << source) != 0;
}

enum option_source
source_set_strongest(source_set set)
{
    int source = OPTION_COMMAND_LINE;
    while (source > OPTION_DEFAULT && !source_set_has(set, source))
        source--;
    return (enum option_source)source;
}

source_set *
options_sources_of(struct options_state *state, const struct option_spec *spec)
{
    return &state->given[spec - option_table];
}

enum option_source
options_source(const struct options *options, const char *name)
{
    const struct options_state *state = (const void *)options;
    const struct option_spec *spec = option_named(name);
    assert(spec != NULL);
    return source_set_strongest(state->given[spec - option_table]);
}

bool
options_is_given(const struct options *options, const char *name)
{
    return options_source(options, name) > OPTION_DEFAULT;
}

/* Those whose strongest source is `strongest` and that `also` has given, but
 * for pairs. */
static void
list_names(const struct options *options, enum option_source strongest,
           enum option_source also, bool with_pairs, struct option_list *out)
{
    const struct options_state *state = (const void *)options;
    for (size_t i = 0; i <= OPTION_TABLE_SIZE; i++) {
        bool is_option = i < OPTION_TABLE_SIZE;
        source_set given = is_option ? state->given[i] : state->workloads_given;
        if (source_set_strongest(given) != strongest ||
            !source_set_has(given, also))
            continue;
        char name[OPTION_SPELLING_SIZE];
        if (is_option && !with_pairs && option_is_merged(option_table[i].kind))
            continue;
        option_spell(also, is_option ? option_table[i].name : "workloads",
                     name);
        option_list_append(out, name);
    }
}

void
options_list_overruled(const struct options *options, enum option_source weaker,
                       enum option_source stronger, struct option_list *out)
{
    list_names(options, stronger, weaker, false, out);
}

void
options_list_given(const struct options *options, enum option_source source,
                   struct option_list *out)
{
    list_names(options, source, source, true, out);
}
