#ifndef MOLO_LOOP_SIGNALS_H
#define MOLO_LOOP_SIGNALS_H

#include "base/clock.h"

/* SIGINT, SIGTERM and SIGHUP of the process, told of on the loop. A handler of
 * our own counts them at once, because a script that never yields must be able
 * to see them from its count hook while the loop stands still. SIGPIPE is
 * ignored, and so is a SIGHUP that was, as under nohup(1). One at a time per
 * process. */
struct loop;
struct signals;

/* `on_signal` is told when more have come, once for those that come together;
 * what is known of them is below. It may call signals_destroy. */
struct signals *
signals_create(struct loop *loop, void (*on_signal)(void *data), void *data);
/* Restores what was there before; but if none or one has come, and nobody
 * handled them before, the next one of each has no effect. */
void signals_destroy(struct signals *signals);

/* When the process is still there `patience` after the second signal, the
 * thread is stuck in something that never returns to the loop. Then
 * `on_overdue` is called, in a signal handler on that thread, where it
 * interrupted whatever was going on: a last chance to save results. Should that
 * get stuck, too (it may need a lock that the interrupted code holds), or
 * return, the process exits with 128 + the first signal's number.
 *
 * No thread stands by for this: in a process with a second thread every malloc
 * of libcurl and Lua would pay for locks. */
#define SIGNALS_PATIENCE (1 * NSEC_PER_SEC)
void signals_set_overdue(struct signals *signals, nsec_t patience,
                         void (*on_overdue)(void *data), void *data);

/* Async-signal-safe view: how many arrived, and when the first and second did,
 * in real time (0: not yet). Any thread. */
unsigned signals_count(void);
nsec_t signals_first_at(void);
int signals_first_number(void); /* 0: none yet */
nsec_t signals_second_at(void);

#endif
