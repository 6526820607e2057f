#include "script/lua_session.h"

#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "http/session.h"
#include "plan/plan.h"
#include "script/lua_cookies.h"
#include "script/lua_core.h"
#include "script/lua_http.h"
#include "script/lua_identity.h"
#include "script/lua_room.h"
#include "script/lua_util.h"
#include "script/lua_websocket.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char session_metatable[] = "molo.session";

enum view { VIEW_SESSION, VIEW_WORKER };

struct session_view {
    struct worker *worker;         /* NULL: gone */
    struct lua_identity *identity; /* NULL: the worker's own */
    enum view view;
    bool global; /* `run` of the global fixtures */
};

static void
push_view(lua_State *L, struct worker *worker, enum view view)
{
    int *ref = &worker->view_refs[view];
    if (*ref != LUA_NOREF) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, *ref);
        return;
    }
    struct session_view *v = lua_newuserdatauv(L, sizeof(*v), 0);
    *v = (struct session_view){
        .worker = worker,
        .view = view,
        .global = worker->id == HUB_GLOBAL,
    };
    luaL_setmetatable(L, session_metatable);
    lua_pushvalue(L, -1);
    *ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

void
lua_session_push(lua_State *L, struct worker *worker, enum worker_phase phase)
{
    switch (phase) {
    case PHASE_SETUP:
    case PHASE_TEARDOWN:
        push_view(L, worker, VIEW_WORKER);
        return;
    case PHASE_GLOBAL_SETUP:
    case PHASE_SETUP_SESSION:
    case PHASE_RUN:
    case PHASE_TEARDOWN_SESSION:
    case PHASE_GLOBAL_TEARDOWN:
        push_view(L, worker, VIEW_SESSION);
        return;
    }
}

void
lua_session_detach(lua_State *L, int ref)
{
    if (ref == LUA_NOREF)
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    struct session_view *v = lua_touserdata(L, -1);
    v->worker = NULL;
    v->identity = NULL;
    lua_pop(L, 1);
}

void
lua_session_push_identity(lua_State *L, struct worker *worker,
                          struct lua_identity *identity)
{
    struct session_view *v = lua_newuserdatauv(L, sizeof(*v), 0);
    *v = (struct session_view){
        .worker = worker,
        .identity = identity,
        .view = VIEW_SESSION,
    };
    luaL_setmetatable(L, session_metatable);
}

struct session *
lua_session_http(lua_State *L, int index)
{
    const struct session_view *v = lua_touserdata(L, index);
    return v->identity ? v->identity->http : worker_http(v->worker);
}

struct worker *
lua_session_check(lua_State *L, int index)
{
    struct session_view *v = luaL_testudata(L, index, session_metatable);
    if (!v || v->view != VIEW_SESSION)
        mlua_misuse(L, "expected the session as first argument: call it as "
                       "session:get(...), with a colon");
    if (!v->worker)
        mlua_misuse(L, "this session has ended with its worker or run");
    const struct task *current = script_of(L)->current;
    if (current && current->worker != v->worker)
        mlua_misuse(L,
                    "this session belongs to worker %d; use the one that "
                    "was passed to this run",
                    (int)v->worker->id);
    return v->worker;
}

static void
push_state(lua_State *L, struct worker *worker)
{
    if (worker->state_ref == LUA_NOREF) {
        lua_newtable(L);
        worker->state_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, worker->state_ref);
}

/* Every worker has its own copy, made when it first looks. */
static void
push_data(lua_State *L, struct worker *worker)
{
    struct script *script = worker->script;
    if (worker->data_ref == LUA_NOREF) {
        if (!script->data) {
            lua_pushnil(L);
            return;
        }
        mlua_push_value(L, script->data);
        worker->data_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, worker->data_ref);
}

/* A copy for each run, made when it first looks. */
static void
push_param(lua_State *L, struct worker *worker)
{
    if (!worker->param) {
        lua_pushnil(L);
        return;
    }
    if (worker->param_ref == LUA_NOREF) {
        mlua_push_value(L, worker->param);
        worker->param_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, worker->param_ref);
}

/* Outside of runs it is what the worker plays in all scenarios. */
static void
push_role(lua_State *L, const struct worker *worker)
{
    const char *role = NULL;
    if (worker->workload)
        role = cast_role_of(worker->script->env.plan, worker->workload,
                            worker->index, worker->scenario);
    lua_pushstring(L, role);
}

enum field {
    FIELD_WORKER_ID,
    FIELD_WORKLOAD,
    FIELD_INDEX,
    FIELD_DATA,
    FIELD_STATE,
    FIELD_LAST_OF_WORKER = FIELD_STATE,
    FIELD_STEP,
    FIELD_WORKERS,
    FIELD_SCENARIO,
    FIELD_RNG,
    FIELD_ROLE,
    FIELD_ROOM,
    FIELD_SEAT,
    FIELD_PARAM,
    FIELD_LAST_OF_SESSION = FIELD_PARAM,
    FIELD_WORKLOADS,
    FIELD_SEED,
    FIELD_COUNT,
};
static const char *const field_names[FIELD_COUNT] = {
    [FIELD_WORKER_ID] = "worker_id",
    [FIELD_WORKLOAD] = "workload",
    [FIELD_INDEX] = "index",
    [FIELD_DATA] = "data",
    [FIELD_STATE] = "state",
    [FIELD_STEP] = "step",
    [FIELD_WORKERS] = "workers",
    [FIELD_SCENARIO] = "scenario",
    [FIELD_RNG] = "rng",
    [FIELD_ROLE] = "role",
    [FIELD_ROOM] = "room",
    [FIELD_SEAT] = "seat",
    [FIELD_PARAM] = "param",
    [FIELD_WORKLOADS] = "workloads",
    [FIELD_SEED] = "seed",
};

static void
push_field(lua_State *L, struct worker *worker, enum field field)
{
    const struct plan *plan = worker->script->env.plan;
    switch (field) {
    case FIELD_WORKER_ID:
        lua_pushinteger(L, worker->id);
        return;
    case FIELD_WORKLOAD:
        if (worker->workload)
            lua_pushstring(L, worker->workload->name);
        else
            lua_pushnil(L);
        return;
    case FIELD_INDEX:
        lua_pushinteger(L, worker->index);
        return;
    case FIELD_DATA:
        push_data(L, worker);
        return;
    case FIELD_STATE:
        push_state(L, worker);
        return;
    case FIELD_STEP:
        lua_pushinteger(L, worker->step);
        return;
    case FIELD_WORKERS:
        lua_pushinteger(L, worker->workload ? worker->workload->workers
                                            : plan->workers);
        return;
    case FIELD_SCENARIO:
        lua_pushstring(L, worker->scenario);
        return;
    case FIELD_RNG:
        lua_rng_push(L, worker);
        return;
    case FIELD_ROLE:
        push_role(L, worker);
        return;
    case FIELD_ROOM:
        lua_room_push(L, worker);
        return;
    case FIELD_SEAT:
        if (worker->seat >= 0)
            lua_pushinteger(L, worker->seat);
        else
            lua_pushnil(L);
        return;
    case FIELD_PARAM:
        push_param(L, worker);
        return;
    case FIELD_WORKLOADS:
        lua_createtable(L, 0, (int)plan->workload_count);
        for (size_t i = 0; i < plan->workload_count; i++) {
            lua_createtable(L, 0, 1);
            lua_pushinteger(L, plan->workloads[i].workers);
            lua_setfield(L, -2, "workers");
            lua_setfield(L, -2, plan->workloads[i].name);
        }
        return;
    case FIELD_SEED:
        lua_pushinteger(L, (lua_Integer)worker->script->env.options->seed);
        return;
    case FIELD_COUNT:
        break;
    }
    lua_pushnil(L);
}

static const char *
view_name(const struct session_view *v)
{
    return v->view == VIEW_WORKER ? "worker" : v->global ? "run" : "session";
}

/* Upvalue: the methods, and the numbers of the fields, by name. */
static int
session_index(lua_State *L)
{
    struct session_view *v = lua_touserdata(L, 1);
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    int type = lua_rawget(L, lua_upvalueindex(1));
    bool is_method = type == LUA_TFUNCTION;
    enum field field =
        type == LUA_TNUMBER ? (enum field)lua_tointeger(L, 3) : FIELD_COUNT;
    if (is_method && v->view == VIEW_SESSION)
        return 1;
    if (v->view == VIEW_WORKER &&
        (is_method ||
         (field > FIELD_LAST_OF_WORKER && field <= FIELD_LAST_OF_SESSION)))
        return mlua_misuse(L,
                           "'%s' needs a session, and setup and teardown have "
                           "none: use molo.setup_session or "
                           "molo.teardown_session",
                           lua_tostring(L, 2));
    if (field == FIELD_COUNT || (field > FIELD_LAST_OF_SESSION && !v->global)) {
        lua_pushfstring(L, "the %s has no field or method", view_name(v));
        return mlua_no_such(L, lua_tostring(L, -1), 2, lua_upvalueindex(1));
    }
    if (!v->worker)
        return mlua_misuse(L, "this session has ended with its worker or run");
    push_field(L, v->worker, field);
    return 1;
}

static int
session_newindex(lua_State *L)
{
    return mlua_misuse(L,
                       "cannot assign '%s' of a session: keep what is yours in "
                       "session.state",
                       luaL_tolstring(L, 2, NULL));
}

static int
session_tostring(lua_State *L)
{
    struct session_view *v = lua_touserdata(L, 1);
    if (v->worker)
        lua_pushfstring(L, "session of worker %d", (int)v->worker->id);
    else
        lua_pushliteral(L, "session (ended)");
    return 1;
}

/* session:quit(reason) */
static int
session_quit(lua_State *L)
{
    struct worker *worker = lua_session_check(L, 1);
    worker->quit = true;
    if (!lua_isnoneornil(L, 2))
        log_verbose("worker %d quits: %s", (int)worker->id,
                    luaL_tolstring(L, 2, NULL));
    return 0;
}

/* session:think(time) or session:think(low, high) */
static int
session_think(lua_State *L)
{
    lua_session_check(L, 1);
    return lua_core_think(L);
}

static const luaL_Reg session_methods[] = {
    {"configure", lua_session_configure},
    {"cookies", lua_cookies_list},
    {"quit", session_quit},
    {"reset", lua_session_reset},
    {"set_cookie", lua_cookies_set},
    {"websocket", lua_websocket_make},
    {"think", session_think},
    {NULL, NULL},
};
static const luaL_Reg session_meta[] = {
    {"__newindex", session_newindex},
    {"__tostring", session_tostring},
    {NULL, NULL},
};

/* Leaves the table of methods (and fields) on the stack: Lua modules add to it.
 */
void
lua_session_open(lua_State *L)
{
    mlua_new_class(L, session_metatable, NULL, session_meta);
    luaL_getmetatable(L, session_metatable);
    luaL_newlib(L, session_methods);
    lua_http_methods(L);
    for (int i = 0; i < FIELD_COUNT; i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, field_names[i]);
    }
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, session_index, 1);
    lua_setfield(L, -3, "__index");
    lua_remove(L, -2);
}
