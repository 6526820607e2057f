#ifndef MOLO_ENGINE_SETTLE_H
#define MOLO_ENGINE_SETTLE_H

#include "hub/op.h"
#include "script/worker.h"

/* The end of a fixture or a run that may still hold a lock or permits: the hub
 * takes them back, and then the call has failed. */

struct member;

struct settling {
    bool active, submitting, answered;
    uint32_t seq;
    struct call_result result; /* of the call, which went well */
    char *leaks;               /* what it held, or NULL */
};

/* The call is over: goes on with life_call_over, now or when the hub has
 * answered. */
void settle_call(struct member *m, const struct call_result *result);
/* The hub's answer is there, or one to an operation of before. */
void settle_on_reply(struct member *m, const struct hub_reply *reply);
/* Goes on after an answer that came later. */
void settle_answered(struct member *m);

#endif
