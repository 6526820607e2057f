#include "stats/recorder_sse.h"

#include "stats/recorder_internal.h"

void
recorder_sse_event(struct recorder *recorder,
                   const struct recorder_context *context, const char *name,
                   nsec_t since, bool first)
{
    context = recorder_context_or_nobody(recorder, context);
    struct series *series = recorder_series(recorder, SERIES_EVENTS, context,
                                            (struct tag[]){{"name", name}}, 1);
    series->count++;
    recorder_time(first ? &series->response : &series->time, since);
    recorder->snapshot->sse_events++;
    if (context->in_run)
        recorder_trend(recorder,
                       first ? TREND_SSE_FIRST_EVENT : TREND_SSE_EVENT_GAP,
                       since);
}
