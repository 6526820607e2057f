#include "http/redirect.h"

#include <string.h>

#include "http/transfer.h"
#include "http/url.h"

bool
redirect_is_hop(const struct transfer *transfer)
{
    const struct http_response *response = &transfer->response;
    int status = response->status;
    if (transfer->request.max_redirects == 0 ||
        (status != 301 && status != 302 && status != 303 && status != 307 &&
         status != 308))
        return false;
    size_t value_size;
    return http_header_find(response->headers.data, response->headers.size,
                            "Location", &value_size) != NULL;
}

bool
redirect_check(const struct transfer *transfer, struct err *err)
{
    const struct buf *target = &transfer->response.redirect_url;
    if (target->size == 0)
        return err_set(err, "the Location header is not a URL");
    struct url_parts parts;
    if (!url_check_bytes(target->data, target->size, err) ||
        !url_split(target->data, target->size, &parts, err))
        return err_prefix(err, "redirect refused");
    if (transfer->redirects_left == 0)
        return err_set(err, "more than %d redirects",
                       transfer->request.max_redirects);
    return true;
}

static void
drop_header(struct http_request *request, const char *name)
{
    http_request_remove_header(request, name, strlen(name));
}

static void
forget_secrets(struct http_request *request)
{
    drop_header(request, "Authorization");
    drop_header(request, "Cookie");
    drop_header(request, "Host");
    http_settings_forget_user(&request->settings);
}

/* Servers do not repeat the user of a URL in where they send us. Without a user
 * of its own the next URL gets that of the first. */
static void
append_target(struct buf *out, const struct buf *target,
              const struct url_parts *from, const struct url_parts *to)
{
    size_t scheme = (size_t)(to->user - target->data);
    buf_append(out, target->data, scheme);
    if (from->user_size > 0 && to->user_size == 0) {
        buf_append(out, from->user, from->user_size);
        buf_append(out, "@", 1);
    }
    buf_append(out, to->user, target->size - scheme);
}

static void
turn_into_get(struct http_request *request)
{
    memcpy(request->method, "GET", sizeof("GET"));
    http_request_drop_body(request);
    drop_header(request, "Content-Type");
    drop_header(request, "Content-Encoding");
    drop_header(request, "Content-Language");
    drop_header(request, "Content-Location");
}

void
redirect_follow(struct transfer *transfer)
{
    struct http_request *request = &transfer->request;
    const struct buf *target = &transfer->response.redirect_url;
    int status = transfer->response.status;
    buf_printf(&transfer->history, "%d %s", status, request->url.data);
    buf_append(&transfer->history, "", 1);
    transfer->redirects_left--;
    transfer->redirects_followed++;

    struct url_parts from, to;
    struct buf next = {0};
    if (url_split(request->url.data, request->url.size, &from, NULL) &&
        url_split(target->data, target->size, &to, NULL) &&
        url_same_origin(&from, &to)) {
        append_target(&next, target, &from, &to);
    } else {
        forget_secrets(request);
        buf_append(&next, target->data, target->size);
    }
    bool post = strcmp(request->method, "POST") == 0;
    if ((status == 303 && strcmp(request->method, "HEAD") != 0) ||
        ((status == 301 || status == 302) && post))
        turn_into_get(request);
    http_request_set_url(request, NULL, next.data, next.size, NULL);
    buf_finish(&next);
}
