#ifndef MOLO_ENGINE_PRECHECK_H
#define MOLO_ENGINE_PRECHECK_H

#include "base/err.h"

/* Asks for a URL until it answers as it should, before anything else of a test
 * begins (--precheck), with the headers of -H. What it sends is counted
 * nowhere. Main thread. */
struct loop;
struct options;
struct precheck;

struct precheck_host {
    void *data;
    /* It is over; NULL: well. The text, which says what was asked for and what
     * was wrong with it, is borrowed. May destroy the precheck. */
    void (*on_over)(void *data, const char *failure);
};

/* NULL with `err`: the URL cannot be asked for. */
struct precheck *
precheck_create(struct loop *loop, const struct options *options,
                const struct precheck_host *host, struct err *err);
/* Ends it without a word; takes NULL. */
void precheck_destroy(struct precheck *precheck);

#endif
