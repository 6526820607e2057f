#ifndef MOLO_BASE_SECRETS_H
#define MOLO_BASE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Texts that no output may show: what a script has got from molo.secret. Each
 * is hidden as it stands, as JSON writes it, and as a URL or a form does. From
 * any thread. */

#define SECRET_MIN 4
/* What stands in its place. */
#define SECRET_SHOWN "***"

/* Copies it; one that is known already changes nothing. False: it has fewer
 * than SECRET_MIN bytes. */
bool secrets_add(const char *secret);
/* Does `text` hold one? Cheap where there are none. */
bool secrets_occur(const char *text, size_t size);
/* Appends the text without them. */
void secrets_append(struct buf *out, const char *text, size_t size);
/* Replaces what `text` holds, from `from` on. */
void secrets_hide(struct buf *text, size_t from);

#endif
