/* Programs at random: every run is a row of fragments, each of which is what a
 * sensible script does with one object, and then accidents are strewn in. */
#include <stdio.h>

#include "base/rng.h"
#include "program.h"

struct maker {
    struct program *program;
    struct rng rng;
    unsigned types;
    int calm; /* per cent of calls without an accident */
};

static bool
chance(struct maker *maker, int percent)
{
    return rng_int(&maker->rng, 0, 99) < percent;
}

static int
pick(struct maker *maker, int low, int high)
{
    return (int)rng_int(&maker->rng, low, high);
}

static nsec_t
pick_time(struct maker *maker)
{
    return pick(maker, 1, 40) * 5 * NSEC_PER_MSEC;
}

/* --- calls --- */

static struct call *
add(struct maker *maker, struct script *script, enum call_kind kind)
{
    /* A script that is full loses its end. */
    if (script->count == MAX_CALLS)
        script->count--;
    struct call *call = &script->calls[script->count++];
    *call = (struct call){
        .kind = kind,
        .timeout = HUB_TIMEOUT_DEFAULT,
        .catches = chance(maker, 60),
    };
    return call;
}

static void
add_accident(struct maker *maker, struct call *call)
{
    static const enum fault faults[] = {
        FAULT_CANCEL, FAULT_CANCEL, FAULT_CANCEL, FAULT_LATE,
        FAULT_SCOPE,  FAULT_SCOPE,  FAULT_RESET,  FAULT_KILL,
    };
    if (chance(maker, maker->calm))
        return;
    call->fault = faults[pick(maker, 0, 7)];
    call->fault_after = pick(maker, 0, 12);
    call->fault_delay = pick_time(maker);
}

static struct call *
add_op(struct maker *maker, struct script *script, int object,
       enum hub_op_type op)
{
    struct call *call = add(maker, script, CALL_OP);
    call->op = op;
    call->object = object;
    call->amount = 1;
    return call;
}

/* One that may wait. */
static struct call *
add_wait(struct maker *maker, struct script *script, int object,
         enum hub_op_type op)
{
    struct call *call = add_op(maker, script, object, op);
    if (!chance(maker, maker->calm))
        call->timeout = chance(maker, 20)   ? 0
                        : chance(maker, 15) ? HUB_TIMEOUT_NONE
                                            : pick_time(maker);
    add_accident(maker, call);
    return call;
}

static void
add_pause(struct maker *maker, struct script *script)
{
    if (chance(maker, 40))
        add(maker, script, CALL_YIELD);
    else if (chance(maker, 30))
        add(maker, script, CALL_SLEEP)->time = pick_time(maker);
    else if (!chance(maker, maker->calm) && chance(maker, 30))
        add(maker, script, CALL_RAISE);
}

/* --- fragments, one for each type --- */

static void
make_notifier(struct maker *maker, struct script *script, int object, int part)
{
    int rounds = chance(maker, 70) ? 1 : pick(maker, 1, 3);
    for (int i = 0; i < rounds; i++) {
        int64_t round = chance(maker, 10) ? pick(maker, 1, 4) : 0;
        if (part == 0 || chance(maker, 5)) {
            if (chance(maker, 60))
                add_wait(maker, script, object, HUB_OP_NOTIFIER_WAIT_READERS);
            add_pause(maker, script);
            add_op(maker, script, object, HUB_OP_NOTIFIER_WRITTEN)->round =
                round;
        } else {
            add_wait(maker, script, object, HUB_OP_NOTIFIER_WAIT_WRITER)
                ->round = round;
            add_pause(maker, script);
            if (chance(maker, 85))
                add_op(maker, script, object, HUB_OP_NOTIFIER_ONE_READ);
        }
    }
}

static void
make_barrier(struct maker *maker, struct script *script, int object, int part)
{
    struct call *call = add_wait(maker, script, object, HUB_OP_BARRIER_WAIT);
    call->has_action = chance(maker, 30);
    call->follow_fails = call->has_action && chance(maker, 20);
    call->hold = pick(maker, 0, 4);
    call->abandons = chance(maker, 8);
    call->exchange = part == 1 ? chance(maker, 80) : chance(maker, 20);
    call->round = chance(maker, 5) ? pick(maker, 1, 4) : 0;
    if (chance(maker, 15))
        add_op(maker, script, object, HUB_OP_BARRIER_STATE);
    if (!chance(maker, maker->calm) && chance(maker, 40))
        add_op(maker, script, object,
               chance(maker, 60) ? HUB_OP_BARRIER_ABORT : HUB_OP_BARRIER_RESET);
}

static void
make_event(struct maker *maker, struct script *script, int object, int part)
{
    if (part > 0 || chance(maker, 40))
        add_wait(maker, script, object, HUB_OP_EVENT_WAIT);
    if (part == 0 || chance(maker, 30)) {
        add_pause(maker, script);
        add_op(maker, script, object, HUB_OP_EVENT_SET)->amount =
            pick(maker, 1, 1000);
    }
    if (chance(maker, 30))
        add_op(maker, script, object, HUB_OP_EVENT_CLEAR);
    if (chance(maker, 20))
        add_op(maker, script, object, HUB_OP_EVENT_STATE);
}

static void
make_lock(struct maker *maker, struct script *script, int object, int part)
{
    struct call *call = add_wait(maker, script, object, HUB_OP_LOCK_ACQUIRE);
    call->attempt = chance(maker, 10);
    call->worker_scope = chance(maker, 5);
    add_pause(maker, script);
    if (chance(maker, 10))
        add_op(maker, script, object, HUB_OP_LOCK_STATE);
    if (chance(maker, 92))
        add_op(maker, script, object, HUB_OP_LOCK_RELEASE);
}

static void
make_semaphore(struct maker *maker, struct script *script, int object, int part)
{
    const struct hub_options *options =
        &maker->program->objects[object].options;
    int amount = pick(maker, 1, (int)options->permits);
    struct call *call =
        add_wait(maker, script, object, HUB_OP_SEMAPHORE_ACQUIRE);
    call->amount = amount;
    call->attempt = chance(maker, 10);
    call->worker_scope = chance(maker, 5);
    add_pause(maker, script);
    if (chance(maker, 10))
        add_op(maker, script, object, HUB_OP_SEMAPHORE_STATE);
    if (!chance(maker, 93))
        return;
    call = add_op(maker, script, object, HUB_OP_SEMAPHORE_RELEASE);
    call->amount = chance(maker, 90) ? amount : pick(maker, 1, 2);
}

static void
make_condition(struct maker *maker, struct script *script, int object, int part)
{
    add_wait(maker, script, object, HUB_OP_LOCK_ACQUIRE);
    if (part > 0 && chance(maker, 70)) {
        add_wait(maker, script, object, HUB_OP_CONDITION_WAIT);
        add_pause(maker, script);
    } else {
        add_pause(maker, script);
        add_op(maker, script, object, HUB_OP_CONDITION_NOTIFY)->amount =
            pick(maker, 0, 2);
    }
    if (chance(maker, 94))
        add_op(maker, script, object, HUB_OP_LOCK_RELEASE);
}

static void
make_queue(struct maker *maker, struct script *script, int object, int part)
{
    int count = pick(maker, 1, 3);
    for (int i = 0; i < count; i++) {
        bool puts = part % 2 == 0 ? chance(maker, 75) : chance(maker, 25);
        struct call *call = add_wait(
            maker, script, object, puts ? HUB_OP_QUEUE_PUT : HUB_OP_QUEUE_GET);
        call->attempt = chance(maker, 12);
        add_pause(maker, script);
        if (!puts && chance(maker, 50))
            add_op(maker, script, object, HUB_OP_QUEUE_DONE);
    }
    if (chance(maker, 12))
        add_wait(maker, script, object, HUB_OP_QUEUE_JOIN);
    if (chance(maker, 10))
        add_op(maker, script, object, HUB_OP_QUEUE_STATE);
    if (chance(maker, 6))
        add_op(maker, script, object, HUB_OP_QUEUE_CLOSE);
}

static void
make_limiter(struct maker *maker, struct script *script, int object, int part)
{
    int count = pick(maker, 1, 3);
    for (int i = 0; i < count; i++)
        add_wait(maker, script, object, HUB_OP_LIMITER_TAKE)->amount =
            chance(maker, 3) ? 9 : pick(maker, 1, 3);
}

static void
make_variable(struct maker *maker, struct script *script, int object, int part)
{
    static const enum hub_op_type ops[] = {
        HUB_OP_VAR_GET_OR_MAKE, HUB_OP_VAR_GET_OR_MAKE, HUB_OP_VAR_GET_OR_MAKE,
        HUB_OP_VAR_LOCK,        HUB_OP_VAR_LOCK,        HUB_OP_VAR_LOCK,
        HUB_OP_VAR_ADD,         HUB_OP_VAR_ADD,         HUB_OP_VAR_GET,
        HUB_OP_VAR_SET,         HUB_OP_VAR_DELETE,      HUB_OP_VAR_DELETE,
        HUB_OP_VAR_WAIT,        HUB_OP_VAR_WAIT_CHANGE,
    };
    int count = pick(maker, 1, 3);
    for (int i = 0; i < count; i++) {
        struct call *call =
            add_wait(maker, script, object, ops[pick(maker, 0, 13)]);
        call->amount = pick(maker, 1, 4);
        call->hold = pick(maker, 0, 5);
        call->abandons = chance(maker, 8);
        call->follow_fails = chance(maker, 15);
        call->gives_up = chance(maker, 40);
        call->has_value = chance(maker, 50);
        add_pause(maker, script);
    }
}

static void
make_fragment(struct maker *maker, struct script *script, int object, int part)
{
    static void (*const make[])(struct maker *, struct script *, int, int) = {
        [HUB_VARIABLE] = make_variable,   [HUB_NOTIFIER] = make_notifier,
        [HUB_BARRIER] = make_barrier,     [HUB_EVENT] = make_event,
        [HUB_LOCK] = make_lock,           [HUB_SEMAPHORE] = make_semaphore,
        [HUB_CONDITION] = make_condition, [HUB_QUEUE] = make_queue,
        [HUB_LIMITER] = make_limiter,
    };
    make[maker->program->objects[object].type](maker, script, object, part);
}

/* --- runs --- */

static int
new_script(struct maker *maker)
{
    struct program *program = maker->program;
    if (program->script_count == MAX_SCRIPTS)
        return NO_SCRIPT;
    program->scripts[program->script_count].count = 0;
    return program->script_count++;
}

static bool
is_lockstep(const struct object_plan *object)
{
    return object->type == HUB_NOTIFIER ||
           (object->type == HUB_BARRIER && object->options.parties == 0);
}

static void
add_tasks(struct maker *maker, struct script *script, int part)
{
    struct program *program = maker->program;
    int count = pick(maker, 1, 2);
    for (int i = 0; i < count; i++) {
        int child = new_script(maker);
        if (child == NO_SCRIPT)
            return;
        int object = pick(maker, 0, program->object_count - 1);
        if (!is_lockstep(&program->objects[object]) || chance(maker, 10))
            make_fragment(maker, &program->scripts[child], object, part + 1);
        add_pause(maker, &program->scripts[child]);
        add(maker, script, CALL_SPAWN)->script = child;
    }
    add_pause(maker, script);
    if (chance(maker, 50)) {
        struct call *call = add(maker, script, CALL_JOIN);
        add_accident(maker, call);
        if (!chance(maker, maker->calm))
            call->timeout = pick_time(maker);
    }
}

static int
make_run(struct maker *maker, int part)
{
    struct program *program = maker->program;
    int index = new_script(maker);
    if (index == NO_SCRIPT)
        return NO_SCRIPT;
    struct script *script = &program->scripts[index];
    add_pause(maker, script);
    /* Lockstep objects come in the same order for all. */
    for (int i = 0; i < program->object_count; i++)
        if (is_lockstep(&program->objects[i]) ? chance(maker, 95)
                                              : chance(maker, 70))
            make_fragment(maker, script, i, part);
    if (maker->types & 1u << HUB_TASK && chance(maker, 30))
        add_tasks(maker, script, part);
    if (!chance(maker, maker->calm) && chance(maker, 30))
        add(maker, script, chance(maker, 70) ? CALL_RAISE : CALL_QUIT);
    return index;
}

static void
make_worker(struct maker *maker, int index)
{
    struct program *program = maker->program;
    struct worker_plan *worker = &program->workers[index];
    *worker = (struct worker_plan){
        .room =
            program->rooms ? index * program->rooms / program->worker_count : 0,
        .start = chance(maker, 70) ? 0 : pick_time(maker),
        .delay = chance(maker, 80) ? 0 : pick_time(maker),
        .setup = chance(maker, 10) ? make_run(maker, index % 3) : NO_SCRIPT,
        .teardown = chance(maker, 10) ? make_run(maker, index % 3) : NO_SCRIPT,
    };
    if (!chance(maker, maker->calm) && chance(maker, 40))
        worker->kill_turn = pick(maker, 5, 120);
    int runs = pick(maker, 1, MAX_RUNS);
    if (maker->calm > 85 && chance(maker, 80))
        runs = 2;
    int part = program->rooms ? index % 2 : index;
    for (int i = 0; i < runs; i++) {
        int script = make_run(maker, part);
        if (script != NO_SCRIPT)
            worker->runs[worker->run_count++] = script;
    }
}

/* --- objects --- */

static void
pick_options(struct maker *maker, struct object_plan *object)
{
    struct hub_options *options = &object->options;
    options->given = true;
    switch (object->type) {
    case HUB_NOTIFIER:
        options->readers = chance(maker, 15) ? 1 : 0;
        break;
    case HUB_BARRIER:
        options->shrink = chance(maker, 30);
        if (chance(maker, 35))
            options->parties =
                pick(maker, 1,
                     maker->program->worker_count / (object->per_room ? 2 : 1));
        break;
    case HUB_SEMAPHORE:
        options->permits = pick(maker, 1, 3);
        options->unowned = chance(maker, 30);
        break;
    case HUB_QUEUE:
        options->bounded = chance(maker, 70);
        if (options->bounded)
            options->capacity = pick(maker, 0, 3);
        break;
    case HUB_LIMITER:
        options->rate = pick(maker, 1, 20) * 5;
        options->burst = pick(maker, 1, 4);
        break;
    case HUB_CONDITION:
        for (int i = 0; i < maker->program->object_count; i++)
            if (maker->program->objects[i].type == HUB_LOCK &&
                maker->program->objects[i].per_room == object->per_room &&
                chance(maker, 50))
                object->lock = i;
        break;
    case HUB_VARIABLE:
    case HUB_EVENT:
    case HUB_LOCK:
    case HUB_TASK:
    case HUB_OBJECT_TYPES:
        options->given = false;
        break;
    }
}

static void
make_objects(struct maker *maker)
{
    struct program *program = maker->program;
    enum hub_object_type allowed[HUB_OBJECT_TYPES];
    int allowed_count = 0;
    for (int type = 0; type < HUB_TASK; type++)
        if (maker->types & 1u << type)
            allowed[allowed_count++] = (enum hub_object_type)type;
    int count = pick(maker, 1, 3);
    for (int i = 0; i < count; i++) {
        struct object_plan *object = &program->objects[i];
        *object = (struct object_plan){
            .type = allowed[pick(maker, 0, allowed_count - 1)],
            .lock = -1,
        };
        object->per_room = program->rooms > 0 &&
                           (object->type == HUB_NOTIFIER ||
                            object->type == HUB_BARRIER || chance(maker, 50));
        snprintf(object->name, sizeof(object->name), "%s%d",
                 hub_object_type_name(object->type), i);
        pick_options(maker, object);
        program->object_count++;
    }
}

void
program_generate(struct program *program, uint64_t seed, unsigned types)
{
    *program = (struct program){.seed = seed, .drain_at = NSEC_NEVER};
    struct maker maker = {.program = program, .types = types};
    rng_init(&maker.rng, seed, 1);
    maker.calm = pick(&maker, 70, 100);
    program->worker_count = pick(&maker, 2, MAX_WORKERS);
    if (program->worker_count >= 4 && chance(&maker, 20))
        program->rooms = MAX_ROOMS;
    program->wait_timeout =
        chance(&maker, 80) ? 60 * NSEC_PER_SEC : pick_time(&maker);
    program->break_deadlocks = chance(&maker, 30);
    make_objects(&maker);
    for (int i = 0; i < program->worker_count; i++)
        make_worker(&maker, i);
    if (chance(&maker, 15))
        program->drain_turn = pick(&maker, 1, 120);
    else if (chance(&maker, 15))
        program->drain_at = pick_time(&maker);
    if (chance(&maker, 10))
        program->stop_turn = program->drain_turn + pick(&maker, 1, 60);
    program_relink(program);
}
