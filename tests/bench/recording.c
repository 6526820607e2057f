/* How long recording one request takes, in nanoseconds: untagged, with a tag of
 * its own, and with 900 series in turn. For measuring.py. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "stats/recorder.h"

#define ROUNDS 2000000
#define SERIES 900

static double
measure(struct recorder *recorder, const struct recorder_context *context,
        bool tagged, int series)
{
    static const char tags[] = "page\0cart";
    char names[SERIES][16];
    for (int i = 0; i < SERIES; i++)
        snprintf(names[i], sizeof(names[i]), "/item/%d", i);
    struct request_sample sample = {
        .method = "GET",
        .status = 200,
        .sends = 1,
        .bytes_sent = 80,
        .bytes_received = 500,
        .dns = -1,
        .connect = -1,
        .tls = -1,
        .send = 10000,
        .wait = 200000,
        .receive = 20000,
    };
    nsec_t began = clock_real_now();
    for (int i = 0; i < ROUNDS; i++) {
        sample.name = names[i % series];
        sample.duration = 150000 + (i & 0xffff);
        sample.context = tagged ? recorder_context_with(recorder, context, tags,
                                                        sizeof(tags))
                                : context;
        recorder_request(recorder, &sample);
    }
    return (double)(clock_real_now() - began) / ROUNDS;
}

int
main(void)
{
    struct recorder *recorder = recorder_create();
    const struct recorder_context *context =
        recorder_context(recorder, &(struct recorder_labels){
                                       .workload = "default",
                                       .scenario = "shop",
                                       .phase = "run",
                                   });
    printf("{\"plain\": %.1f, ", measure(recorder, context, false, 1));
    printf("\"tagged\": %.1f, ", measure(recorder, context, true, 1));
    printf("\"series\": %.1f}\n", measure(recorder, context, false, SERIES));
    recorder_destroy(recorder);
    return 0;
}
