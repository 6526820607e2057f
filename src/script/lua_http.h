#ifndef MOLO_SCRIPT_LUA_HTTP_H
#define MOLO_SCRIPT_LUA_HTTP_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* session:get and its kin: starting a transfer, recording it, and what the
 * script gets of it: a response or an error object. */

struct recorder_context;
struct script;
struct task;
struct transfer;
struct worker;

/* Whose request it is; in the transfer's data. */
struct lua_exchange {
    struct lua_exchange *next_spare;
    struct worker *worker;
    struct task *task; /* that waits for its end */
    bool poll;         /* of an attempt of molo.eventually */
    nsec_t due_at;     /* of its first exchange on a schedule; else 0 */
    void *stream;      /* lua_stream.c, instead of `task` */
};

/* Adds get, post ... to the table of methods on top of the stack. */
void lua_http_methods(lua_State *L);
/* Frees what requests left for the next ones. */
void lua_http_finish(struct script *script);

/* --- for other ways to make requests --- */

/* A transfer for `task` that is recorded when it is over. Arguments are those
 * of the C function: session (checked), URL, options or nil; what is above may
 * be gone after. Raises. */
struct transfer *lua_http_begin(lua_State *L, struct task *task,
                                const char *method, size_t method_size);
/* Does not raise. */
void lua_http_send(struct transfer *transfer);
/* Tells listeners that it begins; part of lua_http_send. */
void lua_http_announce(struct transfer *transfer);
/* The tags it is recorded under. */
const struct recorder_context *
lua_http_context(const struct transfer *transfer);
/* Answered, and with a status that was expected if any was asked for. */
bool lua_http_is_accepted(const struct transfer *transfer);
/* Pushes the error object of one that was not. */
void lua_http_push_error(lua_State *L, const struct transfer *transfer);
/* The same, then releases it and raises. */
int lua_http_raise(lua_State *L, struct transfer *transfer);
void lua_http_release(struct transfer *transfer);

#endif
