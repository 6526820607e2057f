#include <stdio.h>
#include <string.h>

#include "http/curl_impl.h"

static const struct http_settings nothing;

static const struct http_settings *
or_nothing(const struct http_settings *settings)
{
    return settings != NULL ? settings : &nothing;
}

static void
set_authorities(struct exchange *x, const char *file)
{
    /* NULL would not restore what libcurl was built with. */
    char *bundle = NULL, *directory = NULL;
    curl_easy_getinfo(x->easy, CURLINFO_CAINFO, &bundle);
    curl_easy_getinfo(x->easy, CURLINFO_CAPATH, &directory);
    const char *from = file != NULL ? NULL : directory;
    if (file == NULL)
        file = bundle;
    curl_easy_setopt(x->easy, CURLOPT_CAINFO, file);
    curl_easy_setopt(x->easy, CURLOPT_CAPATH, from);
    curl_easy_setopt(x->easy, CURLOPT_PROXY_CAINFO, file);
    curl_easy_setopt(x->easy, CURLOPT_PROXY_CAPATH, from);
}

static void
set_verification(struct exchange *x, enum http_verify verify)
{
    bool on = verify == VERIFY_DEFAULT ? !x->client->transport->config.insecure
                                       : verify == VERIFY_ON;
    curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYPEER, on ? 1L : 0L);
    curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYHOST, on ? 2L : 0L);
    curl_easy_setopt(x->easy, CURLOPT_PROXY_SSL_VERIFYPEER, on ? 1L : 0L);
    curl_easy_setopt(x->easy, CURLOPT_PROXY_SSL_VERIFYHOST, on ? 2L : 0L);
}

/* 7.88 begins HTTP/2 a second time on a connection that speaks it already, and
 * fails (curl pull request 10643, in 8.0). */
static bool
breaks_kept_http2(void)
{
    unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
    return version >= 0x075800 && version < 0x080000;
}

static void
set_protocol(struct exchange *x, enum http_protocol protocol)
{
    long version = CURL_HTTP_VERSION_2TLS;
    switch (protocol) {
    case PROTOCOL_ANY:
        break;
    case PROTOCOL_1_1:
        version = CURL_HTTP_VERSION_1_1;
        break;
    case PROTOCOL_2_DIRECT:
        version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
        break;
    case PROTOCOL_3:
        version = CURL_HTTP_VERSION_3;
        break;
    }
    curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, version);
    bool alone = protocol == PROTOCOL_2_DIRECT && breaks_kept_http2();
    curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, alone ? 1L : 0L);
    curl_easy_setopt(x->easy, CURLOPT_FORBID_REUSE, alone ? 1L : 0L);
}

static void
set_auth(struct exchange *x, const struct http_settings *s)
{
    long scheme = (long)CURLAUTH_BASIC;
    switch (s->auth) {
    case AUTH_NONE:
        break;
    case AUTH_DIGEST:
        scheme = (long)CURLAUTH_DIGEST;
        break;
    case AUTH_NTLM:
        scheme = (long)CURLAUTH_NTLM;
        break;
    }
    curl_easy_setopt(x->easy, CURLOPT_HTTPAUTH, scheme);
    curl_easy_setopt(x->easy, CURLOPT_USERNAME, s->text[SETTING_USER]);
    curl_easy_setopt(x->easy, CURLOPT_PASSWORD, s->text[SETTING_PASSWORD]);
}

static void
set_connect_to(struct exchange *x, const struct buf *lines)
{
    struct curl_slist *list = NULL;
    for (size_t pos = 0; pos < lines->size;) {
        const char *line = lines->data + pos;
        list = curl_slist_append(list, line);
        pos += strlen(line) + 1;
    }
    curl_easy_setopt(x->easy, CURLOPT_CONNECT_TO, list);
    curl_slist_free_all(x->connect_to);
    x->connect_to = list;
}

void
exchange_init_settings(struct exchange *x)
{
    /* The environment must not send a load test through a proxy, nor past the
     * one it was given. */
    curl_easy_setopt(x->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(x->easy, CURLOPT_NOPROXY, "");
    set_protocol(x, PROTOCOL_ANY);
    set_verification(x, VERIFY_DEFAULT);
}

void
exchange_apply_settings(struct exchange *x)
{
    struct http_settings *wanted = x->transfer->request.settings;
    if (wanted == x->settings)
        return;
    const struct http_settings *old = or_nothing(x->settings);
    const struct http_settings *s = or_nothing(wanted);
    if (old->text[SETTING_CA] != NULL || s->text[SETTING_CA] != NULL)
        set_authorities(x, s->text[SETTING_CA]);
    set_verification(x, s->verify);
    curl_easy_setopt(x->easy, CURLOPT_SSLCERT, s->text[SETTING_CERT]);
    curl_easy_setopt(x->easy, CURLOPT_SSLKEY, s->text[SETTING_KEY]);
    /* "" keeps the environment from naming one. */
    const char *proxy = s->text[SETTING_PROXY];
    curl_easy_setopt(x->easy, CURLOPT_PROXY, proxy != NULL ? proxy : "");
    /* Of what asks the proxy for a tunnel; see set_headers for requests. */
    curl_easy_setopt(x->easy, CURLOPT_USERAGENT,
                     proxy != NULL ? HTTP_USER_AGENT : NULL);
    /* Which one it wants the proxy says, when it asks for credentials. */
    curl_easy_setopt(x->easy, CURLOPT_PROXYAUTH,
                     (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST));
    curl_easy_setopt(x->easy, CURLOPT_UNIX_SOCKET_PATH,
                     s->text[SETTING_UNIX_SOCKET]);
    set_protocol(x, s->protocol);
    set_auth(x, s);
    set_connect_to(x, &s->connect_to);
    /* Held, so that nobody changes it in place: another pointer is then the
     * only sign of other settings. */
    http_settings_drop(x->settings);
    x->settings = http_settings_hold(wanted);
}

void
exchange_finish_settings(struct exchange *x)
{
    curl_slist_free_all(x->connect_to);
    http_settings_drop(x->settings);
}

struct transport_abilities
transport_curl_abilities(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    static const struct {
        int feature;
        const char *name;
    } encodings[] = {
        {CURL_VERSION_LIBZ, "gzip"},
        {CURL_VERSION_BROTLI, "br"},
        {CURL_VERSION_ZSTD, "zstd"},
    };
    struct transport_abilities abilities = {
        .http2 = (info->features & CURL_VERSION_HTTP2) != 0,
        .http3 = (info->features & CURL_VERSION_HTTP3) != 0,
        .ntlm = (info->features & CURL_VERSION_NTLM) != 0,
    };
    char *out = abilities.encodings;
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        if ((info->features & encodings[i].feature) == 0)
            continue;
        size_t used = strlen(out);
        snprintf(out + used, sizeof(abilities.encodings) - used, "%s%s",
                 used > 0 ? ", " : "", encodings[i].name);
    }
    return abilities;
}
