#ifndef MOLO_SCRIPT_LUA_IDENTITY_H
#define MOLO_SCRIPT_LUA_IDENTITY_H

#include <lua.h>

#include "base/clock.h"
#include "base/list.h"

/* Second identities of a worker, made by molo.session: an HTTP client with
 * connections and defaults of its own. They end with the call (run, fixture)
 * that made them. */
struct session;
struct worker;

struct lua_identity {
    struct list link; /* in worker->sessions */
    struct session *http;
    int view_ref; /* the session object */
};

/* molo.session(options) */
int lua_identity_make(lua_State *L);
/* Ends all: their objects, if a script kept them, raise from now on. */
void lua_identity_end_all(struct worker *worker);
/* When the last of their requests was answered; 0: none. */
nsec_t lua_identity_last_done_at(const struct worker *worker);

#endif
