#ifndef MOLO_SERVE_CHATS_H
#define MOLO_SERVE_CHATS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Messages of /chat/ROOM, numbered from 1 in each room. Any thread. */
struct chats;
struct chats *chats_create(void);
void chats_destroy(struct chats *chats);

/* Returns the message's number; 0: no room for it. The text is JSON's: UTF-8.
 */
int64_t chats_say(struct chats *chats, const char *room, json_t *text);
/* [{"number": 3, "text": "..."}, ...] of those after number `after`, oldest
 * first; a room keeps its last CHATS_KEPT. */
#define CHATS_KEPT 1000
json_t *chats_read(struct chats *chats, const char *room, int64_t after);

#endif
