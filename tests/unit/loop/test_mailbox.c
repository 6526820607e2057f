#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

struct number {
    struct message message;
    int sender, n;
};

static struct message *
number(int sender, int n)
{
    struct number *number = xmalloc(sizeof(*number));
    *number = (struct number){.sender = sender, .n = n};
    return &number->message;
}

static void
drop(struct message *message)
{
    free(container_of(message, struct number, message));
}

/* --- many senders, one receiver --- */

#define SENDERS 3
#define EACH 20000

struct receiver {
    struct loop *loop;
    struct mailbox *mailbox;
    int next[SENDERS];
    int received, out_of_order;
};

static void
take(void *data, struct message *message)
{
    struct receiver *receiver = data;
    struct number *number = container_of(message, struct number, message);
    if (number->n != receiver->next[number->sender]++)
        receiver->out_of_order++;
    free(number);
    if (++receiver->received == SENDERS * EACH)
        loop_stop(receiver->loop);
}

struct sender {
    pthread_t thread;
    struct mailbox *to;
    int id;
};

/* Flushes after 1, 2, 3 ... messages. */
static void *
send_all(void *data)
{
    struct sender *sender = data;
    struct outbox outbox;
    outbox_init(&outbox, sender->to);
    for (int n = 0, batch = 1, added = 0; n < EACH; n++) {
        outbox_add(&outbox, number(sender->id, n));
        if (++added == batch) {
            outbox_flush(&outbox);
            added = 0;
            batch = batch % 50 + 1;
        }
    }
    outbox_flush(&outbox);
    return NULL;
}

static void
test_all_arrive_in_order(void **state)
{
    struct err err;
    struct receiver receiver = {.loop = loop_create(&err)};
    receiver.mailbox = mailbox_create(receiver.loop, take, &receiver);
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.to = receiver.mailbox, .id = i};
        pthread_create(&senders[i].thread, NULL, send_all, &senders[i]);
    }
    loop_run(receiver.loop);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(receiver.received, SENDERS * EACH);
    assert_int_equal(receiver.out_of_order, 0);
    mailbox_destroy(receiver.mailbox, drop);
    loop_destroy(receiver.loop);
}

/* --- ping-pong: a lost wake-up would end it --- */

/* MAILBOX_ROUNDS: how many, where there is time for more or for less. */
static int
rounds(void)
{
    const char *text = getenv("MAILBOX_ROUNDS");
    return text != NULL ? atoi(text) : 100000;
}

struct player {
    struct loop *loop;
    struct mailbox *mailbox;
    struct outbox outbox;
    int played, rounds;
    bool thinks;
};

/* For 0 to 199 us, so that a message meets the other at any moment between
 * looking for it and being fast asleep. */
static void
think(int played)
{
    nsec_t until = clock_now() + (nsec_t)played * 7919 % 200 * NSEC_PER_USEC;
    while (clock_now() < until)
        continue;
}

static void
play_back(void *data, struct message *message)
{
    struct player *player = data;
    player->played++;
    if (player->thinks)
        think(player->played);
    outbox_add(&player->outbox, message);
    outbox_flush(&player->outbox);
    if (player->played == player->rounds)
        loop_stop(player->loop);
}

static void
begin(struct player *player, bool thinks)
{
    struct err err;
    player->thinks = thinks;
    player->rounds = thinks ? rounds() / 20 : rounds();
    player->loop = loop_create(&err);
    player->mailbox = mailbox_create(player->loop, play_back, player);
}

static void
end(struct player *player)
{
    mailbox_destroy(player->mailbox, drop);
    loop_destroy(player->loop);
}

struct partner {
    struct player player;
    bool thinks;
    pthread_barrier_t ready, over;
    struct mailbox *other;
};

static void *
play(void *data)
{
    struct partner *partner = data;
    begin(&partner->player, partner->thinks);
    pthread_barrier_wait(&partner->ready);
    outbox_init(&partner->player.outbox, partner->other);
    loop_run(partner->player.loop);
    pthread_barrier_wait(&partner->over);
    end(&partner->player);
    return NULL;
}

/* Returns what the first has spent looking. */
static struct busy_poll_time
play_together(bool thinks)
{
    struct player player = {0};
    struct partner partner = {.thinks = thinks};
    begin(&player, thinks);
    partner.other = player.mailbox;
    pthread_barrier_init(&partner.ready, NULL, 2);
    pthread_barrier_init(&partner.over, NULL, 2);
    pthread_t thread;
    pthread_create(&thread, NULL, play, &partner);
    pthread_barrier_wait(&partner.ready);
    outbox_init(&player.outbox, partner.player.mailbox);
    outbox_add(&player.outbox, number(0, 0));
    outbox_flush(&player.outbox);
    loop_run(player.loop);
    assert_int_equal(player.played, player.rounds);
    /* The ball that came back last is dropped with the mailbox. */
    pthread_barrier_wait(&partner.over);
    pthread_join(thread, NULL);
    struct busy_poll_time spent = loop_busy_poll_time(player.loop);
    end(&player);
    pthread_barrier_destroy(&partner.ready);
    pthread_barrier_destroy(&partner.over);
    return spent;
}

static void
test_no_wake_up_is_lost(void **state)
{
    nsec_t cpu = clock_thread_cpu();
    struct busy_poll_time spent = play_together(false);
    /* Looking was at most a part of it. */
    assert_true(spent.cpu <= spent.elapsed);
    assert_true(spent.cpu < clock_thread_cpu() - cpu);
}

static void
test_no_wake_up_is_lost_when_falling_asleep(void **state)
{
    play_together(true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_arrive_in_order),
        cmocka_unit_test(test_no_wake_up_is_lost),
        cmocka_unit_test(test_no_wake_up_is_lost_when_falling_asleep),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
