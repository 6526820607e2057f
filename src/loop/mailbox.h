#ifndef MOLO_LOOP_MAILBOX_H
#define MOLO_LOOP_MAILBOX_H

#include <stdbool.h>

#include "base/list.h"

/* Messages from other threads to the thread of a loop. A message is embedded in
 * whatever is sent; sending moves its ownership. Messages of one sender arrive
 * in the order in which they were sent. */
struct loop;
struct mailbox;

struct message {
    struct list link;
};

/* `on_message` takes each message on the loop's thread, in a turn after the one
 * that received it; it may send, post jobs, and destroy anything but the
 * mailbox. On the loop's thread. */
struct mailbox *
mailbox_create(struct loop *loop,
               void (*on_message)(void *data, struct message *message),
               void *data);
/* On the loop's thread, when nobody sends any more. Messages that were not
 * received are given to `drop`. */
void
mailbox_destroy(struct mailbox *mailbox, void (*drop)(struct message *message));

/* True while messages have been sent that on_message has not got. On the loop's
 * thread; what others send meanwhile may or may not count. */
bool mailbox_has_messages(const struct mailbox *mailbox);

/* What a thread has for a mailbox and has not sent yet. Collecting a turn's
 * messages costs one lock and one wake-up for all of them. Belongs to one
 * thread. */
struct outbox {
    struct mailbox *to;
    struct list messages;
};
void outbox_init(struct outbox *outbox, struct mailbox *to);
static inline void
outbox_add(struct outbox *outbox, struct message *message)
{
    list_append(&outbox->messages, &message->link);
}
/* Sends what was added, from any thread. The receiver's loop wakes up once. */
void outbox_flush(struct outbox *outbox);

#endif
