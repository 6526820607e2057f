#include "sample.h"

#include <stdlib.h>
#include <string.h>

static void
set(struct sample *sample, const char *name, const char *value)
{
    struct err err;
    if (!options_set(sample->options, OPTION_COMMAND_LINE, name, value, &err)) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
}

void
sample_init(struct sample *sample)
{
    static const struct plan_candidate candidates[] = {{"pad", 1}};
    *sample = (struct sample){.options = options_create()};
    set(sample, "workers", "2");
    set(sample, "duration", "4s");
    set(sample, "seed", "7");
    set(sample, "tag", "build=12");
    sample->plan = plan_create(sample->options, candidates, 1, NULL);
    if (sample->plan == NULL)
        abort();
    sample->recorder = recorder_create();
    sample->result = (struct result){
        .plan = sample->plan,
        .snapshot = recorder_snapshot(sample->recorder),
        .scenario_path = "scenarios/pad.lua",
        .started_at = "2026-01-01T00:00:00Z",
        .duration = 4 * NSEC_PER_SEC,
        .generator = {.cpu = 0.25,
                      .cpu_loop = 0.2,
                      .cpu_wait = -1,
                      .loop_lag_p99 = NSEC_PER_MSEC,
                      .loop_lag_max = 2 * NSEC_PER_MSEC,
                      .max_rss = 5000000,
                      .fds = 12,
                      .fds_limit = 1024,
                      .lua_memory = 70000,
                      .gc_cycles = 3},
        .ended_by = "duration",
    };
}

void
sample_finish(struct sample *sample)
{
    recorder_destroy(sample->recorder);
    plan_destroy(sample->plan);
    options_destroy(sample->options);
}

static void
record_requests(struct recorder *recorder)
{
    struct request_sample request = {
        .method = "GET",
        .name = "/pad/demo",
        .status = 200,
        .sends = 1,
        .bytes_sent = 100,
        .bytes_received = 1000,
        .dns = -1,
        .connect = -1,
        .tls = -1,
        .send = 1000,
    };
    for (int i = 1; i <= 8; i++) {
        request.duration = i * NSEC_PER_MSEC;
        recorder_request(recorder, &request);
    }
    request.method = "PUT";
    request.status = 404;
    request.failed = true;
    request.duration = 20 * NSEC_PER_MSEC;
    recorder_request(recorder, &request);
    request.status = 0;
    request.sends = 2;
    request.bytes_received = 0;
    recorder_request(recorder, &request);
    request.sends = 0;
    request.bytes_sent = 0;
    recorder_request(recorder, &request);
}

void
sample_record(struct sample *sample)
{
    struct recorder *recorder = sample->recorder;
    static const enum run_outcome outcomes[] = {RUN_OK, RUN_OK, RUN_OK,
                                                RUN_FAILED, RUN_INTERRUPTED};
    for (size_t i = 0; i < 5; i++) {
        recorder_run_start(recorder, NULL);
        recorder_run_end(recorder, NULL, "pad", outcomes[i], 40 * NSEC_PER_MSEC,
                         30 * NSEC_PER_MSEC);
    }
    record_requests(recorder);
    for (int i = 0; i < 4; i++)
        recorder_check(recorder, NULL, "text arrived", i != 2);
    char where[] = "pad.lua:9";
    struct error_first first = {
        .worker_id = 1, .step = 3, .at = 500 * NSEC_PER_MSEC, .where = where};
    recorder_error(recorder, NULL, "timeout", "no answer\x1b[2J\nafter 60 s",
                   &first);
    recorder_error(recorder, NULL, "timeout", "no answer\x1b[2J\nafter 60 s",
                   &first);
    for (int i = 1; i <= 3; i++) {
        recorder_coord_event(recorder, "notifier", "pad1", COORD_ROUND);
        recorder_coord_wait(recorder, "notifier", "pad2", i * NSEC_PER_MSEC);
        recorder_coord_time(recorder, COORD_PROPAGATION, "notifier", "pad3",
                            2000);
    }
    recorder_coord_event(recorder, "notifier", "pad1", COORD_MISSED);
}
