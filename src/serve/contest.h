#ifndef MOLO_SERVE_CONTEST_H
#define MOLO_SERVE_CONTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Things that users contend for, by path: stock that runs out, a seat that one
 * user has, an auction that the highest bid leads, a rate that is allowed. Each
 * operation is atomic: of two at the same time one is the first. Any thread. */
#define CONTEST_WHO_MAX 64

struct contests;
struct contests *contests_create(void);
void contests_destroy(struct contests *contests);

enum contest_outcome {
    CONTEST_WON,  /* done as asked */
    CONTEST_LOST, /* sold out, taken, outbid, too fast */
    CONTEST_FULL, /* no room for more things */
};

/* What there is afterwards. */
struct contest_state {
    int64_t number;            /* left in stock; the highest bid */
    char who[CONTEST_WHO_MAX]; /* has the seat, leads; "": nobody */
};

/* Nothing known by that path: 0 and nobody. */
void contest_look(struct contests *contests, const char *path,
                  struct contest_state *state);
enum contest_outcome contest_fill(struct contests *contests, const char *path,
                                  int64_t number, struct contest_state *state);
/* One piece of the stock. */
enum contest_outcome contest_take(struct contests *contests, const char *path,
                                  struct contest_state *state);
/* Who has it already wins again. */
enum contest_outcome contest_sit(struct contests *contests, const char *path,
                                 const char *who, struct contest_state *state);
/* Only by who has it; a free seat may be left by anyone. */
enum contest_outcome
contest_leave(struct contests *contests, const char *path, const char *who,
              struct contest_state *state);
/* Leads if `amount` is higher than every bid before. */
enum contest_outcome
contest_bid(struct contests *contests, const char *path, int64_t amount,
            const char *who, struct contest_state *state);
/* A token bucket that begins full: `rate` per second, at most `burst` at
 * once. */
enum contest_outcome contest_pass(struct contests *contests, const char *path,
                                  double rate, double burst);

#endif
