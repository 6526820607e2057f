#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "rig.h"

/* What the machine runs out of, and what a name server would do, is played by
 * functions that stand in front of the C library's. */
static int connect_errno; /* 0: the real one */
static int lookups, failing_lookups;
static unsigned lookup_usec;

int connect(int fd, const struct sockaddr *address, socklen_t size);
int getaddrinfo(const char *host, const char *service,
                const struct addrinfo *hints, struct addrinfo **out);

int
connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int type = 0;
    socklen_t type_size = sizeof(type);
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
    if (connect_errno != 0 && type == SOCK_STREAM) {
        errno = connect_errno;
        return -1;
    }
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    return real(fd, address, size);
}

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
            struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *,
                struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(host, "name.example") != 0)
        return real(host, service, hints, out);
    int number = __atomic_add_fetch(&lookups, 1, __ATOMIC_SEQ_CST);
    usleep(lookup_usec);
    if (number <= failing_lookups)
        return EAI_NONAME;
    return real("127.0.0.1", service, hints, out);
}

static void
reset_stand_ins(void)
{
    connect_errno = 0;
    lookups = 0;
    failing_lookups = 0;
    lookup_usec = 20 * 1000;
}

static void
test_running_out_of_descriptors_is_the_generators_fault(void **state)
{
    struct rig *rig = *state;
    reset_stand_ins();
    struct transfer *transfer = rig_fetch(rig, "GET", "/hello");
    assert_int_equal(transfer->fault, FAULT_NONE);
    rig_release(rig, transfer);
    int next = dup(0);
    close(next);
    struct rlimit usual, low;
    getrlimit(RLIMIT_NOFILE, &usual);
    low = usual;
    low.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &low);

    /* The kept connection stays usable; a second one cannot be opened. */
    struct transfer *kept = rig_begin(rig, "GET", "/silent");
    session_send(kept);
    transfer = rig_fetch(rig, "GET", "/hello");
    setrlimit(RLIMIT_NOFILE, &usual);
    assert_int_equal(kept->fault, FAULT_NONE);
    if (transfer->fault != FAULT_GENERATOR)
        fail_msg("%s: %s", transfer_fault_name(transfer->fault),
                 transfer->fault_message);
    assert_int_equal(transfer->fault_code, EMFILE);
    assert_non_null(strstr(transfer->fault_message, "ulimit -n"));
    assert_string_equal(transfer->fault_phase, "connect");
    assert_int_equal(transfer->sends, 0);
    rig_release(rig, transfer);
    session_cancel(kept);
    rig_release(rig, kept);
}

static void
test_running_out_of_ports_is_the_generators_fault(void **state)
{
    struct rig *rig = *state;
    reset_stand_ins();
    connect_errno = EADDRNOTAVAIL;
    struct transfer *transfer = rig_fetch(rig, "GET", "/hello");
    assert_int_equal(transfer->fault, FAULT_GENERATOR);
    assert_int_equal(transfer->fault_code, EADDRNOTAVAIL);
    assert_non_null(strstr(transfer->fault_message, "local ports"));
    rig_release(rig, transfer);

    connect_errno = ENETUNREACH;
    transfer = rig_fetch(rig, "GET", "/hello");
    assert_int_equal(transfer->fault, FAULT_CONNECT);
    assert_int_equal(transfer->fault_code, ENETUNREACH);
    assert_non_null(strstr(transfer->fault_message, "network is unreachable"));
    rig_release(rig, transfer);

    connect_errno = 0;
    transfer = rig_fetch(rig, "GET", "/hello");
    assert_int_equal(transfer->fault, FAULT_NONE);
    rig_release(rig, transfer);
}

enum { CROWD = 5 };

/* The same name, asked for by workers of their own. */
struct crowd {
    struct session *sessions[CROWD];
    struct transfer *transfers[CROWD];
    struct session *of_rig;
};

static void
crowd_begin(struct crowd *crowd, struct rig *rig)
{
    char url[64];
    snprintf(url, sizeof(url), "http://name.example:%d/hello",
             tiny_server_port(rig->server));
    crowd->of_rig = rig->session;
    for (int i = 0; i < CROWD; i++) {
        rig->session = session_create(rig->transport);
        crowd->sessions[i] = rig->session;
        crowd->transfers[i] = rig_begin(rig, "GET", url);
        crowd->transfers[i]->request.timeout = 20 * NSEC_PER_SEC;
    }
    rig->session = crowd->of_rig;
}

static void
crowd_send(struct crowd *crowd)
{
    for (int i = 0; i < CROWD; i++)
        session_send(crowd->transfers[i]);
}

static void
crowd_end(struct crowd *crowd, struct rig *rig)
{
    for (int i = 0; i < CROWD; i++) {
        rig_release(rig, crowd->transfers[i]);
        session_destroy(crowd->sessions[i]);
    }
}

static void
test_a_name_is_looked_up_once_for_all(void **state)
{
    struct rig *rig = *state;
    reset_stand_ins();
    struct crowd crowd;
    crowd_begin(&crowd, rig);
    crowd_send(&crowd);
    rig_wait(rig, CROWD);
    assert_int_equal(lookups, 1);
    for (int i = 0; i < CROWD; i++) {
        struct transfer *transfer = crowd.transfers[i];
        assert_int_equal(transfer->fault, FAULT_NONE);
        assert_int_equal(transfer->response.status, 200);
        /* Who waited for another's look-up waited for the name all the same. */
        assert_true(transfer->started_at + transfer->timings.dns >=
                    crowd.transfers[0]->started_at + 20 * NSEC_PER_MSEC);
        assert_true(transfer->timings.elapsed >= transfer->timings.dns);
    }
    crowd_end(&crowd, rig);
}

static void
test_after_a_failed_look_up_the_next_worker_tries(void **state)
{
    struct rig *rig = *state;
    reset_stand_ins();
    failing_lookups = 2;
    struct crowd crowd;
    crowd_begin(&crowd, rig);
    crowd_send(&crowd);
    rig_wait(rig, CROWD);
    assert_int_equal(lookups, 3);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(crowd.transfers[i]->fault,
                         i < 2 ? FAULT_DNS : FAULT_NONE);
    assert_string_equal(crowd.transfers[0]->fault_message,
                        "host name 'name.example' not found");
    crowd_end(&crowd, rig);
}

static void
test_waiting_for_a_name_ends_by_timeout_and_cancel(void **state)
{
    struct rig *rig = *state;
    reset_stand_ins();
    lookup_usec = 500 * 1000;
    struct crowd crowd;
    crowd_begin(&crowd, rig);
    crowd.transfers[1]->request.timeout = 20 * NSEC_PER_MSEC;
    crowd_send(&crowd);
    session_cancel(crowd.transfers[2]);
    session_cancel(crowd.transfers[0]); /* it makes the look-up: 3 takes over */
    rig_wait(rig, CROWD - 2);
    assert_int_equal(rig->exchanges, CROWD - 2); /* cancelled before the wire */
    struct transfer *late = crowd.transfers[1];
    assert_int_equal(late->fault, FAULT_TIMEOUT);
    assert_string_equal(late->fault_phase, "dns");
    assert_int_equal(late->timings.dns, late->timings.elapsed);
    assert_true(late->timings.elapsed >= 20 * NSEC_PER_MSEC);
    assert_int_equal(crowd.transfers[3]->response.status, 200);
    assert_int_equal(crowd.transfers[4]->response.status, 200);
    crowd_end(&crowd, rig);
    /* The abandoned look-up ends by itself, before the library goes. */
    usleep(lookup_usec + 50 * 1000);
}

int
main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_running_out_of_descriptors_is_the_generators_fault),
        TEST(test_running_out_of_ports_is_the_generators_fault),
        TEST(test_a_name_is_looked_up_once_for_all),
        TEST(test_after_a_failed_look_up_the_next_worker_tries),
        TEST(test_waiting_for_a_name_ends_by_timeout_and_cancel),
    };
    return cmocka_run_group_tests_name("shortage", tests, NULL, NULL);
}
