#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/session.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* The transport without a network, in virtual time. */

struct world {
    struct loop *loop;
    struct transport *transport;
    struct session *session;
    unsigned exchanges, done, wanted;
};

static const struct transport_config defaults = {
    .seed = 7,
    .latency_low = 2 * NSEC_PER_MSEC,
    .latency_high = 9 * NSEC_PER_MSEC,
};

static struct world *
world_create(const struct transport_config *config)
{
    static struct world world;
    world = (struct world){.loop = loop_create(NULL)};
    world.transport = transport_sim.create(world.loop, config, NULL);
    world.session = session_create(world.transport);
    session_configure(world.session, &(struct session_defaults){
                                         .base_url = "http://pad.test",
                                         .timeout = 60 * NSEC_PER_SEC,
                                         .max_redirects = 5,
                                     });
    return &world;
}

static void
world_destroy(struct world *world)
{
    session_destroy(world->session);
    world->transport->ops->destroy(world->transport);
    loop_destroy(world->loop);
}

static void
on_exchange(struct transfer *transfer)
{
    struct world *world = transfer->data;
    world->exchanges++;
}

static void
on_done(struct transfer *transfer)
{
    struct world *world = transfer->data;
    if (++world->done == world->wanted)
        loop_stop(world->loop);
}

static struct transfer *
begin(struct world *world, struct session *session, const char *method,
      const char *path, const char *body)
{
    struct transfer *transfer = session_begin(session);
    struct http_request *request = &transfer->request;
    transfer->on_exchange = on_exchange;
    transfer->on_done = on_done;
    transfer->data = world;
    assert_true(http_request_set_method(request, method, strlen(method), NULL));
    assert_true(http_request_set_url(request, "http://pad.test", path,
                                     strlen(path), NULL));
    if (body != NULL)
        http_request_set_body(request, body, strlen(body));
    return transfer;
}

static void
run_until_done(struct world *world, unsigned wanted)
{
    world->wanted = world->done + wanted;
    loop_run(world->loop);
}

/* Released: only its fields may be read until the next one. */
static struct transfer *
fetch(struct world *world, const char *method, const char *path,
      const char *body)
{
    struct transfer *transfer =
        begin(world, world->session, method, path, body);
    session_send(transfer);
    run_until_done(world, 1);
    return transfer;
}

static void
assert_times_add_up(const struct transfer *transfer)
{
    const struct transfer_timings *t = &transfer->timings;
    assert_int_equal(t->dns, -1);
    assert_int_equal(t->connect, -1);
    assert_int_equal(t->tls, -1);
    nsec_t receive = t->receive > 0 ? t->receive : 0;
    assert_int_equal(t->send + t->wait + receive, t->elapsed);
    assert_int_equal(t->duration, t->elapsed);
    assert_int_equal(transfer->ended_at, transfer->started_at + t->elapsed);
}

struct step {
    const char *method, *path, *body, *answer;
};

static void
test_it_remembers_what_was_stored(void **state)
{
    static const struct step steps[] = {
        {"GET", "/a", NULL, ""},      {"PUT", "/a", "one", ""},
        {"GET", "/a", NULL, "one"},   {"GET", "/a?v=1", NULL, ""},
        {"GET", "/b", NULL, ""},      {"POST", "/a", "two", ""},
        {"GET", "/a", NULL, "two"},   {"HEAD", "/a", NULL, ""},
        {"PATCH", "/a", "three", ""}, {"OPTIONS", "/a", NULL, ""},
        {"GET", "/a", NULL, "two"},   {"PUT", "/a?v=1", "query", ""},
        {"DELETE", "/a", NULL, ""},   {"DELETE", "/a", NULL, ""},
        {"GET", "/a", NULL, ""},      {"GET", "/a?v=1", NULL, "query"},
        {"PUT", "/a?v=1", NULL, ""},  {"GET", "/a?v=1", NULL, ""},
    };
    struct world *world = world_create(&defaults);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const struct step *step = &steps[i];
        struct transfer *transfer =
            fetch(world, step->method, step->path, step->body);
        assert_int_equal(transfer->fault, FAULT_NONE);
        assert_int_equal(transfer->response.status, 200);
        assert_int_equal(transfer->response.http_version, 11);
        const struct buf *body = &transfer->response.body;
        if (body->size != strlen(step->answer) ||
            (body->size > 0 &&
             memcmp(body->data, step->answer, body->size) != 0))
            fail_msg("%s %s (step %zu): '%.*s'", step->method, step->path, i,
                     (int)body->size, body->data);
        session_release(transfer);
    }
    world_destroy(world);
}

static void
test_headers_come_back(void **state)
{
    struct world *world = world_create(&defaults);
    struct transfer *put =
        begin(world, world->session, "PUT", "/json", "{\"a\":1}");
    static const char name[] = "content-type", value[] = "application/json";
    assert_true(http_request_set_header(&put->request, name, strlen(name),
                                        value, strlen(value), NULL));
    session_send(put);
    run_until_done(world, 1);
    session_release(put);
    static const char *const methods[] = {"GET", "HEAD"};
    for (size_t i = 0; i < 2; i++) {
        struct transfer *get = fetch(world, methods[i], "/json", NULL);
        assert_string_equal(get->response.headers.data,
                            "Content-Length: 7\r\n"
                            "content-type: application/json");
        session_release(get);
    }
    world_destroy(world);
}

static void
test_latency_is_drawn_from_the_range(void **state)
{
    struct world *world = world_create(&defaults);
    nsec_t least = NSEC_NEVER, most = 0, sum = 0;
    for (int i = 0; i < 1000; i++) {
        struct transfer *transfer = fetch(world, "GET", "/x", NULL);
        nsec_t elapsed = transfer->timings.elapsed;
        assert_in_range(elapsed, 2 * NSEC_PER_MSEC, 9 * NSEC_PER_MSEC);
        assert_times_add_up(transfer);
        assert_int_equal(transfer->timings.receive, 0);
        least = elapsed < least ? elapsed : least;
        most = elapsed > most ? elapsed : most;
        sum += elapsed;
        session_release(transfer);
    }
    assert_true(least < 2100 * NSEC_PER_USEC);
    assert_true(most > 8900 * NSEC_PER_USEC);
    assert_in_range(sum / 1000, 5300 * NSEC_PER_USEC, 5700 * NSEC_PER_USEC);
    world_destroy(world);
}

static void
test_bytes_are_those_of_http(void **state)
{
    struct world *world = world_create(&defaults);
    static const char put_head[] = "PUT /a?b=c HTTP/1.1\r\nHost: pad.test\r\n"
                                   "K: v\r\nContent-Length: 5\r\n\r\n";
    struct transfer *put =
        begin(world, world->session, "PUT", "/a?b=c", "hello");
    http_request_set_header(&put->request, "K", 1, "v", 1, NULL);
    session_send(put);
    run_until_done(world, 1);
    assert_int_equal(put->sends, 1);
    assert_int_equal(put->bytes_sent, strlen(put_head) + 5);
    session_release(put);
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    struct transfer *get = fetch(world, "GET", "/a?b=c", NULL);
    assert_int_equal(get->bytes_sent,
                     strlen("GET /a?b=c HTTP/1.1\r\nHost: pad.test\r\n\r\n"));
    assert_int_equal(get->bytes_received, strlen(answer));
    session_release(get);
    world_destroy(world);
}

/* Failures per thousand. */
static int
count_resets(double rate, nsec_t *elapsed_sum)
{
    struct transport_config config = defaults;
    config.failure_rate = rate;
    struct world *world = world_create(&config);
    int resets = 0;
    *elapsed_sum = 0;
    for (int i = 0; i < 1000; i++) {
        struct transfer *transfer = fetch(world, "PUT", "/x", "body");
        *elapsed_sum += transfer->timings.elapsed;
        assert_times_add_up(transfer);
        if (transfer->fault != FAULT_NONE) {
            resets++;
            assert_int_equal(transfer->fault, FAULT_RESET);
            assert_string_equal(
                transfer->fault_message,
                "connection closed without an answer (simulated)");
            assert_string_equal(transfer->fault_phase, "wait");
            assert_int_equal(transfer->response.status, 0);
            assert_int_equal(transfer->timings.receive, -1);
            assert_int_equal(transfer->sends, 1);
            assert_true(transfer->bytes_sent > 4);
            assert_int_equal(transfer->bytes_received, 0);
        }
        session_release(transfer);
    }
    assert_int_equal(world->exchanges, 1000);
    world_destroy(world);
    return resets;
}

static void
test_failures_come_at_their_rate(void **state)
{
    nsec_t sums[4];
    assert_int_equal(count_resets(0, &sums[0]), 0);
    assert_in_range(count_resets(0.2, &sums[1]), 150, 250);
    assert_in_range(count_resets(0.95, &sums[2]), 920, 980);
    assert_int_equal(count_resets(1, &sums[3]), 1000);
    /* The same seed, the same latencies: they do not depend on the rate. */
    for (int i = 1; i < 4; i++)
        assert_int_equal(sums[i], sums[0]);
}

static void
test_a_failed_request_has_no_effect(void **state)
{
    struct transport_config config = defaults;
    config.failure_rate = 0.5;
    struct world *world = world_create(&config);
    char stored = '\0';
    int reads = 0;
    for (char letter = 'a'; letter <= 'z'; letter++) {
        const char body[] = {letter, '\0'};
        struct transfer *put = fetch(world, "PUT", "/x", body);
        if (put->fault == FAULT_NONE)
            stored = letter;
        session_release(put);
        struct transfer *get = fetch(world, "GET", "/x", NULL);
        if (get->fault == FAULT_NONE) {
            reads++;
            assert_int_equal(get->response.body.size, stored != '\0');
            if (stored != '\0')
                assert_int_equal(get->response.body.data[0], stored);
        }
        session_release(get);
    }
    assert_in_range(reads, 1, 25);
    world_destroy(world);
}

static void
test_the_timeout_ends_a_request(void **state)
{
    struct world *world = world_create(&defaults);
    struct transfer *put = begin(world, world->session, "PUT", "/x", "late");
    put->request.timeout = NSEC_PER_MSEC;
    session_send(put);
    run_until_done(world, 1);
    assert_int_equal(put->fault, FAULT_TIMEOUT);
    assert_string_equal(
        put->fault_message,
        "no answer within 1 ms, waiting for the first byte (simulated)");
    assert_int_equal(put->timings.elapsed, NSEC_PER_MSEC);
    assert_times_add_up(put);
    session_release(put);
    struct transfer *get = fetch(world, "GET", "/x", NULL);
    assert_int_equal(get->response.body.size, 0);
    session_release(get);

    /* As late as allowed is in time, and there may be no limit at all. */
    struct transport_config config = defaults;
    config.latency_low = config.latency_high;
    world_destroy(world);
    world = world_create(&config);
    const nsec_t enough[] = {config.latency_high, NSEC_NEVER};
    for (size_t i = 0; i < 2; i++) {
        get = begin(world, world->session, "GET", "/x", NULL);
        get->request.timeout = enough[i];
        session_send(get);
        run_until_done(world, 1);
        assert_int_equal(get->fault, FAULT_NONE);
        session_release(get);
    }
    world_destroy(world);
}

struct canceller {
    struct timer timer;
    struct transfer *transfer;
};

static void
on_cancel(struct timer *timer)
{
    struct canceller *canceller = container_of(timer, struct canceller, timer);
    session_cancel(canceller->transfer);
    loop_stop(timer->loop);
}

static void
test_cancelling(void **state)
{
    struct world *world = world_create(&defaults);
    struct canceller canceller = {
        .transfer = begin(world, world->session, "PUT", "/x", "never"),
    };
    timer_init(&canceller.timer, world->loop, on_cancel);
    timer_start(&canceller.timer, clock_now() + NSEC_PER_MSEC);
    session_send(canceller.transfer);
    loop_run(world->loop);
    assert_int_equal(world->done, 0);
    assert_int_equal(world->exchanges, 1);
    const struct transfer *transfer = canceller.transfer;
    assert_int_equal(transfer->timings.elapsed, NSEC_PER_MSEC);
    assert_times_add_up(transfer);
    assert_int_equal(transfer->sends, 1);
    assert_true(transfer->bytes_sent > 0);
    session_release(canceller.transfer);
    /* Nothing of it is left: the next one is the only one to end. */
    struct transfer *get = fetch(world, "GET", "/x", NULL);
    assert_int_equal(get->response.body.size, 0);
    assert_int_equal(world->done, 1);
    session_release(get);
    world_destroy(world);
}

static void
test_a_body_over_the_limit_is_refused(void **state)
{
    struct world *world = world_create(&defaults);
    session_release(fetch(world, "PUT", "/x", "0123456789"));
    struct transfer *get = begin(world, world->session, "GET", "/x", NULL);
    get->request.max_body = 9;
    session_send(get);
    run_until_done(world, 1);
    assert_int_equal(get->fault, FAULT_TOO_LARGE);
    assert_string_equal(get->fault_message, "the body is larger than 9 B");
    assert_string_equal(get->fault_phase, "receive");
    session_release(get);
    get = begin(world, world->session, "GET", "/x", NULL);
    get->request.max_body = 10;
    session_send(get);
    run_until_done(world, 1);
    assert_int_equal(get->fault, FAULT_NONE);
    session_release(get);
    world_destroy(world);
}

static void
test_a_body_that_is_discarded_is_only_counted(void **state)
{
    struct world *world = world_create(&defaults);
    session_release(fetch(world, "PUT", "/x", "0123456789"));
    uint64_t received[2];
    for (int i = 0; i < 2; i++) {
        struct transfer *get = begin(world, world->session, "GET", "/x", NULL);
        get->request.discard = i == 1;
        session_send(get);
        run_until_done(world, 1);
        assert_int_equal(get->fault, FAULT_NONE);
        assert_int_equal(get->response.body.size, i == 1 ? 0 : 10);
        received[i] = get->bytes_received;
        session_release(get);
    }
    assert_int_equal(received[0], received[1]);
    world_destroy(world);
}

/* The times of ten requests of two clients each, all at once. */
static void
draw(uint64_t seed, nsec_t out[20])
{
    struct transport_config config = defaults;
    config.seed = seed;
    struct world *world = world_create(&config);
    struct session *second = session_create(world->transport);
    struct transfer *transfers[20];
    for (int i = 0; i < 20; i++) {
        struct session *session = i < 10 ? world->session : second;
        transfers[i] = begin(world, session, "GET", "/x", NULL);
        session_send(transfers[i]);
    }
    run_until_done(world, 20);
    for (int i = 0; i < 20; i++) {
        out[i] = transfers[i]->timings.elapsed;
        session_release(transfers[i]);
    }
    session_destroy(second);
    world_destroy(world);
}

static void
test_a_seed_says_it_all(void **state)
{
    nsec_t one[20], again[20], other[20];
    draw(7, one);
    draw(7, again);
    draw(8, other);
    assert_memory_equal(one, again, sizeof(one));
    int equal_to_other = 0, equal_clients = 0;
    for (int i = 0; i < 20; i++)
        equal_to_other += one[i] == other[i];
    for (int i = 0; i < 10; i++)
        equal_clients += one[i] == one[i + 10];
    assert_true(equal_to_other < 3);
    assert_true(equal_clients < 3);
}

static int
make_time_virtual(void **state)
{
    clock_make_virtual();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_remembers_what_was_stored),
        cmocka_unit_test(test_headers_come_back),
        cmocka_unit_test(test_latency_is_drawn_from_the_range),
        cmocka_unit_test(test_bytes_are_those_of_http),
        cmocka_unit_test(test_failures_come_at_their_rate),
        cmocka_unit_test(test_a_failed_request_has_no_effect),
        cmocka_unit_test(test_the_timeout_ends_a_request),
        cmocka_unit_test(test_cancelling),
        cmocka_unit_test(test_a_body_over_the_limit_is_refused),
        cmocka_unit_test(test_a_body_that_is_discarded_is_only_counted),
        cmocka_unit_test(test_a_seed_says_it_all),
    };
    return cmocka_run_group_tests_name("transport_sim", tests,
                                       make_time_virtual, NULL);
}
