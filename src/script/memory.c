#include "script/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "script/state.h"

/* In front of each block. Lua aligns to 8 bytes. */
struct header {
    uint64_t slot;
};

/* What is smaller is granted even beyond the limit, so that only code of the
 * script fails, between two of its instructions, and never a binding half way
 * through; what is larger is the script's own text or table. */
#define LARGE (64 * 1024)
/* Nothing is granted beyond so many times the limit. */
#define HARD 2
/* How much garbage may gather between two looks, as a part of the limit. */
#define SLACK 8

void
memory_init(struct memory *memory, int64_t limit)
{
    *memory = (struct memory){.limit = limit};
    if (limit > 0)
        memory_attach(memory, 1);
}

void
memory_finish(struct memory *memory)
{
    free(memory->accounts);
}

void
memory_attach(struct memory *memory, size_t workers)
{
    if (memory->limit == 0 || workers <= memory->count)
        return;
    memory->accounts =
        xrealloc(memory->accounts, workers * sizeof(*memory->accounts));
    for (size_t i = memory->count; i < workers; i++)
        memory->accounts[i] =
            (struct memory_account){.check_at = memory->limit};
    memory->count = workers;
}

static size_t
current_slot(const struct script *script)
{
    if (!script->current)
        return 0;
    return (size_t)(script->current->worker->id + 1);
}

static bool
is_granted(struct script *script, size_t slot, int64_t growth)
{
    struct memory *memory = &script->memory;
    const struct memory_account *account = &memory->accounts[slot];
    int64_t used = account->used + growth;
    if (slot == 0 || used <= account->check_at)
        return true;
    if (used > HARD * memory->limit ||
        (growth >= LARGE && used > memory->limit)) {
        mlua_where(script->current->co, memory->where, sizeof(memory->where));
        return false;
    }
    memory->due = true;
    state_watch_closely(script->current->co, true);
    return true;
}

void *
memory_allocate(void *data, void *ptr, size_t old_size, size_t size)
{
    struct script *script = data;
    struct memory_account *accounts = script->memory.accounts;
    struct header *header = ptr ? (struct header *)ptr - 1 : NULL;
    if (!ptr)
        old_size = 0; /* it is a type */
    if (size == 0) {
        if (header)
            accounts[header->slot].used -= (int64_t)old_size;
        free(header);
        return NULL;
    }
    size_t slot = header ? (size_t)header->slot : 0;
    int64_t growth = (int64_t)size - (int64_t)old_size;
    /* What grows is of whom makes it grow. */
    if (growth > 0 && script->current) {
        slot = current_slot(script);
        bool is_its_own = header && header->slot == slot;
        if (!is_granted(script, slot, is_its_own ? growth : (int64_t)size))
            return NULL;
    }
    if (header)
        accounts[header->slot].used -= (int64_t)old_size;
    accounts[slot].used += (int64_t)size;
    header = xrealloc(header, size + sizeof(*header));
    header->slot = slot;
    return header + 1;
}

static void
push_exceeded(lua_State *L, const struct task *task, const char *where)
{
    const struct worker *worker = task->worker;
    char limit[32], message[128];
    units_format_bytes((uint64_t)worker->script->memory.limit, limit,
                       sizeof(limit));
    snprintf(message, sizeof(message),
             "worker %d has more than %s of Lua values (see --max-lua-memory)",
             (int)worker->id, limit);
    mlua_push_error_at(L, where, "memory", message);
}

void
memory_watch(lua_State *L, struct task *task)
{
    struct memory *memory = &task->worker->script->memory;
    if (!memory->due)
        return;
    memory->due = false;
    state_watch_closely(task->co, false);
    struct memory_account *account =
        &memory->accounts[current_slot(task->worker->script)];
    lua_gc(L, LUA_GCCOLLECT);
    int64_t used = account->used;
    account->check_at = used + memory->limit / SLACK;
    if (account->check_at < memory->limit)
        account->check_at = memory->limit;
    if (used <= memory->limit)
        return;
    char where[128];
    mlua_where(L, where, sizeof(where));
    push_exceeded(L, task, where);
    lua_error(L);
}

void
memory_complete_error(lua_State *L, struct task *task)
{
    push_exceeded(L, task, task->worker->script->memory.where);
    lua_replace(L, -2);
}

void
memory_begin_call(struct worker *worker)
{
    struct memory *memory = &worker->script->memory;
    if (memory->limit > 0)
        memory->accounts[worker->id + 1].check_at = memory->limit;
}
