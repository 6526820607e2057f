#ifndef MOLO_ENGINE_RESCUE_H
#define MOLO_ENGINE_RESCUE_H

/* A script can hold the loop where Lua cannot be stopped (a pattern, a C
 * call). When a second signal has asked for the end and nothing has happened
 * for a second, the results are written from here and the process ends.
 *
 * `on_stuck` runs on a thread of its own while the main thread stands inside
 * the script: what it reads does not change under it. It should not return. */
struct rescue;

struct rescue *rescue_create(void (*on_stuck)(void *data), void *data);
/* From here on the main thread ends by itself. */
void rescue_destroy(struct rescue *rescue);

#endif
