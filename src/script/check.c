/* What `molo check` says of a loaded file beside the plan. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "script/assigns.h"
#include "script/mlua.h"
#include "script/script_internal.h"

struct telling {
    void (*tell)(void *data, const char *text);
    void *data;
    struct buf told; /* "\npad.lua:12 count\n": functions may be used twice */
};

static void
tell_assign(struct telling *telling, const char *where, const char *who,
            const char *instead, const char *name)
{
    struct buf key = {0};
    buf_printf(&key, "\n%s %s\n", where, name);
    if (!telling->told.data || !strstr(telling->told.data, key.data)) {
        struct buf text = {0};
        buf_printf(&text,
                   "%s: %s assigns the local '%s' of the file: workers on "
                   "other threads would not see it; use %s",
                   where, who, name, instead);
        telling->tell(telling->data, text.data);
        buf_finish(&text);
        buf_append(&telling->told, key.data, key.size);
    }
    buf_finish(&key);
}

static void
tell_assigns_of(lua_State *L, int ref, const char *who, const char *instead,
                struct telling *telling)
{
    if (!lua_checkstack(L, 2))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    struct assigns assigns = assigns_find(L);
    lua_Debug ar;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &ar);
    for (size_t i = 0; i < assigns.count; i++) {
        char where[LUA_IDSIZE + 16];
        snprintf(where, sizeof(where), "%s:%d", ar.short_src,
                 assigns.items[i].line);
        tell_assign(telling, where, who, instead, assigns.items[i].name);
    }
    assigns_finish(&assigns);
    lua_pop(L, 1);
}

#define FOR_ALL "molo.set_var or molo.add_var for all"

static const char *
instead_in(enum worker_phase phase)
{
    switch (phase) {
    case PHASE_SETUP_SESSION:
    case PHASE_RUN:
    case PHASE_TEARDOWN_SESSION:
        return "session.state for the worker's own, " FOR_ALL;
    case PHASE_SETUP:
    case PHASE_TEARDOWN:
        return "worker.state for the worker's own, " FOR_ALL;
    case PHASE_GLOBAL_SETUP:
    case PHASE_GLOBAL_TEARDOWN:
        break;
    }
    return FOR_ALL;
}

void
script_tell_assigns(const struct script *script,
                    void (*tell)(void *data, const char *text), void *data)
{
    struct telling telling = {.tell = tell, .data = data};
    struct buf who = {0};
    for (size_t i = 0; i < script->scenario_count; i++) {
        const struct scenario *scenario = &script->scenarios[i];
        size_t count = scenario->role_refs ? scenario->cast.count : 1;
        const int *refs =
            scenario->role_refs ? scenario->role_refs : &scenario->ref;
        buf_clear(&who);
        buf_printf(&who, "scenario '%s'", scenario->name);
        for (size_t j = 0; j < count; j++)
            tell_assigns_of(script->L, refs[j], who.data, instead_in(PHASE_RUN),
                            &telling);
    }
    for (int i = 0; i < FIXTURE_COUNT; i++) {
        enum worker_phase phase = (enum worker_phase)i;
        if (phase != PHASE_GLOBAL_SETUP && script->fixtures[i] != LUA_NOREF)
            tell_assigns_of(script->L, script->fixtures[i],
                            worker_phase_name(phase), instead_in(phase),
                            &telling);
    }
    buf_finish(&who);
    buf_finish(&telling.told);
}
