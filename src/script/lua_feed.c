#include "script/lua_feed.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "plan/options.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char feed_metatable[] = "molo.feed";

struct lua_feed *
lua_feed_push(lua_State *L, const char *path, uint64_t number)
{
    struct lua_feed *feed = lua_newuserdatauv(L, sizeof(*feed), 1);
    *feed = (struct lua_feed){.plan.number = number};
    luaL_setmetatable(L, feed_metatable);
    feed->path = xstrdup(path);
    /* Files are loaded alike everywhere, so that this is one counter. */
    feed->cursor = xasprintf("\001feed %" PRIu64 " %s", number, path);
    return feed;
}

static struct lua_feed *
check_feed(lua_State *L, const char *operation)
{
    struct lua_feed *feed = luaL_testudata(L, 1, feed_metatable);
    if (!feed)
        mlua_misuse(L, "%s: call it on a feed, with a colon: users:%s(...)",
                    operation, operation);
    return feed;
}

/* --- records --- */

/* The feed is at 1. */
static void
push_csv(lua_State *L, const struct csv_fields *fields)
{
    bool named = lua_getiuservalue(L, 1, 1) == LUA_TTABLE;
    int names = lua_gettop(L);
    lua_createtable(L, named ? 0 : (int)fields->count,
                    named ? (int)fields->count : 0);
    for (size_t i = 0; i < fields->count; i++) {
        size_t size;
        const char *text = csv_field(fields, i, &size);
        if (named) {
            lua_rawgeti(L, names, (lua_Integer)i + 1);
            lua_pushlstring(L, text, size);
            lua_rawset(L, names + 1);
        } else {
            lua_pushlstring(L, text, size);
            lua_rawseti(L, names + 1, (lua_Integer)i + 1);
        }
    }
}

/* Pushes record number `index`, from 0. */
static int
push_record(lua_State *L, struct lua_feed *feed, uint64_t index)
{
    struct err err;
    const struct csv_fields *fields = NULL;
    const json_t *json = NULL;
    const char *line = NULL;
    size_t size = 0;
    switch (feed->kind) {
    case FEED_CSV:
        fields = feed_file_csv(feed->file, index, &err);
        break;
    case FEED_JSON:
    case FEED_NDJSON:
        json = feed_file_json(feed->file, index, &err);
        break;
    case FEED_LINES:
        line = feed_file_line(feed->file, index, &size, &err);
        break;
    }
    if (fields)
        push_csv(L, fields);
    else if (json)
        mlua_push_json(L, json);
    else if (line)
        lua_pushlstring(L, line, size);
    else
        mlua_misuse(L, "feed: %s", err.message);
    return 1;
}

static int
raise_end(lua_State *L, const struct lua_feed *feed, struct task *task,
          uint64_t ordinal)
{
    struct worker *worker = task->worker;
    const char *text =
        lua_pushfstring(L, "'%s' has no more records: it has %I", feed->path,
                        (LUAI_UACINT)feed->plan.count);
    if (feed->plan.end == FEED_STOP && worker->workload) {
        /* Ordinals count over all threads, so that it is told once. */
        if (worker->step == 0 && ordinal == feed->plan.count)
            log_warning("%s; who finds none before the first run makes no run "
                        "(order = \"worker\" shares records)",
                        text);
        worker->quit = true;
        /* Its other tasks end with it. */
        worker_stop(worker);
        log_verbose("worker %d quits: %s", (int)worker->id, text);
        return task_raise_end(L, task, text);
    }
    mlua_push_error(L, "exhausted", text);
    lua_pushstring(L, feed->path);
    lua_setfield(L, -2, "name");
    return lua_error(L);
}

static int
push_ordinal(lua_State *L, struct lua_feed *feed, struct task *task,
             uint64_t ordinal)
{
    const struct script *script = task->worker->script;
    uint64_t index;
    if (!feed_plan_pick(&feed->plan, script->env.options->seed, ordinal,
                        &index))
        return raise_end(L, feed, task, ordinal);
    return push_record(L, feed, index);
}

static int
grant_next(lua_State *L, struct task *task)
{
    struct lua_feed *feed = luaL_checkudata(L, 1, feed_metatable);
    mlua_push_value(L, task->wait.reply.value);
    return push_ordinal(L, feed, task, (uint64_t)lua_tointeger(L, -1) - 1);
}

static const struct wait_ops next_wait = LUA_SYNC_WAIT(grant_next);

/* feed:next() -> record */
static int
feed_next(lua_State *L)
{
    struct lua_feed *feed = check_feed(L, "next");
    struct task *task = wait_check(L, "feed:next");
    lua_settop(L, 1);
    if (feed->plan.order == FEED_RANDOM)
        return push_record(L, feed,
                           (uint64_t)rng_int(&task->worker->rng, 0,
                                             (int64_t)feed->plan.count - 1));
    if (feed->plan.order == FEED_WORKER) {
        if (!task->worker->workload)
            mlua_misuse(L, "feed:next: with order \"worker\" each worker has a "
                           "record of its own; a global fixture takes "
                           "feed:at(number)");
        return push_ordinal(L, feed, task, (uint64_t)task->worker->id);
    }
    lua_sync_check_not_updating(L, task, "feed:next");
    struct hub_op op = {
        .type = HUB_OP_VAR_ADD,
        .object = HUB_VARIABLE,
        .name = feed->cursor,
        .room = HUB_NO_ROOM,
        .timeout = HUB_TIMEOUT_DEFAULT,
        .has_value = true,
        .value = value_from_integer(1),
    };
    return lua_sync_submit(L, &op, &next_wait);
}

/* feed:at(number) -> record; does not wait. */
static int
feed_at(lua_State *L)
{
    struct lua_feed *feed = check_feed(L, "at");
    int ok;
    lua_Integer number = lua_tointegerx(L, 2, &ok);
    if (!ok || lua_type(L, 2) != LUA_TNUMBER)
        return mlua_misuse(L,
                           "feed:at: expected the number of a record, got "
                           "%s",
                           luaL_typename(L, 2));
    if (number < 1 || (uint64_t)number > feed->plan.count)
        return mlua_misuse(
            L, "feed:at: '%s' has the records 1 to %" PRIu64 ", not %lld",
            feed->path, feed->plan.count, (long long)number);
    lua_settop(L, 1);
    return push_record(L, feed, (uint64_t)number - 1);
}

static int
feed_len(lua_State *L)
{
    const struct lua_feed *feed = luaL_checkudata(L, 1, feed_metatable);
    lua_pushinteger(L, (lua_Integer)feed->plan.count);
    return 1;
}

static int
feed_tostring(lua_State *L)
{
    const struct lua_feed *feed = luaL_checkudata(L, 1, feed_metatable);
    lua_pushfstring(L, "feed '%s'", feed->path);
    return 1;
}

static int
feed_gc(lua_State *L)
{
    struct lua_feed *feed = luaL_checkudata(L, 1, feed_metatable);
    feed_file_close(feed->file);
    free(feed->path);
    free(feed->cursor);
    *feed = (struct lua_feed){0};
    return 0;
}

static const luaL_Reg feed_methods[] = {
    {"at", feed_at},
    {"next", feed_next},
    {NULL, NULL},
};

static const luaL_Reg feed_meta[] = {
    {"__gc", feed_gc},
    {"__len", feed_len},
    {"__tostring", feed_tostring},
    {NULL, NULL},
};

void
lua_feed_open(lua_State *L)
{
    mlua_new_class(L, feed_metatable, feed_methods, feed_meta);
}
