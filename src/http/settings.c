#include "http/settings.h"

#include <stdlib.h>

#include "base/mem.h"

static struct http_settings *
copy(const struct http_settings *from)
{
    struct http_settings *settings = xcalloc(1, sizeof(*settings));
    settings->references = 1;
    if (from == NULL)
        return settings;
    settings->verify = from->verify;
    settings->auth = from->auth;
    settings->protocol = from->protocol;
    for (int i = 0; i < SETTING_TEXTS; i++)
        http_settings_set_text(settings, (enum http_text_setting)i,
                               from->text[i]);
    if (from->connect_to.size > 0)
        buf_append(&settings->connect_to, from->connect_to.data,
                   from->connect_to.size);
    return settings;
}

struct http_settings *
http_settings_edit(struct http_settings **slot)
{
    struct http_settings *old = *slot;
    if (old != NULL && old->references == 1)
        return old;
    *slot = copy(old);
    http_settings_drop(old);
    return *slot;
}

void
http_settings_set_text(struct http_settings *settings,
                       enum http_text_setting which, const char *text)
{
    char *value = text != NULL && text[0] != '\0' ? xstrdup(text) : NULL;
    free(settings->text[which]);
    settings->text[which] = value;
}

struct http_settings *
http_settings_hold(struct http_settings *settings)
{
    if (settings != NULL)
        settings->references++;
    return settings;
}

void
http_settings_drop(struct http_settings *settings)
{
    if (settings == NULL || --settings->references > 0)
        return;
    for (int i = 0; i < SETTING_TEXTS; i++)
        free(settings->text[i]);
    buf_finish(&settings->connect_to);
    free(settings);
}

void
http_settings_forget_user(struct http_settings **slot)
{
    if (*slot == NULL || (*slot)->auth == AUTH_NONE)
        return;
    struct http_settings *settings = http_settings_edit(slot);
    settings->auth = AUTH_NONE;
    http_settings_set_text(settings, SETTING_USER, NULL);
    http_settings_set_text(settings, SETTING_PASSWORD, NULL);
}
