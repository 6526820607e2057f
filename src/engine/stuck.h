#ifndef MOLO_ENGINE_STUCK_H
#define MOLO_ENGINE_STUCK_H

/* A shard on another thread that never comes back to its loop, because its
 * script stands where Lua cannot be stopped: in a pattern of string.find that
 * takes years. The test ends without it. With one shard the engine's own loop
 * stands, and nothing but signals_set_overdue can help. Main thread. */
struct engine;

void stuck_init(struct engine *engine);
void stuck_stop(struct engine *engine);

/* Whoever is left has had its time: those who do not answer within TASK_CLEANUP
 * are given up. */
void stuck_watch(struct engine *engine);
/* The same after a second signal: in SIGNALS_PATIENCE from that on. */
void stuck_watch_closely(struct engine *engine);

/* What the result says of a shard that was given up. */
#define STUCK_CAUSE "a script never came back from where Lua cannot be stopped"

#endif
