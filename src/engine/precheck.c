#include "engine/precheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "http/session.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "plan/options.h"

/* A server that is starting may take a connection and never answer: the next
 * one may be luckier. */
#define ATTEMPT (5 * NSEC_PER_SEC)

struct precheck {
    const struct options *options;
    struct precheck_host host;
    struct transport *transport;
    struct session *session;
    struct transfer *transfer; /* NULL: none is under way */
    struct timer again;
    struct job answered;
    struct loop *loop;
    nsec_t started_at;
    char problem[384]; /* of the last attempt that could end; "": none has */
};

static nsec_t
time_left(const struct precheck *precheck)
{
    return precheck->started_at + precheck->options->precheck_timeout -
           clock_now();
}

static void
fail(const struct precheck *precheck)
{
    char waited[32];
    units_format_duration(precheck->options->precheck_timeout, waited,
                          sizeof(waited));
    char *text =
        xasprintf("precheck: GET %s: %s (waited %s)",
                  precheck->options->precheck, precheck->problem, waited);
    precheck->host.on_over(precheck->host.data, text);
    free(text);
}

/* The last attempt has only what is left of the time; that this was too short
 * for it says less than how the one before ended. */
static bool
was_cut_off(const struct precheck *precheck)
{
    const struct transfer *transfer = precheck->transfer;
    return transfer->fault == FAULT_TIMEOUT &&
           transfer->request.timeout < ATTEMPT && precheck->problem[0] != '\0';
}

static bool
judge(struct precheck *precheck)
{
    const struct transfer *transfer = precheck->transfer;
    if (was_cut_off(precheck))
        return false;
    int status = transfer->response.status;
    int64_t wanted = precheck->options->precheck_status;
    if (transfer->fault != FAULT_NONE)
        snprintf(precheck->problem, sizeof(precheck->problem), "%s: %s",
                 transfer_fault_name(transfer->fault), transfer->fault_message);
    else if (wanted != 0 && status != wanted)
        snprintf(precheck->problem, sizeof(precheck->problem),
                 "answered %d, not %d", status, (int)wanted);
    else if (wanted == 0 && status >= 400)
        snprintf(precheck->problem, sizeof(precheck->problem), "answered %d",
                 status);
    else
        return true;
    return false;
}

static void
on_answered(struct job *job)
{
    struct precheck *precheck = container_of(job, struct precheck, answered);
    bool well = judge(precheck);
    session_release(precheck->transfer);
    precheck->transfer = NULL;
    if (well)
        precheck->host.on_over(precheck->host.data, NULL);
    else if (time_left(precheck) <= precheck->options->precheck_every)
        fail(precheck);
    else
        timer_start(&precheck->again,
                    nsec_add(clock_now(), precheck->options->precheck_every));
}

static void
on_exchange(struct transfer *transfer)
{
}

static void
on_done(struct transfer *transfer)
{
    struct precheck *precheck = transfer->data;
    loop_post(precheck->loop, &precheck->answered);
}

static bool
attempt(struct precheck *precheck, struct err *err)
{
    const char *url = precheck->options->precheck;
    struct transfer *transfer = session_begin(precheck->session);
    nsec_t left = time_left(precheck);
    transfer->request.timeout = left < ATTEMPT ? left : ATTEMPT;
    transfer->request.discard = true;
    transfer->on_exchange = on_exchange;
    transfer->on_done = on_done;
    transfer->data = precheck;
    if (!http_request_set_url(&transfer->request, NULL, url, strlen(url),
                              err)) {
        session_release(transfer);
        return false;
    }
    precheck->transfer = transfer;
    session_send(transfer);
    return true;
}

static void
on_again(struct timer *timer)
{
    struct err err;
    attempt(container_of(timer, struct precheck, again), &err);
}

struct precheck *
precheck_create(struct loop *loop, const struct options *options,
                const struct precheck_host *host, struct err *err)
{
    struct transport *transport = transport_curl.create(
        loop, &(struct transport_config){.insecure = options->insecure}, err);
    if (transport == NULL)
        return NULL;
    struct precheck *precheck = xmalloc(sizeof(*precheck));
    *precheck = (struct precheck){
        .options = options,
        .host = *host,
        .transport = transport,
        .session = session_create(transport),
        .loop = loop,
        .started_at = clock_now(),
    };
    for (size_t i = 0; i < options->headers.count; i++)
        session_set_header_line(precheck->session, options->headers.items[i],
                                NULL);
    timer_init(&precheck->again, loop, on_again);
    job_init(&precheck->answered, on_answered);
    if (attempt(precheck, err))
        return precheck;
    precheck_destroy(precheck);
    return NULL;
}

void
precheck_destroy(struct precheck *precheck)
{
    if (precheck == NULL)
        return;
    timer_stop(&precheck->again);
    loop_unpost(precheck->loop, &precheck->answered);
    if (precheck->transfer != NULL) {
        session_cancel(precheck->transfer);
        session_release(precheck->transfer);
    }
    session_destroy(precheck->session);
    precheck->transport->ops->destroy(precheck->transport);
    free(precheck);
}
