#ifndef MOLO_LOOP_NUDGES_H
#define MOLO_LOOP_NUDGES_H

/* SIGUSR1 and SIGUSR2 of the process, delivered on the loop: somebody outside
 * wants more or less of something. One at a time per process. */
struct loop;
struct nudges;

/* `on_nudge` gets how many more SIGUSR1 than SIGUSR2 have come since it was
 * called last, never 0. The kernel keeps one of a kind that is not handled yet,
 * so signals sent faster than the process runs count as one. */
struct nudges *
nudges_create(struct loop *loop, void (*on_nudge)(void *data, int change),
              void *data);
/* Restores what was there before. Takes NULL. */
void nudges_destroy(struct nudges *nudges);

#endif
