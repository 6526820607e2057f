#ifndef MOLO_ENGINE_OUTPUT_THREAD_H
#define MOLO_ENGINE_OUTPUT_THREAD_H

/* The thread that writes outputs which grow while the test goes on, so that the
 * loop never waits for a disk or for whoever reads a pipe. */
struct output_thread;
struct outputs;

/* Borrows `outputs`. NULL: the system has no thread to give; what there is to
 * write then waits for the end of the test. */
struct output_thread *output_thread_start(struct outputs *outputs);
/* Waits until it has written what it is at, and ends it. Takes NULL. */
void output_thread_stop(struct output_thread *thread);

#endif
