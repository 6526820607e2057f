#ifndef MOLO_SCRIPT_MEMORY_H
#define MOLO_SCRIPT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How much memory the Lua values of each worker take, and a limit on it
 * (--max-lua-memory). Every block says whose it is: that of the worker for whom
 * Lua ran when it was made, or grew. Without a limit nothing is counted. Shard
 * thread. */

struct lua_State;
struct script;
struct task;
struct worker;

struct memory_account {
    int64_t used;     /* bytes, what is not collected yet included */
    int64_t check_at; /* when to look at what of it is garbage */
};

struct memory {
    int64_t limit;                   /* of each worker; 0: nothing is counted */
    struct memory_account *accounts; /* by worker id + 1; 0: nobody's */
    size_t count;
    bool due;        /* the worker that runs has passed check_at */
    char where[128]; /* of what was refused last */
};

/* Before the Lua state is made. */
void memory_init(struct memory *memory, int64_t limit);
/* After it was closed. */
void memory_finish(struct memory *memory);
/* Before the first worker; `workers` is one more than the largest id. */
void memory_attach(struct memory *memory, size_t workers);
/* The lua_Alloc of a state with a limit; `data` is its script. */
void *memory_allocate(void *data, void *ptr, size_t old_size, size_t size);

/* A run or fixture begins: what the last one left may be garbage by now. */
void memory_begin_call(struct worker *worker);
/* Called from the count hook: if the task's worker has more than it may, and it
 * is no garbage, raises an error of kind `memory` on L. */
void memory_watch(struct lua_State *L, struct task *task);
/* Lua's own error of a refused allocation is on top: makes it one of molo's. */
void memory_complete_error(struct lua_State *L, struct task *task);

#endif
