/* /stock, /seat, /auction, /chat, /limited: what many users want at once. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "serve/handlers.h"

#define CHAT_TEXT_MAX 10000
#define NUMBER_MAX (INT64_C(1) << 53)

static enum MHD_Result
reply_full(struct request *request)
{
    return request_reply_text(request, MHD_HTTP_INSUFFICIENT_STORAGE,
                              "no room for more of these\n");
}

static unsigned
status_of(enum contest_outcome outcome)
{
    return outcome == CONTEST_WON ? MHD_HTTP_OK : MHD_HTTP_CONFLICT;
}

static bool
is_get(const struct request *request)
{
    return handler_is_method(request, MHD_HTTP_METHOD_GET) ||
           handler_is_method(request, MHD_HTTP_METHOD_HEAD);
}

/* --- /stock/NAME --- */

enum MHD_Result
handle_stock(struct request *request, const char *argument)
{
    struct contests *contests = request->target->contests;
    struct contest_state state;
    enum contest_outcome outcome = CONTEST_WON;
    if (is_get(request)) {
        contest_look(contests, request->path, &state);
    } else if (handler_is_method(request, MHD_HTTP_METHOD_PUT)) {
        struct err err;
        int64_t number;
        const char *text = request->body.data ? request->body.data : "";
        if (!units_parse_int(text, "the stock", 0, NUMBER_MAX, &number, &err))
            return handler_refuse(request, &err);
        outcome = contest_fill(contests, request->path, number, &state);
    } else {
        outcome = contest_take(contests, request->path, &state);
    }
    if (outcome == CONTEST_FULL)
        return reply_full(request);
    return request_reply_text(request, status_of(outcome), "%" PRId64 "\n",
                              state.number);
}

/* --- /seat/NAME --- */

enum MHD_Result
handle_seat(struct request *request, const char *argument)
{
    struct contests *contests = request->target->contests;
    struct contest_state state;
    enum contest_outcome outcome = CONTEST_WON;
    const char *who = handler_query(request, "who");
    if (is_get(request)) {
        contest_look(contests, request->path, &state);
        if (state.who[0] == '\0')
            return request_reply_text(request, MHD_HTTP_NOT_FOUND, "free\n");
    } else if (who == NULL || who[0] == '\0' ||
               strlen(who) >= CONTEST_WHO_MAX) {
        return request_reply_text(request, MHD_HTTP_BAD_REQUEST,
                                  "say who: ?who=NAME, shorter than %d "
                                  "bytes\n",
                                  CONTEST_WHO_MAX);
    } else if (handler_is_method(request, MHD_HTTP_METHOD_PUT)) {
        outcome = contest_sit(contests, request->path, who, &state);
    } else {
        outcome = contest_leave(contests, request->path, who, &state);
    }
    if (outcome == CONTEST_FULL)
        return reply_full(request);
    return request_reply_text(request, status_of(outcome), "%s\n", state.who);
}

/* --- /auction/NAME --- */

static enum MHD_Result
reply_auction(struct request *request, unsigned status,
              const struct contest_state *state)
{
    json_t *json = json_pack("{sI ss}", "amount", (json_int_t)state->number,
                             "who", state->who);
    return request_reply_json(request, status, json);
}

enum MHD_Result
handle_auction(struct request *request, const char *argument)
{
    struct contests *contests = request->target->contests;
    struct contest_state state;
    if (is_get(request)) {
        contest_look(contests, request->path, &state);
        return reply_auction(request, MHD_HTTP_OK, &state);
    }
    enum contest_outcome outcome;
    if (handler_is_method(request, MHD_HTTP_METHOD_DELETE)) {
        outcome = contest_fill(contests, request->path, 0, &state);
    } else {
        json_t *bid = json_loadb(request->body.data ? request->body.data : "",
                                 request->body.size, 0, NULL);
        json_int_t amount = 0;
        const char *who = NULL;
        if (json_unpack(bid, "{sI ss}", "amount", &amount, "who", &who) != 0 ||
            amount < 1 || who[0] == '\0' || strlen(who) >= CONTEST_WHO_MAX) {
            json_decref(bid);
            return request_reply_text(
                request, MHD_HTTP_BAD_REQUEST,
                "a bid is {\"amount\": 1 or more, \"who\": \"...\"}\n");
        }
        outcome = contest_bid(contests, request->path, amount, who, &state);
        json_decref(bid);
    }
    if (outcome == CONTEST_FULL)
        return reply_full(request);
    return reply_auction(request, status_of(outcome), &state);
}

/* --- /chat/ROOM --- */

static enum MHD_Result
say(struct request *request)
{
    if (request->body.size > CHAT_TEXT_MAX)
        return request_reply_text(request, MHD_HTTP_CONTENT_TOO_LARGE,
                                  "a message has at most %d bytes\n",
                                  CHAT_TEXT_MAX);
    json_t *text = json_stringn(request->body.data ? request->body.data : "",
                                request->body.size);
    if (text == NULL)
        return request_reply_text(request, MHD_HTTP_BAD_REQUEST,
                                  "a message is UTF-8\n");
    int64_t number = chats_say(request->target->chats, request->path, text);
    json_decref(text);
    if (number == 0)
        return reply_full(request);
    return request_reply_json(request, MHD_HTTP_OK,
                              json_pack("{sI}", "number", (json_int_t)number));
}

enum MHD_Result
handle_chat(struct request *request, const char *argument)
{
    if (!is_get(request))
        return say(request);
    struct err err;
    int64_t after = 0;
    const char *text = handler_query(request, "after");
    if (text != NULL &&
        !units_parse_int(text, "after", 0, NUMBER_MAX, &after, &err))
        return handler_refuse(request, &err);
    return request_reply_json(
        request, MHD_HTTP_OK,
        chats_read(request->target->chats, request->path, after));
}

/* --- /limited/NAME --- */

static bool
parse_positive(struct request *request, const char *name, double normal,
               double *out, struct err *err)
{
    const char *text = handler_query(request, name);
    *out = normal;
    if (text == NULL)
        return true;
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end != '\0' || !(*out > 0 && *out <= 1e9))
        return err_set(err, "%s must be a number above 0, not '%.40s'", name,
                       text);
    return true;
}

enum MHD_Result
handle_limited(struct request *request, const char *argument)
{
    struct err err;
    double rate, burst;
    if (!parse_positive(request, "rate", 10, &rate, &err) ||
        !parse_positive(request, "burst", rate > 1 ? rate : 1, &burst, &err))
        return handler_refuse(request, &err);
    enum contest_outcome outcome =
        contest_pass(request->target->contests, request->path, rate, burst);
    if (outcome == CONTEST_FULL)
        return reply_full(request);
    if (outcome == CONTEST_WON)
        return request_reply_text(request, MHD_HTTP_OK, "ok\n");
    return request_reply_text(request, MHD_HTTP_TOO_MANY_REQUESTS,
                              "more than %g per second\n", rate);
}
