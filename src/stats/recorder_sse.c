#include "stats/recorder_sse.h"

#include "stats/recorder_internal.h"

void
recorder_sse_event(struct recorder *recorder, nsec_t since, bool first)
{
    recorder->snapshot->sse_events++;
    recorder_trend(recorder,
                   first ? TREND_SSE_FIRST_EVENT : TREND_SSE_EVENT_GAP, since);
}
