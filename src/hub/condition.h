#ifndef MOLO_HUB_CONDITION_H
#define MOLO_HUB_CONDITION_H

#include <stdbool.h>

#include "base/list.h"

struct lock;
struct wait;

/* A condition's element of lock.conditions: that lock is gone. */
void condition_forget_lock(struct list *by_lock);
/* `wait` is one of a condition, and comes back with that lock only. */
bool condition_wait_needs(const struct wait *wait, const struct lock *lock);

#endif
