#ifndef MOLO_HUB_CONDITION_H
#define MOLO_HUB_CONDITION_H

#include "base/list.h"

/* A condition's element of lock.conditions: that lock is gone. */
void condition_forget_lock(struct list *by_lock);

#endif
