#ifndef MOLO_HTTP_REDIRECT_H
#define MOLO_HTTP_REDIRECT_H

#include <stdbool.h>

#include "base/err.h"

/* Answers that lead elsewhere, and the request that follows them (RFC 9110
 * section 15.4). */
struct transfer;

/* True if the answer leads elsewhere and the request wants to go there; its
 * body then is nobody's. */
bool redirect_is_hop(const struct transfer *transfer);
/* Whether we may go there; else the reason. */
bool redirect_check(const struct transfer *transfer, struct err *err);
/* Makes the next request of the one that was answered: what only the first host
 * may know goes, and the body where the status turns the request into a GET.
 * The answer goes into the history. */
void redirect_follow(struct transfer *transfer);

#endif
