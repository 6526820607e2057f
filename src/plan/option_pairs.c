#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/options_state.h"

bool
option_is_merged(enum option_kind kind)
{
    return kind == OPTION_KIND_ENV || kind == OPTION_KIND_TAG ||
           kind == OPTION_KIND_SERVICE;
}

void
option_pairs_set(struct option_pair **pairs, enum option_source **sources,
                 size_t *count, enum option_source source,
                 const struct option_value *value)
{
    const char *text = value->text + value->key_size + 1;
    for (size_t i = 0; i < *count; i++) {
        struct option_pair *pair = &(*pairs)[i];
        if (strlen(pair->key) != value->key_size ||
            memcmp(pair->key, value->text, value->key_size) != 0)
            continue;
        if (source >= (*sources)[i]) {
            free(pair->value);
            pair->value = xstrdup(text);
            (*sources)[i] = source;
        }
        return;
    }
    *pairs = xrealloc(*pairs, (*count + 1) * sizeof((*pairs)[0]));
    *sources = xrealloc(*sources, (*count + 1) * sizeof((*sources)[0]));
    (*pairs)[*count] = (struct option_pair){
        .key = xstrndup(value->text, value->key_size),
        .value = xstrdup(text),
    };
    (*sources)[(*count)++] = source;
}

/* "User-Api" is "user_api", in place. */
static char *
service_key(char *name)
{
    for (char *p = name; *p != '\0'; p++)
        *p = *p == '-' ? '_' : (char)tolower((unsigned char)*p);
    return name;
}

void
option_service_set(struct options_state *state, enum option_source source,
                   const struct option_value *value)
{
    struct options *options = &state->values;
    char *text = xstrdup(value->text);
    text[value->key_size] = '\0';
    service_key(text);
    text[value->key_size] = '=';
    struct option_value renamed = *value;
    renamed.text = text;
    option_pairs_set(&options->services, &state->service_sources,
                     &options->service_count, source, &renamed);
    free(text);
}

const char *
options_service(const struct options *options, const char *name)
{
    char *key = service_key(xstrdup(name));
    const char *url = NULL;
    for (size_t i = 0; i < options->service_count && url == NULL; i++) {
        if (strcmp(options->services[i].key, key) == 0)
            url = options->services[i].value;
    }
    free(key);
    return url;
}

void
option_pairs_finish(struct option_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].key);
        free(pairs[i].value);
    }
    free(pairs);
}
