#ifndef MOLO_HUB_OP_COPY_H
#define MOLO_HUB_OP_COPY_H

#include "hub/op.h"

/* Operations and replies that outlive the call which passed them, because they
 * go to another thread. A copy shares nothing with what it was made from: its
 * value is one of its own. */
struct hub_op_copy {
    struct hub_op op;
    char *strings; /* what op points to */
};
void hub_op_copy_init(struct hub_op_copy *copy, const struct hub_op *op);
void hub_op_copy_finish(struct hub_op_copy *copy);

struct hub_reply_copy {
    struct hub_reply reply;
    char *strings;
};
void
hub_reply_copy_init(struct hub_reply_copy *copy, const struct hub_reply *reply);
void hub_reply_copy_finish(struct hub_reply_copy *copy);

#endif
