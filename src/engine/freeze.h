#ifndef MOLO_ENGINE_FREEZE_H
#define MOLO_ENGINE_FREEZE_H

#include <pthread.h>
#include <stdbool.h>

/* Stopping another thread where it stands, for good: what it has can be read
 * then, before the process ends. It may hold locks, that of malloc too; so this
 * is for one that has been doing the same thing for a long time. */

/* Of the thread itself: lets it be frozen. */
void freeze_admit(void);
/* Returns when it stands still. False: it cannot be reached, and may go on. One
 * caller at a time. */
bool freeze_thread(pthread_t thread);

#endif
