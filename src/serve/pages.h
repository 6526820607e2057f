#ifndef MOLO_SERVE_PAGES_H
#define MOLO_SERVE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The shared pages of /pad/NAME: a text and the number of times it was stored.
 * Any thread. */
struct MHD_Connection;
struct pages;
struct pages *pages_create(void);
void pages_destroy(struct pages *pages);

/* Stores the text, which is taken, and returns the page's new version; 0: no
 * room, and `text` stays with the caller. */
uint64_t pages_put(struct pages *pages, const char *name, size_t name_size,
                   struct buf *text);
/* Answers with text and version of one and the same put; returns the status. */
unsigned pages_answer(struct pages *pages, const char *name, size_t name_size,
                      struct MHD_Connection *connection);

#endif
