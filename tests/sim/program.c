#include "program.h"

#include <inttypes.h>
#include <string.h>

#include "base/units.h"

void
program_relink(struct program *program)
{
    for (int i = 0; i < program->object_count; i++) {
        struct object_plan *object = &program->objects[i];
        object->options.lock =
            object->lock >= 0 ? program->objects[object->lock].name : NULL;
        object->options.lock_room = HUB_SAME_ROOM;
    }
}

int
program_room_size(const struct program *program, int room)
{
    int size = 0;
    for (int i = 0; i < program->worker_count; i++)
        size += program->workers[i].room == room;
    return size;
}

/* Those of a room have ids in a row, so removing one keeps that. */
void
program_remove_worker(struct program *program, int worker)
{
    int after = program->worker_count - worker - 1;
    memmove(&program->workers[worker], &program->workers[worker + 1],
            (size_t)after * sizeof(program->workers[0]));
    program->worker_count--;
}

/* --- as text --- */

static void
describe_time(const char *what, nsec_t time, struct buf *out)
{
    char text[32];
    units_format_duration(time, text, sizeof(text));
    buf_printf(out, " %s=%s", what, text);
}

static void
describe_fault(const struct call *call, struct buf *out)
{
    switch (call->fault) {
    case FAULT_NONE:
        return;
    case FAULT_CANCEL:
        buf_printf(out, " cancelled-after=%d", call->fault_after);
        return;
    case FAULT_LATE:
        buf_printf(out, " late-cancel-after=%d", call->fault_after);
        return;
    case FAULT_SCOPE:
        describe_time("scope", call->fault_delay, out);
        return;
    case FAULT_RESET:
        buf_printf(out, " reset-after=%d", call->fault_after);
        return;
    case FAULT_KILL:
        buf_printf(out, " killed-after=%d", call->fault_after);
        return;
    }
}

static void
describe_operation(const struct program *program, const struct call *call,
                   struct buf *out)
{
    const struct object_plan *object = &program->objects[call->object];
    buf_printf(out, "%s:%s", object->name, hub_op_name(call->op));
    if (call->amount)
        buf_printf(out, " amount=%" PRId64, call->amount);
    if (call->round)
        buf_printf(out, " round=%" PRId64, call->round);
    if (call->timeout == HUB_TIMEOUT_NONE)
        buf_append_str(out, " timeout=none");
    else if (call->timeout != HUB_TIMEOUT_DEFAULT)
        describe_time("timeout", call->timeout, out);
    const struct {
        bool set;
        const char *name;
    } flags[] = {
        {call->attempt, "attempt"},           {call->exchange, "exchange"},
        {call->has_action, "action"},         {call->has_value, "value"},
        {call->worker_scope, "worker-scope"}, {call->gives_up, "gives-up"},
        {call->follow_fails, "follow-fails"}, {call->catches, "catches"},
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (flags[i].set)
            buf_printf(out, " %s", flags[i].name);
    if (call->hold)
        buf_printf(out, " hold=%d", call->hold);
    describe_fault(call, out);
}

static void
describe_call(const struct program *program, const struct call *call,
              struct buf *out)
{
    switch (call->kind) {
    case CALL_OP:
        describe_operation(program, call, out);
        return;
    case CALL_SLEEP:
        buf_append_str(out, "sleep");
        describe_time("time", call->time, out);
        return;
    case CALL_YIELD:
        buf_append_str(out, "yield");
        return;
    case CALL_SPAWN:
        buf_printf(out, "spawn script %d", call->script);
        return;
    case CALL_JOIN:
        buf_append_str(out, "join");
        if (call->timeout >= 0)
            describe_time("timeout", call->timeout, out);
        describe_fault(call, out);
        return;
    case CALL_RAISE:
        buf_append_str(out, "raise");
        return;
    case CALL_QUIT:
        buf_append_str(out, "quit");
        return;
    }
}

static void
describe_object(const struct object_plan *object, struct buf *out)
{
    const struct hub_options *o = &object->options;
    buf_printf(out, "object %s%s", object->name,
               object->per_room ? " of each room" : "");
    if (o->readers)
        buf_printf(out, " readers=%" PRId32, o->readers);
    if (o->parties)
        buf_printf(out, " parties=%" PRId32, o->parties);
    if (o->shrink)
        buf_append_str(out, " shrink");
    if (o->unowned)
        buf_append_str(out, " unowned");
    if (o->permits)
        buf_printf(out, " permits=%" PRId64, o->permits);
    if (o->lock)
        buf_printf(out, " lock=%s", o->lock);
    if (o->bounded)
        buf_printf(out, " capacity=%" PRId64, o->capacity);
    if (o->rate > 0)
        buf_printf(out, " rate=%g burst=%g", o->rate, o->burst);
    buf_append_str(out, "\n");
}

static void
describe_script(const struct program *program, int index, struct buf *out)
{
    const struct script *script = &program->scripts[index];
    for (int i = 0; i < script->count; i++) {
        buf_append_str(out, "    ");
        describe_call(program, &script->calls[i], out);
        buf_append_str(out, "\n");
    }
}

static void
describe_spawned(const struct program *program, struct buf *out)
{
    bool told[MAX_SCRIPTS] = {false};
    for (int s = 0; s < program->script_count; s++)
        for (int i = 0; i < program->scripts[s].count; i++) {
            const struct call *call = &program->scripts[s].calls[i];
            if (call->kind != CALL_SPAWN || told[call->script])
                continue;
            told[call->script] = true;
            buf_printf(out, "script %d\n", call->script);
            describe_script(program, call->script, out);
        }
}

static void
describe_worker(const struct program *program, int index, struct buf *out)
{
    const struct worker_plan *worker = &program->workers[index];
    buf_printf(out, "worker %d", index);
    if (program->rooms)
        buf_printf(out, " room=%d", worker->room + 1);
    describe_time("start", worker->start, out);
    if (worker->delay)
        describe_time("delay", worker->delay, out);
    if (worker->kill_turn)
        buf_printf(out, " killed-at-turn=%d", worker->kill_turn);
    buf_append_str(out, "\n");
    if (worker->setup != NO_SCRIPT) {
        buf_append_str(out, "  setup\n");
        describe_script(program, worker->setup, out);
    }
    for (int i = 0; i < worker->run_count; i++) {
        buf_printf(out, "  run %d\n", i + 1);
        describe_script(program, worker->runs[i], out);
    }
    if (worker->teardown != NO_SCRIPT) {
        buf_append_str(out, "  teardown\n");
        describe_script(program, worker->teardown, out);
    }
}

void
program_describe(const struct program *program, struct buf *out)
{
    buf_printf(out, "program of seed %" PRIu64 ": %d workers", program->seed,
               program->worker_count);
    describe_time("wait-timeout", program->wait_timeout, out);
    buf_printf(out, " on-deadlock=%s",
               program->break_deadlocks ? "break" : "stop");
    if (program->drain_turn)
        buf_printf(out, " drain-turn=%d", program->drain_turn);
    if (program->drain_at != NSEC_NEVER)
        describe_time("drain-at", program->drain_at, out);
    if (program->stop_turn)
        buf_printf(out, " stop-turn=%d", program->stop_turn);
    buf_append_str(out, "\n");
    for (int i = 0; i < program->object_count; i++)
        describe_object(&program->objects[i], out);
    for (int i = 0; i < program->worker_count; i++)
        describe_worker(program, i, out);
    describe_spawned(program, out);
}
