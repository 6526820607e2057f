#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "output/write_file.h"

/* Every test runs in a directory of its own. */
static int
setup(void **state)
{
    char template[] = "/tmp/molo-test-XXXXXX";
    if (mkdtemp(template) == NULL || chdir(template) != 0)
        return -1;
    *state = xstrdup(template);
    return 0;
}

static int
entry_count(void)
{
    int count = 0;
    DIR *dir = opendir(".");
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static int
teardown(void **state)
{
    DIR *dir = opendir(".");
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.' && unlink(entry->d_name) != 0)
            rmdir(entry->d_name);
    }
    closedir(dir);
    int rc = rmdir(*state);
    free(*state);
    return rc;
}

static void
assert_content(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static void
test_new_and_replaced(void **state)
{
    struct err err;
    assert_true(write_file("out", "first", 5, &err));
    assert_content("out", "first");
    assert_true(write_file("./out", "2nd", 3, &err));
    assert_content("out", "2nd");
    assert_int_equal(entry_count(), 1);
}

static void
test_mode(void **state)
{
    struct stat st;
    mode_t mask = umask(027);
    assert_true(write_file("fresh", "x", 1, NULL));
    umask(mask);
    assert_int_equal(stat("fresh", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    /* An old file's mode stays. */
    assert_int_equal(chmod("fresh", 0604), 0);
    assert_true(write_file("fresh", "y", 1, NULL));
    assert_int_equal(stat("fresh", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0604);
}

static void
test_symbolic_link_stays(void **state)
{
    struct stat st;
    assert_true(write_file("real", "old", 3, NULL));
    assert_int_equal(symlink("real", "link"), 0);
    assert_true(write_file("link", "new", 3, NULL));
    assert_content("real", "new");
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

/* Its file is made where it points to. */
static void
test_symbolic_link_to_nothing_stays(void **state)
{
    struct stat st;
    assert_int_equal(mkdir("far", 0777), 0);
    assert_int_equal(symlink("far/real", "middle"), 0);
    assert_int_equal(symlink("middle", "link"), 0);
    assert_int_equal(write_file_probe("link", false), 0);
    assert_true(write_file("link", "new", 3, NULL));
    assert_content("far/real", "new");
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    struct err err = {0};
    assert_int_equal(symlink("none/real", "lost"), 0);
    assert_int_equal(write_file_probe("lost", false), ENOENT);
    assert_false(write_file("lost", "x", 1, &err));
    assert_string_equal(err.message,
                        "cannot write lost: its directory does not exist");
    /* A link that leads nowhere is replaced. */
    assert_int_equal(symlink("circle", "circle"), 0);
    assert_true(write_file("circle", "x", 1, &err));
    assert_content("circle", "x");
    assert_int_equal(unlink("far/real"), 0);
}

static void
test_targets(void **state)
{
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_int_equal(symlink("dir", "way"), 0);
    assert_int_equal(symlink("way/../new", "link"), 0);
    static const char *const same[] = {"new", "./new", "dir/../new",
                                       "way/../new", "link"};
    char *first = write_file_target(same[0]);
    assert_int_equal(first[0], '/');
    for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
        char *other = write_file_target(same[i]);
        assert_string_equal(other, first);
        free(other);
    }
    free(first);
    char *root = write_file_target("/new");
    assert_string_equal(root, "/new");
    free(root);
}

static void
test_failures_name_path_and_cause(void **state)
{
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_true(write_file("file", "x", 1, NULL));
    static const struct {
        const char *path, *message;
    } rows[] = {
        {"none/out.json",
         "cannot write none/out.json: its directory does not exist"},
        {"dir", "cannot write dir: it is a directory"},
        {"file/x", "cannot write file/x: Not a directory"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        assert_false(write_file(rows[i].path, "x", 1, &err));
        assert_string_equal(err.message, rows[i].message);
    }
    assert_int_equal(entry_count(), 2);
}

/* A terminal, as no code can put a file into its directory: an error here must
 * not cost the machine a device, even if root runs the test. */
static void
test_devices_are_not_replaced(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(symlink(ptsname(master), "device"), 0);
    assert_true(write_file("device", "shown", 5, NULL));
    char text[16];
    assert_int_equal(read(master, text, sizeof(text)), 5);
    assert_memory_equal(text, "shown", 5);
    close(master);
}

static void
test_pipe_gets_the_data(void **state)
{
    assert_int_equal(mkfifo("pipe", 0600), 0);
    int fd = open("pipe", O_RDONLY | O_NONBLOCK);
    assert_true(write_file("pipe", "through", 7, NULL));
    char text[16];
    assert_int_equal(read(fd, text, sizeof(text)), 7);
    assert_memory_equal(text, "through", 7);
    close(fd);
    struct stat st;
    assert_int_equal(stat("pipe", &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

/* A limit on file sizes stands in for a disk that fills up midway. */
static void
test_failure_midway_leaves_the_old_file(void **state)
{
    static char big[100000];
    memset(big, 'x', sizeof(big));
    assert_true(write_file("out", "precious", 8, NULL));

    struct rlimit old, limit;
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 50000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct err err = {0};
    bool replaced = write_file("out", big, sizeof(big), &err);
    bool created = write_file("other", big, sizeof(big), NULL);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);

    assert_false(replaced);
    assert_false(created);
    assert_string_equal(err.message,
                        "cannot write out: it would be larger than a "
                        "file may be (see 'ulimit -f')");
    assert_content("out", "precious");
    assert_int_equal(entry_count(), 1);
}

static void
test_stale_temporary_is_stepped_over(void **state)
{
    char *stale = xasprintf(".molo-%ld-0.tmp", (long)getpid());
    FILE *file = fopen(stale, "w");
    assert_non_null(file);
    fclose(file);
    assert_true(write_file("out", "fine", 4, NULL));
    assert_content("out", "fine");
    assert_int_equal(unlink(stale), 0);
    free(stale);
}

/* With `path` as standard output; what went wrong is in `err`. */
static bool
write_to_stdout(const char *path, struct err *err)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    dup2(fd, STDOUT_FILENO);
    close(fd);
    bool ok = write_file("-", "result", 6, err);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    return ok;
}

static void
test_standard_output(void **state)
{
    struct err err = {0};
    assert_true(write_to_stdout("captured", &err));
    assert_content("captured", "result");
    assert_false(write_to_stdout("/dev/full", &err));
    assert_string_equal(err.message,
                        "cannot write to standard output: the disk is full");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_new_and_replaced),
        TEST(test_mode),
        TEST(test_symbolic_link_stays),
        TEST(test_symbolic_link_to_nothing_stays),
        TEST(test_targets),
        TEST(test_failures_name_path_and_cause),
        TEST(test_devices_are_not_replaced),
        TEST(test_pipe_gets_the_data),
        TEST(test_failure_midway_leaves_the_old_file),
        TEST(test_stale_temporary_is_stepped_over),
        TEST(test_standard_output),
    };
    return cmocka_run_group_tests_name("write_file", tests, NULL, NULL);
}
