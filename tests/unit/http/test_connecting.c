#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"

/* A listener whose queue is full: a connection to it is never established. */
struct full_listener {
    int listener, queued[3];
    char url[64];
};

static void
full_listener_open(struct full_listener *full)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    void *raw = &address;
    full->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(full->listener, raw, size), 0);
    assert_int_equal(listen(full->listener, 0), 0);
    assert_int_equal(getsockname(full->listener, raw, &size), 0);
    for (size_t i = 0; i < 3; i++) {
        full->queued[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(full->queued[i], raw, size);
    }
    snprintf(full->url, sizeof(full->url), "http://127.0.0.1:%d/",
             ntohs(address.sin_port));
}

static void
full_listener_close(const struct full_listener *full)
{
    for (size_t i = 0; i < 3; i++)
        close(full->queued[i]);
    close(full->listener);
}

/* The descriptors of whatever ended before are used again: by a connection and,
 * on a name's first use, by what libcurl wakes its own look-up with. */
static void
assert_usable(struct rig *rig)
{
    char by_name[64];
    snprintf(by_name, sizeof(by_name), "http://localhost:%d/hello",
             tiny_server_port(rig->server));
    const char *const paths[] = {"/hello", by_name, "/close", "/hello",
                                 by_name};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct transfer *transfer = rig_fetch(rig, "GET", paths[i]);
        if (strcmp(paths[i], "/close") == 0)
            assert_int_equal(transfer->fault, FAULT_RESET);
        else
            rig_assert_ok(transfer, 200);
        rig_release(rig, transfer);
    }
}

static void
test_a_timeout_while_connecting(void **state)
{
    struct rig *rig = *state;
    struct full_listener full;
    full_listener_open(&full);
    for (int round = 0; round < 3; round++) {
        struct transfer *transfers[2];
        unsigned wanted = rig->done + 2;
        for (int i = 0; i < 2; i++) {
            transfers[i] = rig_begin(rig, "GET", full.url);
            /* Long enough to get as far as connecting, under a checker too. */
            transfers[i]->request.timeout = NSEC_PER_SEC;
            session_send(transfers[i]);
        }
        rig_wait(rig, wanted);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(transfers[i]->fault, FAULT_TIMEOUT);
            assert_string_equal(transfers[i]->fault_phase, "connect");
            assert_int_equal(transfers[i]->sends, 0);
            rig_assert_times_add_up(transfers[i]);
            rig_release(rig, transfers[i]);
        }
        if (round > 0)
            assert_usable(rig);
    }
    full_listener_close(&full);
}

static void
test_cancelled_while_connecting(void **state)
{
    struct rig *rig = *state;
    struct full_listener full;
    full_listener_open(&full);
    for (int round = 0; round < 3; round++) {
        struct transfer *transfers[2];
        for (int i = 0; i < 2; i++) {
            transfers[i] = rig_begin(rig, "GET", full.url);
            session_send(transfers[i]);
        }
        rig_idle(rig, NSEC_PER_MSEC);
        session_cancel(transfers[0]);
        assert_string_equal(transfers[0]->fault_phase, "connect");
        rig_release(rig, transfers[0]);
        /* On the descriptor just closed, next to one still connecting. */
        assert_usable(rig);
        session_cancel(transfers[1]);
        rig_release(rig, transfers[1]);
    }
    full_listener_close(&full);
}

/* Another client gets the descriptors of one that is gone. */
static void
test_a_client_destroyed_after_connecting_in_vain(void **state)
{
    struct rig *rig = *state;
    struct full_listener full;
    full_listener_open(&full);
    struct session *first = rig->session;
    for (int round = 0; round < 3; round++) {
        struct session_defaults defaults = {
            .base_url = rig->base_url,
            .timeout = 20 * NSEC_PER_SEC,
        };
        rig->session = session_create(rig->transport);
        session_configure(rig->session, &defaults);
        struct transfer *transfer = rig_begin(rig, "GET", full.url);
        session_send(transfer);
        if (round > 0)
            rig_idle(rig, NSEC_PER_MSEC);
        session_cancel(transfer);
        rig_release(rig, transfer);
        session_destroy(rig->session);
        rig->session = first;
        assert_usable(rig);
    }
    full_listener_close(&full);
}

int
main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_timeout_while_connecting),
        TEST(test_cancelled_while_connecting),
        TEST(test_a_client_destroyed_after_connecting_in_vain),
    };
    return cmocka_run_group_tests_name("connecting", tests, NULL, NULL);
}
