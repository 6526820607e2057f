#include <string.h>

#include "http/curl_impl.h"

/* Up to this size libcurl sends a body together with the head, and counts it
 * there as well. */
enum { INLINE_BODY = 64 * 1024 };

static curl_off_t
info_offset(struct exchange *x, CURLINFO info)
{
    curl_off_t value = 0;
    curl_easy_getinfo(x->easy, info, &value);
    return value;
}

static long
info_long(struct exchange *x, CURLINFO info)
{
    long value = 0;
    curl_easy_getinfo(x->easy, info, &value);
    return value;
}

bool
exchange_may_inline(const struct exchange *x)
{
    const struct http_request *request = &x->transfer->request;
    return request->parts == NULL && request->body.size < INLINE_BODY;
}

/* Bytes of the request that went out since it was last sent from the start. */
static uint64_t
sent_now(struct exchange *x)
{
    curl_off_t counted =
        info_long(x, CURLINFO_REQUEST_SIZE) - x->seen.counted_before;
    uint64_t body_size = http_request_body_size(&x->transfer->request);
    if (x->mode != MODE_BODY || body_size == 0)
        return (uint64_t)counted;
    curl_off_t uploaded = info_offset(x, CURLINFO_SIZE_UPLOAD_T);
    if (uploaded < x->seen.uploaded_before)
        uploaded = x->seen.uploaded_before;
    if (x->seen.head_size > 0) {
        /* Before it sends again libcurl has already forgotten what it had
         * uploaded, but not what went out with the head. */
        curl_off_t sent = x->seen.head_size + uploaded;
        return (uint64_t)(sent > counted ? sent : counted);
    }
    bool inlined = exchange_may_inline(x) && counted > uploaded;
    return (uint64_t)(inlined ? counted : counted + uploaded);
}

/* While it connects libcurl only waits to write: once it waits to read, too,
 * TLS has begun. It keeps that to itself until the handshake is done. */
void
exchange_note_handshake(struct exchange *x)
{
    if (x->https && x->seen.connected_at == 0)
        x->seen.connected_at = clock_now();
}

void
exchange_note_rewind(struct exchange *x)
{
    /* It has forgotten already: what it asked for is what it sent, but for
     * what the socket did not take any more. */
    x->seen.uploaded_before = (curl_off_t)x->seen.body_sent;
}

void
exchange_note_prereq(struct exchange *x)
{
    if (x->transfer->sends == 0) {
        x->seen.joined = info_long(x, CURLINFO_NUM_CONNECTS) == 0 &&
                         x->client->drives != x->seen.launch;
        x->seen.tunnel_received = info_long(x, CURLINFO_HEADER_SIZE);
    } else {
        x->seen.sent_before += sent_now(x);
        x->seen.uploaded_before = 0;
    }
    x->seen.counted_before = info_long(x, CURLINFO_REQUEST_SIZE);
    x->transfer->sends++;
    x->seen.prereq_at = clock_now();
    x->seen.handed_over_at = 0;
    x->seen.first_byte_at = 0;
    x->seen.head_size = 0;
}

void
exchange_note_handover(struct exchange *x, bool complete)
{
    if (x->seen.prereq_at == 0 || x->seen.handed_over_at != 0)
        return;
    if (complete)
        x->seen.handed_over_at = clock_now();
    uint64_t body_size = http_request_body_size(&x->transfer->request);
    if (x->mode != MODE_BODY || body_size == 0 || x->seen.head_size != 0)
        return;
    curl_off_t counted =
        info_long(x, CURLINFO_REQUEST_SIZE) - x->seen.counted_before;
    curl_off_t uploaded = info_offset(x, CURLINFO_SIZE_UPLOAD_T);
    bool inlined = exchange_may_inline(x) && counted > uploaded;
    x->seen.head_size = inlined ? counted - uploaded : counted;
}

/* libcurl's marks and ours, without the wait at the gate; 0: not reached. Each
 * is at least the one before. */
struct marks {
    nsec_t name, connect, tls, request, handed_over, first_byte, end;
};

/* From the start of the transfer, as the marks of our own clock are. */
static nsec_t
info_mark(struct exchange *x, CURLINFO info)
{
    curl_off_t us = info_offset(x, info);
    nsec_t origin = x->transfer->started_at + x->seen.gate_time;
    return us > 0 ? us * NSEC_PER_USEC + (x->seen.launched_at - origin) : 0;
}

bool
exchange_waits_for_tunnel(struct exchange *x)
{
    const struct http_settings *settings = x->transfer->request.settings;
    const char *proxy = settings != NULL ? settings->text[SETTING_PROXY] : NULL;
    return proxy != NULL && x->https && strncmp(proxy, "http", 4) == 0 &&
           x->transfer->sends == 0 &&
           info_long(x, CURLINFO_HTTP_CONNECTCODE) / 100 != 2;
}

static struct marks
read_marks(struct exchange *x, nsec_t end)
{
    struct marks marks = {.end = end};
    if (!x->in_multi)
        return marks;
    const struct transfer *transfer = x->transfer;
    nsec_t origin = transfer->started_at + x->seen.gate_time;
    marks.name = info_mark(x, CURLINFO_NAMELOOKUP_TIME_T);
    marks.connect = info_mark(x, CURLINFO_CONNECT_TIME_T);
    marks.tls = info_mark(x, CURLINFO_APPCONNECT_TIME_T);
    /* Who waited for the connection of another and cannot share it starts over,
     * and libcurl's clock with it: its socket is opened long after the name is
     * known. */
    nsec_t waited = x->seen.opened_at - origin - marks.name;
    if (x->seen.opened_at != 0 && marks.name != 0 && waited > 0) {
        marks.connect += marks.connect != 0 ? waited : 0;
        marks.tls += marks.tls != 0 ? waited : 0;
    }
    if (marks.connect == 0 && x->seen.connected_at != 0)
        marks.connect = x->seen.connected_at - origin;
    if (exchange_waits_for_tunnel(x))
        marks.connect = 0; /* libcurl's is that of the proxy */
    if (transfer->sends == 0)
        return marks;
    /* From here on our own clock counts. libcurl adds the marks of all attempts
     * up, takes the start of an upload or the end of a connection for the first
     * byte, leaves out the wait for the connection of another, and on a kept
     * one sets its mark of the request only when that has been sent. */
    marks.request = x->seen.prereq_at - origin;
    if (x->seen.handed_over_at != 0)
        marks.handed_over = x->seen.handed_over_at - origin;
    if (x->seen.first_byte_at != 0)
        marks.first_byte = x->seen.first_byte_at - origin;
    return marks;
}

/* Ends a phase at `mark` (0: it was not left, so it lasts to the end). False:
 * there is no later phase. */
static bool
end_phase(struct transfer *transfer, const char *name, nsec_t *phase,
          nsec_t *cursor, nsec_t mark, nsec_t end)
{
    nsec_t until = mark == 0 || mark > end ? end : mark;
    if (until < *cursor)
        until = *cursor;
    *phase = until - *cursor;
    *cursor = until;
    transfer->fault_phase = name;
    return mark != 0;
}

/* Over TLS: nobody looks its name up, and it has no socket of its own. */
static bool
waits_for_another(const struct exchange *x)
{
    const struct http_settings *settings = x->transfer->request.settings;
    bool direct = settings == NULL || settings->text[SETTING_PROXY] == NULL;
    return x->https && x->in_multi && direct && x->transfer->sends == 0 &&
           x->ticket.host == NULL && x->seen.address_size == 0;
}

/* Fills the phases, which add up to `elapsed`; fault_phase is the last one
 * reached. */
static void
fill_timings(struct exchange *x, nsec_t elapsed)
{
    struct transfer *transfer = x->transfer;
    struct transfer_timings *t = &transfer->timings;
    nsec_t end = elapsed - x->seen.gate_time;
    struct marks marks = read_marks(x, end);
    t->elapsed = elapsed;
    transfer->ended_at = transfer->started_at + elapsed;
    nsec_t cursor = 0;
    bool joined = x->seen.joined || waits_for_another(x);
    bool reused = transfer->sends > 0 && x->in_multi &&
                  info_long(x, CURLINFO_NUM_CONNECTS) == 0;
    if (joined) {
        if (x->seen.gate_time > 0)
            t->dns = x->seen.gate_time;
        if (!end_phase(transfer, "connect", &t->connect, &cursor, marks.request,
                       end))
            return;
    } else if (!reused) {
        bool more =
            end_phase(transfer, "dns", &t->dns, &cursor, marks.name, end) &&
            end_phase(transfer, "connect", &t->connect, &cursor, marks.connect,
                      end);
        t->dns += x->seen.gate_time;
        if (!more)
            return;
        if ((marks.tls != 0 || x->https) &&
            !end_phase(transfer, "tls", &t->tls, &cursor, marks.tls, end))
            return;
    } else if (x->seen.gate_time > 0) {
        t->dns = x->seen.gate_time;
    }
    /* What came of earlier sends, a challenge or nothing, was waited for. */
    nsec_t earlier = 0;
    if (transfer->sends > 1 && marks.request > cursor) {
        earlier = marks.request - cursor;
        cursor = marks.request;
    }
    /* Sending starts when there is a connection. Where its end was not seen, or
     * only after the answer, a small request counts as sent at once; a large
     * body was cut short by the answer. */
    nsec_t sent = marks.handed_over;
    /* Nobody sees when the first request over TLS is sent. */
    if (sent == 0 && x->https &&
        http_request_body_size(&transfer->request) < INLINE_BODY)
        sent = marks.request;
    if (marks.first_byte != 0 && (sent == 0 || sent > marks.first_byte))
        sent = http_request_body_size(&transfer->request) < INLINE_BODY
                   ? marks.request
                   : marks.first_byte;
    if (marks.request != 0)
        t->duration = end > marks.request ? end - marks.request : 0;
    if (end_phase(transfer, "send", &t->send, &cursor, sent, end) &&
        end_phase(transfer, "wait", &t->wait, &cursor, marks.first_byte, end))
        end_phase(transfer, "receive", &t->receive, &cursor, 0, end);
    if (earlier > 0)
        t->wait = earlier + (t->wait > 0 ? t->wait : 0);
}

void
exchange_fill_measurements(struct exchange *x, nsec_t elapsed)
{
    struct transfer *transfer = x->transfer;
    if (transfer->sends > 0) {
        transfer->bytes_sent = x->seen.sent_before + sent_now(x);
        transfer->bytes_received =
            (uint64_t)(info_long(x, CURLINFO_HEADER_SIZE) -
                       x->seen.tunnel_received) +
            (x->seen.counts_raw
                 ? x->seen.raw_bytes
                 : (uint64_t)info_offset(x, CURLINFO_SIZE_DOWNLOAD_T));
    }
    fill_timings(x, elapsed);
}
