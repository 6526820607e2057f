#ifndef MOLO_ENGINE_FREEZE_H
#define MOLO_ENGINE_FREEZE_H

#include <pthread.h>
#include <stdbool.h>

/* Stopping another thread where it stands, so that what it has can be read
 * before the process ends. It goes on after 2 s: it may have a lock, that of
 * malloc or of a stream, for which whoever writes the results would wait for
 * ever. So this is for a thread that has been doing the same thing for a long
 * time, and will do it for two seconds more. */

/* Of the thread itself: lets it be frozen. */
void freeze_admit(void);
/* Returns when it stands still. False: it cannot be reached, and may go on. One
 * caller at a time. */
bool freeze_thread(pthread_t thread);

#endif
