#include "serve/chats.h"

#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/mem.h"

#define ROOMS_MAX 10000
#define MESSAGES_MAX 20000

struct chat {
    char *name;
    int64_t last;                 /* number of the last message */
    json_t *messages[CHATS_KEPT]; /* by number % CHATS_KEPT */
    UT_hash_handle hh;
};

struct chats {
    pthread_mutex_t mutex;
    struct chat *by_name;
    size_t messages;
};

struct chats *
chats_create(void)
{
    struct chats *chats = xcalloc(1, sizeof(*chats));
    pthread_mutex_init(&chats->mutex, NULL);
    return chats;
}

void
chats_destroy(struct chats *chats)
{
    if (chats == NULL)
        return;
    struct chat *chat, *next;
    HASH_ITER (hh, chats->by_name, chat, next) {
        HASH_DEL(chats->by_name, chat);
        for (size_t i = 0; i < CHATS_KEPT; i++)
            json_decref(chat->messages[i]);
        free(chat->name);
        free(chat);
    }
    pthread_mutex_destroy(&chats->mutex);
    free(chats);
}

static struct chat *
find_or_add(struct chats *chats, const char *name)
{
    struct chat *chat;
    HASH_FIND_STR(chats->by_name, name, chat);
    if (chat != NULL || HASH_COUNT(chats->by_name) >= ROOMS_MAX)
        return chat;
    chat = xcalloc(1, sizeof(*chat));
    chat->name = xstrdup(name);
    HASH_ADD_KEYPTR(hh, chats->by_name, chat->name, strlen(chat->name), chat);
    return chat;
}

int64_t
chats_say(struct chats *chats, const char *room, json_t *text)
{
    int64_t number = 0;
    pthread_mutex_lock(&chats->mutex);
    struct chat *chat = find_or_add(chats, room);
    json_t **place =
        chat != NULL ? &chat->messages[(chat->last + 1) % CHATS_KEPT] : NULL;
    if (place != NULL && (*place != NULL || chats->messages < MESSAGES_MAX)) {
        chats->messages += *place == NULL;
        json_decref(*place);
        *place = json_incref(text);
        number = ++chat->last;
    }
    pthread_mutex_unlock(&chats->mutex);
    return number;
}

json_t *
chats_read(struct chats *chats, const char *room, int64_t after)
{
    json_t *list = json_array();
    pthread_mutex_lock(&chats->mutex);
    struct chat *chat;
    HASH_FIND_STR(chats->by_name, room, chat);
    if (chat != NULL) {
        int64_t oldest = chat->last - CHATS_KEPT;
        if (after < oldest)
            after = oldest;
        for (int64_t n = after < 0 ? 1 : after + 1; n <= chat->last; n++)
            json_array_append_new(
                list, json_pack("{sI sO}", "number", (json_int_t)n, "text",
                                chat->messages[n % CHATS_KEPT]));
    }
    pthread_mutex_unlock(&chats->mutex);
    return list;
}
