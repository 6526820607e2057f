#ifndef MOLO_LOOP_LOOP_H
#define MOLO_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/list.h"

/* The event loop of one shard. Everything here belongs to the thread that
 * created the loop; loop_stop and jobs may be used from any callback of it.
 *
 * One turn: run the jobs that were ready when it began, call the turn hook,
 * then poll for I/O, timers and signals (without blocking if jobs are ready).
 *
 * In virtual time (base/clock.h) it does not block for a timer either: when no
 * job is ready, time moves to the next timer at once. Who never waits for one
 * would keep time standing still for ever; therefore, after 1000 turns at one
 * instant, each further one takes 1 ms, or until the next timer. */
struct loop;

/* NULL with `err` when the system has no event backend (descriptor limit). */
struct err;
struct loop *loop_create(struct err *err);
/* All timers, jobs and watchers must be gone. */
void loop_destroy(struct loop *loop);
/* Runs turns until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Called once per turn after the jobs, before polling; NULL: none. */
void
loop_set_turn_hook(struct loop *loop, void (*hook)(void *data), void *data);

/* A job runs once in a later turn, first in first out. Embedded by its owner;
 * posting a posted job does nothing. */
struct job {
    struct list link;
    void (*run)(struct job *job);
};
void job_init(struct job *job, void (*run)(struct job *job));
void loop_post(struct loop *loop, struct job *job);
void loop_unpost(struct loop *loop, struct job *job);
bool job_is_posted(const struct job *job);
/* True if any job is ready to run. */
bool loop_has_jobs(const struct loop *loop);

/* Watches a descriptor (level-triggered) until destroyed. */
enum { LOOP_READ = 1, LOOP_WRITE = 2 };
struct loop_io;
struct loop_io *
loop_io_create(struct loop *loop, int fd, int events,
               void (*on_ready)(void *data, int fd, int events), void *data);
/* 0: paused. */
void loop_io_update(struct loop_io *io, int events);
/* Before the descriptor is closed; may be called from its own callback. */
void loop_io_destroy(struct loop_io *io);

/* How late the loop comes back to its work: the longest turn since the last
 * call, jobs and callbacks included, polling excluded. */
nsec_t loop_take_max_turn(struct loop *loop);

/* What a loop has spent looking for events while it could have slept, since it
 * was created: a part of its thread's CPU time that it would give up for any
 * work. `elapsed` is more than that by the time others had the core. Only a
 * loop with a mailbox does so. */
struct busy_poll_time {
    nsec_t cpu, elapsed;
};
struct busy_poll_time loop_busy_poll_time(const struct loop *loop);

/* "libev 4.33", for `molo version`. */
void loop_library_version(char *out, size_t size);

#endif
