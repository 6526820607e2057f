#ifndef MOLO_HUB_DEADLOCK_H
#define MOLO_HUB_DEADLOCK_H

#include <stdbool.h>

/* When is it certain that waits will never end, and what then. */
struct cohort;
struct hub;
struct wait;

/* `wait` is new and waits for one known owner: does it close a cycle? */
void deadlock_judge_cycle(struct hub *hub, struct wait *wait);
/* After an operation of one of its members: do all of them wait for each
 * other? Then those held back go on first, then lost rounds are broken. */
void deadlock_judge_cohort(struct hub *hub, struct cohort *cohort);
/* Nothing outside the hub can happen. True if it did something. */
bool deadlock_judge_all(struct hub *hub);
/* Judges again what was found too soon after the last one was broken. */
void deadlock_recheck(struct hub *hub);

#endif
