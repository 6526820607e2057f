#include "loop/mailbox.h"

#include <stdlib.h>

#include "base/mem.h"
#include "loop/impl.h"
#include "loop/loop.h"

/* The lock and what senders touch are on a cache line of their own: the
 * receiver's bookkeeping would otherwise travel with every message. */
#define CACHE_LINE 64

struct mailbox {
    struct loop *loop;
    ev_async wake;
    struct job deliver;
    struct list received; /* the receiver's */
    void (*on_message)(void *data, struct message *message);
    void *data;
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct list sent; /* under the lock */
};

static void
on_wake(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct mailbox *mailbox = wake->data;
    pthread_mutex_lock(&mailbox->lock);
    list_splice(&mailbox->received, &mailbox->sent);
    pthread_mutex_unlock(&mailbox->lock);
    if (list_empty(&mailbox->received))
        return;
    mailbox->loop->busy_poll.found_mail = true;
    loop_post(mailbox->loop, &mailbox->deliver);
}

static void
deliver(struct job *job)
{
    struct mailbox *mailbox = container_of(job, struct mailbox, deliver);
    struct list batch;
    list_init(&batch);
    list_splice(&batch, &mailbox->received);
    while (!list_empty(&batch)) {
        struct message *message =
            container_of(batch.next, struct message, link);
        list_remove(&message->link);
        mailbox->on_message(mailbox->data, message);
    }
}

struct mailbox *
mailbox_create(struct loop *loop,
               void (*on_message)(void *data, struct message *message),
               void *data)
{
    loop_assert_owner(loop);
    struct mailbox *mailbox = xaligned(CACHE_LINE, sizeof(*mailbox));
    *mailbox = (struct mailbox){
        .loop = loop,
        .on_message = on_message,
        .data = data,
    };
    list_init(&mailbox->received);
    list_init(&mailbox->sent);
    pthread_mutex_init(&mailbox->lock, NULL);
    job_init(&mailbox->deliver, deliver);
    ev_async_init(&mailbox->wake, on_wake);
    mailbox->wake.data = mailbox;
    ev_async_start(loop->ev, &mailbox->wake);
    loop->busy_poll.mailboxes++;
    return mailbox;
}

void
mailbox_destroy(struct mailbox *mailbox, void (*drop)(struct message *message))
{
    if (mailbox == NULL)
        return;
    loop_assert_owner(mailbox->loop);
    ev_async_stop(mailbox->loop->ev, &mailbox->wake);
    mailbox->loop->busy_poll.mailboxes--;
    loop_unpost(mailbox->loop, &mailbox->deliver);
    list_splice(&mailbox->received, &mailbox->sent);
    while (!list_empty(&mailbox->received)) {
        struct message *message =
            container_of(mailbox->received.next, struct message, link);
        list_remove(&message->link);
        drop(message);
    }
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

bool
mailbox_has_messages(const struct mailbox *mailbox)
{
    return !list_empty(&mailbox->received);
}

void
outbox_init(struct outbox *outbox, struct mailbox *to)
{
    outbox->to = to;
    list_init(&outbox->messages);
}

void
outbox_flush(struct outbox *outbox)
{
    if (list_empty(&outbox->messages))
        return;
    struct mailbox *to = outbox->to;
    pthread_mutex_lock(&to->lock);
    bool first = list_empty(&to->sent);
    list_splice(&to->sent, &outbox->messages);
    pthread_mutex_unlock(&to->lock);
    /* Whoever has sent before has woken it, and what it takes then includes
     * this. */
    if (first)
        ev_async_send(to->loop->ev, &to->wake);
}
