#include "script/lua_identity.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/session.h"
#include "script/lua_session.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "script/task.h"

static struct lua_identity *
of_link(struct list *link)
{
    return container_of(link, struct lua_identity, link);
}

int
lua_identity_make(lua_State *L)
{
    struct task *task = task_check(L, "molo.session");
    struct worker *worker = task->worker;
    lua_settop(L, 1);
    if (!lua_isnil(L, 1))
        lua_session_check_options(L, 1);
    struct lua_identity *identity = xmalloc(sizeof(*identity));
    *identity = (struct lua_identity){
        .http = worker_make_session(worker),
        .view_ref = LUA_NOREF,
    };
    /* From here on the worker ends it, whatever is raised. */
    list_append(&worker->sessions, &identity->link);
    lua_session_push_identity(L, worker, identity);
    lua_pushvalue(L, -1);
    identity->view_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_session_apply_defaults(worker->script, identity->http);
    if (!lua_isnil(L, 1)) {
        lua_pushvalue(L, 1);
        lua_session_set_options(L, identity->http, -1);
        lua_settop(L, 2);
    }
    return 1;
}

void
lua_identity_end_all(struct worker *worker)
{
    lua_State *L = worker->script->L;
    list_for_each (it, &worker->sessions) {
        struct lua_identity *identity = of_link(it);
        list_remove(&identity->link);
        lua_session_detach(L, identity->view_ref);
        luaL_unref(L, LUA_REGISTRYINDEX, identity->view_ref);
        session_destroy(identity->http);
        free(identity);
    }
}

nsec_t
lua_identity_last_done_at(const struct worker *worker)
{
    nsec_t last = 0;
    list_for_each (it, &worker->sessions) {
        nsec_t at = session_last_done_at(of_link(it)->http);
        if (at > last)
            last = at;
    }
    return last;
}
