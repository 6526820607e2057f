/* The reference that molo's cost per request is compared with: libcurl's multi
 * interface on libev with nothing around it, one multi per connection, as many
 * GETs of one URL as asked for. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <curl/curl.h>
#include <ev.h>

struct bench {
    struct ev_loop *loop;
    long left;    /* requests to start */
    long running; /* started and not ended */
    long ok, failed;
    size_t bytes;
};

struct connection {
    struct bench *bench;
    CURLM *multi;
    CURL *easy;
    ev_timer timer;
    ev_io io;
    bool paused; /* between two requests; libev may not know */
};

static void
begin_request(struct connection *c)
{
    struct bench *bench = c->bench;
    if (bench->left == 0)
        return;
    bench->left--;
    bench->running++;
    curl_multi_add_handle(c->multi, c->easy);
}

static void
reap(struct connection *c)
{
    CURLMsg *message;
    int queued;
    while ((message = curl_multi_info_read(c->multi, &queued)) != NULL) {
        CURLcode code = message->data.result;
        long status = 0;
        curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(c->multi, c->easy);
        c->bench->running--;
        if (code == CURLE_OK && status == 200)
            c->bench->ok++;
        else
            c->bench->failed++;
        begin_request(c);
    }
    if (c->bench->running == 0)
        ev_break(c->bench->loop, EVBREAK_ALL);
}

static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
    struct connection *c = io->data;
    if (c->paused) {
        ev_io_stop(loop, io);
        return;
    }
    int mask = (revents & EV_READ ? CURL_CSELECT_IN : 0) |
               (revents & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;
    curl_multi_socket_action(c->multi, io->fd, mask, &running);
    reap(c);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct connection *c = timer->data;
    int running;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    reap(c);
}

static int
on_multi_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct connection *c = user;
    ev_timer_stop(c->bench->loop, &c->timer);
    if (timeout_ms >= 0) {
        ev_timer_set(&c->timer, (double)timeout_ms / 1000., 0.);
        ev_timer_start(c->bench->loop, &c->timer);
    }
    return 0;
}

static int
on_multi_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    struct connection *c = user;
    c->paused = what == CURL_POLL_REMOVE;
    if (c->paused)
        return 0;
    int events = (what & CURL_POLL_IN ? EV_READ : 0) |
                 (what & CURL_POLL_OUT ? EV_WRITE : 0);
    /* As in molo's loop: a kept connection costs no call of epoll_ctl. */
    if (ev_is_active(&c->io) && c->io.fd == fd && c->io.events == events)
        return 0;
    ev_io_stop(c->bench->loop, &c->io);
    ev_io_set(&c->io, fd, events);
    ev_io_start(c->bench->loop, &c->io);
    return 0;
}

static size_t
on_body(char *data, size_t size, size_t count, void *user)
{
    struct bench *bench = user;
    bench->bytes += size * count;
    return size * count;
}

static void
open_connection(struct connection *c, struct bench *bench, const char *url)
{
    *c = (struct connection){
        .bench = bench,
        .multi = curl_multi_init(),
        .easy = curl_easy_init(),
    };
    if (c->multi == NULL || c->easy == NULL) {
        fprintf(stderr, "bare_curl: out of memory\n");
        exit(1);
    }
    ev_init(&c->timer, on_timer);
    c->timer.data = c;
    ev_init(&c->io, on_io);
    c->io.data = c;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_multi_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_multi_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_URL, url);
    /* Both send the same request: libcurl's way to format a header is no small
     * part of what a request costs. */
    curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "bare/0.1.0");
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, bench);
}

static double
seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
cpu_now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static double
wall_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int
main(int argc, char **argv)
{
    long count = argc == 4 ? atol(argv[2]) : 0;
    long requests = argc == 4 ? atol(argv[3]) : 0;
    if (count < 1 || requests < 1) {
        fprintf(stderr, "usage: bare_curl URL CONNECTIONS REQUESTS\n");
        return 2;
    }
    raise_descriptor_limit();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct bench bench = {.loop = ev_loop_new(EVFLAG_AUTO), .left = requests};
    struct connection *connections =
        calloc((size_t)count, sizeof(*connections));
    if (bench.loop == NULL || connections == NULL) {
        fprintf(stderr, "bare_curl: out of memory\n");
        return 1;
    }
    double cpu = cpu_now(), wall = wall_now();
    for (long i = 0; i < count; i++) {
        open_connection(&connections[i], &bench, argv[1]);
        begin_request(&connections[i]);
    }
    ev_run(bench.loop, 0);
    cpu = cpu_now() - cpu;
    wall = wall_now() - wall;

    for (long i = 0; i < count; i++) {
        curl_easy_cleanup(connections[i].easy);
        curl_multi_cleanup(connections[i].multi);
    }
    free(connections);
    ev_loop_destroy(bench.loop);
    curl_global_cleanup();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"requests\": %ld, \"failed\": %ld, \"cpu_seconds\": %.6f, "
           "\"wall_seconds\": %.6f, \"max_rss_kb\": %ld}\n",
           bench.ok + bench.failed, bench.failed, cpu, wall, usage.ru_maxrss);
    return bench.failed > 0;
}
