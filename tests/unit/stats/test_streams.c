#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judged.h"
#include "stats/recorder_sse.h"
#include "stats/recorder_ws.h"

static const struct recorder_context *
context_of(struct recorder *recorder, const char *phase)
{
    static const char tags[] = "team\0blue";
    return recorder_context(recorder, &(struct recorder_labels){
                                          .scenario = "chat",
                                          .phase = phase,
                                          .tags = tags,
                                          .tags_size = sizeof(tags),
                                      });
}

static void
talk(struct recorder *recorder, const struct recorder_context *context,
     const char *name, uint64_t messages, nsec_t unit)
{
    recorder_ws_time(recorder, context, name, WS_TIME_CONNECTING, unit);
    recorder_ws_traffic(recorder, &(struct ws_traffic){
                                      .context = context,
                                      .name = name,
                                      .messages_sent = messages,
                                      .messages_received = 2 * messages,
                                      .bytes_sent = 10 * messages,
                                      .bytes_received = 20 * messages,
                                  });
    recorder_ws_time(recorder, context, name, WS_TIME_PING, 2 * unit);
    recorder_ws_time(recorder, context, name, WS_TIME_SESSION, 3 * unit);
}

static void
test_websockets_by_tag(void **state)
{
    struct recorder *recorder = recorder_create();
    static const char page[] = "page\0lobby";
    const struct recorder_context *run = context_of(recorder, "run");
    talk(recorder, run, "/ws", 5, NSEC_PER_MSEC);
    talk(recorder, recorder_context_with(recorder, run, page, sizeof(page)),
         "/ws/room", 7, NSEC_PER_SEC);
    static const struct judged rows[] = {
        {"ws_msgs_sent:count < 9", "12"},
        {"ws_msgs_sent:rate < 9", "3/s"},
        {"ws_msgs_sent{name=/ws}:count < 9", "5"},
        {"ws_msgs_received{page=lobby}:count < 9", "14"},
        {"ws_msgs_received{scenario=chat,team=blue}:count < 9", "24"},
        {"ws_msgs_received{scenario=buy}:count < 9", "0, nothing measured"},
        {"ws_connecting:count < 9", "2"},
        {"ws_connecting{name=/ws}:max < 9s", "1 ms"},
        {"ws_ping{name=/ws/room}:max < 9s", "2 s"},
        {"ws_session_duration{page=lobby}:max < 9s", "3 s"},
        {"data_sent{name=/ws}:count < 9kB", "50 B"},
    };
    ASSERT_VALUES(recorder_snapshot(recorder), NULL, rows);
    recorder_destroy(recorder);
}

/* As with requests: thresholds and times are about runs. */
static void
test_websockets_of_fixtures(void **state)
{
    struct recorder *recorder = recorder_create();
    talk(recorder, context_of(recorder, "run"), "/ws", 5, NSEC_PER_MSEC);
    talk(recorder, context_of(recorder, "setup"), "/ws", 100, NSEC_PER_SEC);
    static const struct judged rows[] = {
        {"ws_msgs_sent:count < 9", "5"},
        {"ws_msgs_sent{phase=setup}:count < 9", "100"},
        {"ws_ping:max < 9s", "2 ms"},
        {"ws_ping{phase=setup}:max < 9s", "2 s"},
    };
    const struct snapshot *s = recorder_snapshot(recorder);
    ASSERT_VALUES(s, NULL, rows);
    assert_int_equal(s->ws_messages_sent, 105);
    recorder_destroy(recorder);
}

static void
test_events_of_fixtures(void **state)
{
    struct recorder *recorder = recorder_create();
    recorder_sse_event(recorder, context_of(recorder, "run"), "/events",
                       NSEC_PER_MSEC, false);
    recorder_sse_event(recorder, context_of(recorder, "setup"), "/events",
                       NSEC_PER_SEC, false);
    recorder_sse_event(recorder, NULL, "/events", 3 * NSEC_PER_MSEC, true);
    static const struct judged rows[] = {
        {"sse_events:count < 9", "2"},
        {"sse_events{phase=setup}:count < 9", "1"},
        {"sse_event_gap:max < 9s", "1 ms"},
        {"sse_event_gap{phase=setup}:max < 9s", "1 s"},
        {"sse_first_event:max < 9s", "3 ms"},
    };
    ASSERT_VALUES(recorder_snapshot(recorder), NULL, rows);
    recorder_destroy(recorder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_websockets_by_tag),
        cmocka_unit_test(test_websockets_of_fixtures),
        cmocka_unit_test(test_events_of_fixtures),
    };
    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
