#include <string.h>

#include "http/curl_impl.h"

/* libcurl keeps cookies per easy handle, and shares them only between handles
 * that share everything else, too. So the jar is the client's, and a handle
 * gets a copy when it was changed since. */

void
exchange_init_cookies(struct exchange *x)
{
    /* Any cookie starts the engine. A file, the documented way, would be opened
     * again for each request. */
    curl_easy_setopt(x->easy, CURLOPT_COOKIELIST, "Set-Cookie: a=b");
    curl_easy_setopt(x->easy, CURLOPT_COOKIELIST, "ALL");
}

void
exchange_finish_cookies(struct exchange *x)
{
    buf_finish(&x->jar_loaded);
    buf_finish(&x->cookie);
}

static void
set_own(struct exchange *x, const char *own)
{
    const char *before = x->cookie.size > 0 ? x->cookie.data : NULL;
    if (before == NULL && own == NULL)
        return;
    if (before != NULL && own != NULL && strcmp(before, own) == 0)
        return;
    buf_clear(&x->cookie);
    if (own != NULL)
        buf_append_str(&x->cookie, own);
    curl_easy_setopt(x->easy, CURLOPT_COOKIE, own);
}

void
exchange_load_cookies(struct exchange *x, const char *own)
{
    set_own(x, own);
    const struct cookie_jar *jar = &x->client->jar;
    if (x->jar_changes == jar->changes)
        return;
    x->jar_changes = jar->changes;
    curl_easy_setopt(x->easy, CURLOPT_COOKIELIST, "ALL");
    buf_clear(&x->jar_loaded);
    for (size_t pos = 0; pos < jar->lines.size;) {
        const char *line = jar->lines.data + pos;
        curl_easy_setopt(x->easy, CURLOPT_COOKIELIST, line);
        pos += strlen(line) + 1;
    }
    if (jar->lines.size > 0)
        buf_append(&x->jar_loaded, jar->lines.data, jar->lines.size);
}

void
exchange_save_cookies(struct exchange *x)
{
    if (!x->seen.got_cookies)
        return;
    x->seen.got_cookies = false;
    struct cookie_jar *jar = &x->client->jar;
    struct curl_slist *list = NULL;
    curl_easy_getinfo(x->easy, CURLINFO_COOKIELIST, &list);
    struct buf now = {0};
    for (const struct curl_slist *node = list; node != NULL; node = node->next)
        buf_append(&now, node->data, strlen(node->data) + 1);
    curl_slist_free_all(list);
    bool alone = x->jar_changes == jar->changes;
    cookie_jar_merge(jar, &x->jar_loaded, &now);
    /* Otherwise it lacks what another request of the worker got meanwhile. */
    if (alone)
        x->jar_changes = jar->changes;
    buf_finish(&x->jar_loaded);
    x->jar_loaded = now;
}
