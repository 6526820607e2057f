#ifndef MOLO_TESTS_RIG_H
#define MOLO_TESTS_RIG_H

#include "http/session.h"
#include "loop/loop.h"
#include "tiny_server.h"

/* A server, a loop and a session on it; the set-up of every test that sends
 * something. */
struct rig {
    struct tiny_server *server;
    struct loop *loop;
    struct transport *transport;
    struct session *session;
    char base_url[64];
    unsigned exchanges; /* on_exchange calls */
    unsigned sends;     /* sum over exchanges */
    int statuses[16];   /* of the exchanges */
    unsigned done;      /* on_done calls */
    unsigned wanted;    /* the loop stops at this many */
    unsigned open;      /* begun and not released */
};

int rig_setup(void **state);
int rig_teardown(void **state);
/* A transfer to `path` (or an absolute URL) that reports to the rig. */
struct transfer *
rig_begin(struct rig *rig, const char *method, const char *path);
void rig_release(struct rig *rig, struct transfer *transfer);
/* Runs the loop until `wanted` transfers are done in all. */
void rig_wait(struct rig *rig, unsigned wanted);
/* Runs the loop for a while. */
void rig_idle(struct rig *rig, nsec_t time);
/* Begin, send, wait; to be released. */
struct transfer *
rig_fetch(struct rig *rig, const char *method, const char *path);

/* It was answered with that status. */
void rig_assert_ok(const struct transfer *transfer, int status);

/* The phases and nothing else make up the time from start to end. */
void rig_assert_times_add_up(const struct transfer *transfer);

#endif
