#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "loop/timer.h"

int
rig_setup(void **state)
{
    static struct rig rig;
    rig =
        (struct rig){.server = tiny_server_start(), .loop = loop_create(NULL)};
    struct transport_config config = {0};
    rig.transport = transport_curl.create(rig.loop, &config, NULL);
    assert_non_null(rig.transport);
    rig.session = session_create(rig.transport);
    snprintf(rig.base_url, sizeof(rig.base_url), "http://127.0.0.1:%d",
             tiny_server_port(rig.server));
    session_configure(rig.session, &(struct session_defaults){
                                       .base_url = rig.base_url,
                                       .timeout = 20 * NSEC_PER_SEC,
                                       .max_redirects = 5,
                                   });
    *state = &rig;
    return 0;
}

int
rig_teardown(void **state)
{
    struct rig *rig = *state;
    /* A test failed midway: leave it all, so that its message is shown. */
    if (rig->open > 0)
        return 0;
    session_destroy(rig->session);
    rig->transport->ops->destroy(rig->transport);
    loop_destroy(rig->loop);
    tiny_server_stop(rig->server);
    return 0;
}

static void
on_exchange(struct transfer *transfer)
{
    struct rig *rig = transfer->data;
    if (rig->exchanges < 16)
        rig->statuses[rig->exchanges] = transfer->response.status;
    rig->exchanges++;
    rig->sends += transfer->sends;
}

static void
on_done(struct transfer *transfer)
{
    struct rig *rig = transfer->data;
    rig->done++;
    if (rig->done == rig->wanted)
        loop_stop(rig->loop);
}

struct transfer *
rig_begin(struct rig *rig, const char *method, const char *path)
{
    struct transfer *transfer = session_begin(rig->session);
    transfer->on_exchange = on_exchange;
    transfer->on_done = on_done;
    transfer->data = rig;
    rig->open++;
    struct err err;
    struct http_request *request = &transfer->request;
    if (!http_request_set_method(request, method, strlen(method), &err) ||
        !http_request_set_url(request, session_base_url(rig->session), path,
                              strlen(path), &err))
        fail_msg("%s", err.message);
    return transfer;
}

void
rig_release(struct rig *rig, struct transfer *transfer)
{
    rig->open--;
    session_release(transfer);
}

static void
on_hang(struct timer *timer)
{
    fail_msg("nothing happened for 60 seconds");
}

static void
on_idle_end(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void
run_guarded(struct rig *rig, nsec_t time, void (*on_expire)(struct timer *))
{
    struct timer timer;
    timer_init(&timer, rig->loop, on_expire);
    timer_start(&timer, clock_now() + time);
    loop_run(rig->loop);
    timer_stop(&timer);
}

void
rig_wait(struct rig *rig, unsigned wanted)
{
    rig->wanted = wanted;
    if (rig->done < wanted)
        run_guarded(rig, 60 * NSEC_PER_SEC, on_hang);
    assert_int_equal(rig->done, wanted);
}

void
rig_idle(struct rig *rig, nsec_t time)
{
    run_guarded(rig, time, on_idle_end);
}

struct transfer *
rig_fetch(struct rig *rig, const char *method, const char *path)
{
    struct transfer *transfer = rig_begin(rig, method, path);
    unsigned wanted = rig->done + 1;
    session_send(transfer);
    rig_wait(rig, wanted);
    return transfer;
}

void
rig_assert_ok(const struct transfer *transfer, int status)
{
    if (transfer->fault != FAULT_NONE)
        fail_msg("%s: %s", transfer_fault_name(transfer->fault),
                 transfer->fault_message);
    assert_int_equal(transfer->response.status, status);
}

void
rig_assert_times_add_up(const struct transfer *transfer)
{
    const struct transfer_timings *t = &transfer->timings;
    const nsec_t phases[] = {t->dns,  t->connect, t->tls,
                             t->send, t->wait,    t->receive};
    nsec_t sum = 0;
    for (size_t i = 0; i < 6; i++) {
        assert_true(phases[i] >= -1);
        if (phases[i] > 0)
            sum += phases[i];
    }
    assert_int_equal(sum, t->elapsed);
    assert_true(t->duration <= t->elapsed);
    assert_int_equal(transfer->ended_at, transfer->started_at + t->elapsed);
}
