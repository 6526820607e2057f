#include <stdbool.h>
#include <string.h>

#include "http/curl_impl.h"
#include "http/url.h"

/* What libcurl says of TLS that failed, and what to do about it. */

/* How libraries say that what came was no TLS: OpenSSL (twice), GnuTLS. */
static const char *const no_tls[] = {
    "wrong version number",
    "packet length too long",
    "unexpected TLS packet",
};

void
exchange_fail_tls(struct exchange *x, CURLcode code, const char *words)
{
    char peer[256];
    for (size_t i = 0; i < sizeof(no_tls) / sizeof(no_tls[0]); i++) {
        if (strstr(words, no_tls[i]) == NULL)
            continue;
        exchange_fail(x, FAULT_TLS, code, "tls",
                      "%s does not speak TLS: should the URL begin with "
                      "http://?",
                      exchange_peer_name(x, peer, sizeof(peer)));
        return;
    }
    exchange_fail(x, FAULT_TLS, code, "tls", "%.200s%s", words,
                  code == CURLE_PEER_FAILED_VERIFICATION
                      ? " (ca = FILE says whom to trust, -k or verify = false "
                        "not to look)"
                      : "");
}

const char *
exchange_tls_hint(const struct exchange *x, bool answered)
{
    struct url_parts parts;
    const struct buf *url = &x->transfer->request.url;
    if (!url_split(url->data, url->size, &parts, NULL) || parts.https ||
        (!answered && parts.port != 443 && parts.port != 8443))
        return "";
    return "; should the URL begin with https://?";
}
