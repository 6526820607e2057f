#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "sample.h"

/* A terminal of the wanted width; what the program writes to `stream` is read
 * from `master`. */
struct terminal {
    int master;
    FILE *stream;
};

static void
terminal_open(struct terminal *terminal, unsigned short columns)
{
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal->master >= 0);
    assert_int_equal(grantpt(terminal->master), 0);
    assert_int_equal(unlockpt(terminal->master), 0);
    int slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    struct termios attributes;
    tcgetattr(slave, &attributes);
    cfmakeraw(&attributes);
    tcsetattr(slave, TCSANOW, &attributes);
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    fcntl(terminal->master, F_SETFL, O_NONBLOCK);
    terminal->stream = fdopen(slave, "w");
}

static void
terminal_close(struct terminal *terminal)
{
    fclose(terminal->stream);
    close(terminal->master);
}

static void
assert_screen(const struct terminal *terminal, const char *expected)
{
    char text[1024];
    ssize_t size = read(terminal->master, text, sizeof(text) - 1);
    text[size > 0 ? size : 0] = '\0';
    assert_string_equal(text, expected);
}

static const struct live_status running = {
    .phase = "run",
    .elapsed = 2500 * NSEC_PER_MSEC,
    .total = 60 * NSEC_PER_SEC,
    .workers_running = 4,
    .workers_total = 5,
};

static int
setup(void **state)
{
    setenv("TERM", "xterm", 1);
    struct sample *sample = malloc(sizeof(*sample));
    sample_init(sample);
    *state = sample;
    return 0;
}

static int
teardown(void **state)
{
    sample_finish(*state);
    free(*state);
    return 0;
}

static void
request(struct sample *sample, int count)
{
    for (int i = 0; i < count; i++)
        recorder_request(
            sample->recorder,
            &(struct request_sample){.method = "GET", .name = "/", .sends = 1});
}

static void
test_one_line_is_redrawn(void **state)
{
    struct sample *sample = *state;
    const struct snapshot *s = sample->result.snapshot;
    struct terminal terminal;
    terminal_open(&terminal, 100);
    struct out_live *live =
        out_live_create(terminal.stream, PROGRESS_AUTO, false);
    assert_screen(&terminal, "");
    nsec_t now = 1000 * NSEC_PER_SEC;
    out_live_update(live, &running, s, now);
    assert_screen(&terminal, "\r\x1b[Krun  2 s / 60 s  runs 0  0.0 req/s  "
                             "workers 4 / 5");
    request(sample, 300);
    struct live_status later = running;
    later.elapsed = 4 * NSEC_PER_SEC;
    later.waiting = 3;
    later.waiting_long = 2;
    later.runs_total = 40;
    recorder_run_start(sample->recorder, NULL);
    recorder_run_end(sample->recorder, NULL, "pad", RUN_FAILED, 1, 1);
    out_live_update(live, &later, s, now + 2 * NSEC_PER_SEC);
    assert_screen(&terminal,
                  "\r\x1b[Krun  4 s / 60 s  runs 1 / 40  failed 1  150 req/s  "
                  "workers 4 / 5  waiting 3 (2 for over 10 s)");
    out_live_destroy(live);
    assert_screen(&terminal, "\r\x1b[K");
    terminal_close(&terminal);
}

static void
test_line_is_cut_to_the_width(void **state)
{
    struct sample *sample = *state;
    struct terminal terminal;
    terminal_open(&terminal, 21);
    struct out_live *live =
        out_live_create(terminal.stream, PROGRESS_ON, false);
    out_live_update(live, &running, sample->result.snapshot, 1);
    assert_screen(&terminal, "\r\x1b[Krun  2 s / 60 s  run");
    out_live_destroy(live);
    terminal_close(&terminal);
}

static void
test_color_tells_trouble(void **state)
{
    struct sample *sample = *state;
    struct terminal terminal;
    terminal_open(&terminal, 80);
    struct out_live *live = out_live_create(terminal.stream, PROGRESS_ON, true);
    struct live_status status = running;
    status.total = NSEC_NEVER;
    out_live_update(live, &status, sample->result.snapshot, 1);
    assert_screen(&terminal,
                  "\r\x1b[Krun  2 s  runs 0  0.0 req/s  workers 4 / 5");
    status.waiting = status.waiting_long = 1;
    out_live_update(live, &status, sample->result.snapshot, 2);
    assert_screen(&terminal,
                  "\r\x1b[K\x1b[31mrun  2 s  runs 0  0.0 req/s  workers 4 / 5  "
                  "waiting 1 (1 for over 10 s)\x1b[0m");
    out_live_destroy(live);
    terminal_close(&terminal);
}

/* The log writes to the same terminal: its line replaces the progress, which is
 * drawn again below. */
static void
test_log_lines_do_not_mix(void **state)
{
    struct sample *sample = *state;
    struct terminal terminal;
    terminal_open(&terminal, 80);
    struct out_live *live =
        out_live_create(terminal.stream, PROGRESS_AUTO, false);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(terminal.stream), STDERR_FILENO);
    log_warning("before the first line");
    assert_screen(&terminal, "molo: warning: before the first line\n");
    out_live_update(live, &running, sample->result.snapshot, 1);
    static const char drawn[] =
        "\r\x1b[Krun  2 s / 60 s  runs 0  0.0 req/s  workers 4 / 5";
    assert_screen(&terminal, drawn);
    log_warning("careful");
    char expected[256];
    snprintf(expected, sizeof(expected), "\r\x1b[Kmolo: warning: careful\n%s",
             drawn);
    assert_screen(&terminal, expected);
    out_live_destroy(live);
    assert_screen(&terminal, "\r\x1b[K");
    log_warning("after");
    assert_screen(&terminal, "molo: warning: after\n");
    dup2(saved, STDERR_FILENO);
    close(saved);
    terminal_close(&terminal);
}

/* Plain lines come after 1 s and then every 5 s of the time that the caller
 * tells. */
static void
test_plain_lines(void **state)
{
    struct sample *sample = *state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = tmpfile();
    struct out_live *live = out_live_create(stream, PROGRESS_ON, true);
    for (int tenth = 0; tenth <= 120; tenth++) {
        struct live_status status = running;
        status.elapsed = tenth * 100 * NSEC_PER_MSEC;
        request(sample, 7);
        out_live_update(live, &status, sample->result.snapshot,
                        NSEC_PER_SEC + status.elapsed);
    }
    out_live_destroy(live);
    rewind(stream);
    static const char *const expected[] = {
        "run  1 s / 60 s  runs 0  70.0 req/s  workers 4 / 5\n",
        "run  6 s / 60 s  runs 0  70.0 req/s  workers 4 / 5\n",
        "run  11 s / 60 s  runs 0  70.0 req/s  workers 4 / 5\n",
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_true(getline(&text, &size, stream) > 0);
        assert_string_equal(text, expected[i]);
    }
    assert_true(getline(&text, &size, stream) < 0);
    free(text);
    fclose(stream);
}

static void
test_silent_modes(void **state)
{
    struct sample *sample = *state;
    struct terminal terminal;
    terminal_open(&terminal, 80);
    FILE *file = tmpfile();
    setenv("TERM", "dumb", 1);
    struct out_live *silent[] = {
        out_live_create(file, PROGRESS_AUTO, true),
        out_live_create(file, PROGRESS_OFF, true),
        out_live_create(terminal.stream, PROGRESS_OFF, true),
        out_live_create(terminal.stream, PROGRESS_AUTO, true),
    };
    for (size_t i = 0; i < 4; i++) {
        for (int second = 0; second < 20; second++)
            out_live_update(silent[i], &running, sample->result.snapshot,
                            second * NSEC_PER_SEC);
        out_live_destroy(silent[i]);
    }
    assert_int_equal(ftell(file), 0);
    assert_screen(&terminal, "");
    out_live_destroy(NULL);
    fclose(file);
    terminal_close(&terminal);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_line_is_redrawn), TEST(test_line_is_cut_to_the_width),
        TEST(test_color_tells_trouble), TEST(test_log_lines_do_not_mix),
        TEST(test_plain_lines),         TEST(test_silent_modes),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
