#ifndef MOLO_ENGINE_QUIESCENCE_H
#define MOLO_ENGINE_QUIESCENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Knows when nothing can happen any more in shards on other threads, by
 * counting messages, not by waiting for a while.
 *
 * A shard tells that it is idle (nothing of it can run before another message
 * comes), and how many messages it had got by then. Messages keep their order,
 * so all that it sent before has come before that. If the number is that of all
 * messages ever sent to it, none is on its way, and it still is idle. All of
 * them being so at one look, nothing can happen but through the one who looks:
 * only he sends. Main thread. */
struct quiescence {
    struct quiescence_shard {
        uint64_t sent; /* messages to it */
        uint64_t got;  /* of these, it had this many when it was idle */
        bool idle;     /* has it ever told? */
    } * shards;
    size_t count;
};

void quiescence_init(struct quiescence *quiescence, size_t count);
void quiescence_finish(struct quiescence *quiescence);
/* A message is sent to the shard. */
void quiescence_sent(struct quiescence *quiescence, size_t shard);
/* It tells that it was idle after `got` messages. */
void quiescence_idle(struct quiescence *quiescence, size_t shard, uint64_t got);
bool quiescence_holds(const struct quiescence *quiescence);

#endif
