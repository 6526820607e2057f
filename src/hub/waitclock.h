#ifndef MOLO_HUB_WAITCLOCK_H
#define MOLO_HUB_WAITCLOCK_H

#include <stdbool.h>

#include "base/heap.h"
#include "base/list.h"

/* The clock of a group of timeouts that stand still together. Deadlines are
 * kept in the clock's own time, which is the hub's less the time it stood, so
 * stopping a clock costs the same for one wait as for thousands. */
struct hub;
struct waitclock {
    struct list by_cohort;
    int64_t threshold;     /* stands while someone has not begun this step */
    struct heap deadlines; /* borrowed nodes, in the clock's own time */
    struct heap_node next; /* in hub->clocks */
    nsec_t stood;          /* how long it has stood so far */
    nsec_t still_since;
    bool still;
};

void waitclock_init(struct waitclock *clock, int64_t threshold);
void waitclock_finish(struct hub *hub, struct waitclock *clock);
void waitclock_arm(struct hub *hub, struct waitclock *clock,
                   struct heap_node *deadline, nsec_t left);
void waitclock_disarm(struct hub *hub, struct waitclock *clock,
                      struct heap_node *deadline);
nsec_t waitclock_left(const struct hub *hub, const struct waitclock *clock,
                      const struct heap_node *deadline);
/* Stops it or lets it go on; no effect if it does so already. */
void waitclock_set_still(struct hub *hub, struct waitclock *clock, bool still);

#endif
