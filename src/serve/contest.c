#include "serve/contest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/mem.h"

#define CONTESTS_MAX 10000

struct contest {
    char *path;
    struct contest_state state;
    double tokens;
    nsec_t filled_at; /* 0: never */
    UT_hash_handle hh;
};

struct contests {
    pthread_mutex_t mutex;
    struct contest *by_path;
};

struct contests *
contests_create(void)
{
    struct contests *contests = xcalloc(1, sizeof(*contests));
    pthread_mutex_init(&contests->mutex, NULL);
    return contests;
}

void
contests_destroy(struct contests *contests)
{
    if (contests == NULL)
        return;
    struct contest *contest, *next;
    HASH_ITER (hh, contests->by_path, contest, next) {
        HASH_DEL(contests->by_path, contest);
        free(contest->path);
        free(contest);
    }
    pthread_mutex_destroy(&contests->mutex);
    free(contests);
}

/* Locks; unlock with leave(). NULL: there is no room for it. */
static struct contest *
enter(struct contests *contests, const char *path)
{
    pthread_mutex_lock(&contests->mutex);
    struct contest *contest;
    HASH_FIND_STR(contests->by_path, path, contest);
    if (contest != NULL || HASH_COUNT(contests->by_path) >= CONTESTS_MAX)
        return contest;
    contest = xcalloc(1, sizeof(*contest));
    contest->path = xstrdup(path);
    HASH_ADD_KEYPTR(hh, contests->by_path, contest->path, strlen(contest->path),
                    contest);
    return contest;
}

static enum contest_outcome
leave(struct contests *contests, const struct contest *contest, bool won,
      struct contest_state *state)
{
    if (contest != NULL && state != NULL)
        *state = contest->state;
    pthread_mutex_unlock(&contests->mutex);
    if (contest == NULL)
        return CONTEST_FULL;
    return won ? CONTEST_WON : CONTEST_LOST;
}

static void
set_who(struct contest *contest, const char *who)
{
    size_t size = strnlen(who, CONTEST_WHO_MAX - 1);
    memcpy(contest->state.who, who, size);
    contest->state.who[size] = '\0';
}

void
contest_look(struct contests *contests, const char *path,
             struct contest_state *state)
{
    *state = (struct contest_state){0};
    pthread_mutex_lock(&contests->mutex);
    struct contest *contest;
    HASH_FIND_STR(contests->by_path, path, contest);
    if (contest != NULL)
        *state = contest->state;
    pthread_mutex_unlock(&contests->mutex);
}

enum contest_outcome
contest_fill(struct contests *contests, const char *path, int64_t number,
             struct contest_state *state)
{
    struct contest *contest = enter(contests, path);
    if (contest != NULL) {
        contest->state.number = number;
        contest->state.who[0] = '\0';
    }
    return leave(contests, contest, true, state);
}

enum contest_outcome
contest_take(struct contests *contests, const char *path,
             struct contest_state *state)
{
    struct contest *contest = enter(contests, path);
    bool won = contest != NULL && contest->state.number > 0;
    if (won)
        contest->state.number--;
    return leave(contests, contest, won, state);
}

static bool
is_free_for(const struct contest *contest, const char *who)
{
    return contest->state.who[0] == '\0' ||
           strncmp(contest->state.who, who, CONTEST_WHO_MAX - 1) == 0;
}

enum contest_outcome
contest_sit(struct contests *contests, const char *path, const char *who,
            struct contest_state *state)
{
    struct contest *contest = enter(contests, path);
    bool won = contest != NULL && is_free_for(contest, who);
    if (won)
        set_who(contest, who);
    return leave(contests, contest, won, state);
}

enum contest_outcome
contest_leave(struct contests *contests, const char *path, const char *who,
              struct contest_state *state)
{
    struct contest *contest = enter(contests, path);
    bool won = contest != NULL && is_free_for(contest, who);
    if (won)
        contest->state.who[0] = '\0';
    return leave(contests, contest, won, state);
}

enum contest_outcome
contest_bid(struct contests *contests, const char *path, int64_t amount,
            const char *who, struct contest_state *state)
{
    struct contest *contest = enter(contests, path);
    bool won = contest != NULL && amount > contest->state.number;
    if (won) {
        contest->state.number = amount;
        set_who(contest, who);
    }
    return leave(contests, contest, won, state);
}

enum contest_outcome
contest_pass(struct contests *contests, const char *path, double rate,
             double burst)
{
    struct contest *contest = enter(contests, path);
    bool won = false;
    if (contest != NULL) {
        nsec_t now = clock_now();
        if (contest->filled_at == 0)
            contest->tokens = burst;
        else
            contest->tokens += rate * nsec_to_seconds(now - contest->filled_at);
        contest->filled_at = now;
        if (contest->tokens > burst)
            contest->tokens = burst;
        won = contest->tokens >= 1;
        if (won)
            contest->tokens--;
    }
    return leave(contests, contest, won, NULL);
}
