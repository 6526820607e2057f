#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http/multipart.h"

/* A file with `text` in it; the path is freed by the caller. */
static char *
make_file(const char *text)
{
    static const char pattern[] = "/tmp/molo-multipart-XXXXXX";
    char *path = xmemdup(pattern, sizeof(pattern));
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

static void
discard_file(char *path)
{
    unlink(path);
    free(path);
}

/* All of it, in reads of `step` bytes. */
static void
read_all(const struct http_body *body, size_t step, struct buf *out)
{
    char piece[64];
    assert_true(step <= sizeof(piece));
    buf_clear(out);
    ssize_t got;
    while ((got = http_body_read(body, out->size, piece, step, NULL)) > 0) {
        assert_true((size_t)got <= step);
        buf_append(out, piece, (size_t)got);
    }
    assert_int_equal(got, 0);
    assert_int_equal(out->size, body->size);
}

static void
test_pieces_in_reads_of_any_size(void **state)
{
    char *first = make_file("0123456789"), *empty = make_file("");
    struct http_body *body = http_body_create();
    int code;
    http_body_add(body, "abc", 3);
    http_body_add(body, "", 0);
    http_body_add(body, "def", 3);
    assert_true(http_body_add_file(body, first, &code, NULL));
    assert_true(http_body_add_file(body, empty, &code, NULL));
    http_body_add(body, "-", 1);
    assert_true(http_body_add_file(body, first, &code, NULL));
    assert_int_equal(body->size, 27);
    struct buf out = {0};
    for (size_t step = 1; step <= 64; step++) {
        read_all(body, step, &out);
        assert_string_equal(out.data, "abcdef0123456789-0123456789");
    }
    /* From anywhere, as after a redirect that sends it again. */
    char piece[4] = "";
    assert_int_equal(http_body_read(body, 15, piece, 3, NULL), 3);
    assert_string_equal(piece, "9-0");
    assert_int_equal(http_body_read(body, 27, piece, 3, NULL), 0);
    buf_finish(&out);
    http_body_destroy(body);
    discard_file(first);
    discard_file(empty);
}

static void
test_what_is_no_file(void **state)
{
    struct http_body *body = http_body_create();
    struct err err;
    int code = 0;
    assert_false(http_body_add_file(body, "/nowhere/a.png", &code, &err));
    assert_string_equal(err.message, "cannot open '/nowhere/a.png': No such "
                                     "file or directory");
    assert_int_equal(code, 2);
    assert_false(http_body_add_file(body, "/tmp", &code, &err));
    assert_string_equal(err.message, "'/tmp' is not a regular file");
    assert_false(http_body_add_file(body, "/dev/null", &code, &err));
    assert_int_equal(body->size, 0);
    http_body_destroy(body);
}

static void
test_a_file_that_changes(void **state)
{
    static const struct {
        const char *name;
        off_t size;
    } rows[] = {{"shorter", 5}, {"empty", 0}, {"longer", 20}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *path = make_file("0123456789");
        struct http_body *body = http_body_create();
        struct err err;
        int code;
        assert_true(http_body_add_file(body, path, &code, NULL));
        assert_int_equal(truncate(path, rows[i].size), 0);
        char piece[8];
        ssize_t got;
        uint64_t at = 0;
        while ((got = http_body_read(body, at, piece, 4, &err)) > 0)
            at += (uint64_t)got;
        if (got == 0)
            fail_msg("a file that became %s went unnoticed", rows[i].name);
        assert_non_null(strstr(err.message, path));
        assert_non_null(strstr(err.message, "it had 10 bytes"));
        http_body_destroy(body);
        discard_file(path);
    }
}

static void
test_parts(void **state)
{
    struct rng rng;
    rng_init(&rng, 7, 0);
    struct http_body *body = http_body_create();
    struct multipart multipart;
    multipart_begin(&multipart, body, &rng);
    multipart_add(&multipart, &(struct multipart_part){.name = "who"});
    http_body_add(body, "me", 2);
    multipart_add(&multipart, &(struct multipart_part){
                                  .name = "a \"b\"\r\n",
                                  .filename = "c\nd\"",
                                  .content_type = "text/plain",
                                  .headers = "X-A: 1\r\n",
                              });
    http_body_add(body, "\r\n--", 4);
    multipart_end(&multipart);
    struct buf out = {0}, wanted = {0};
    read_all(body, 64, &out);
    const char *boundary = multipart.boundary;
    buf_printf(&wanted,
               "--%s\r\n"
               "Content-Disposition: form-data; name=\"who\"\r\n\r\n"
               "me\r\n--%s\r\n"
               "Content-Disposition: form-data; name=\"a %%22b%%22%%0D%%0A\"; "
               "filename=\"c%%0Ad%%22\"\r\n"
               "Content-Type: text/plain\r\nX-A: 1\r\n\r\n"
               "\r\n--\r\n--%s--\r\n",
               boundary, boundary, boundary);
    assert_string_equal(out.data, wanted.data);
    buf_finish(&out);
    buf_finish(&wanted);
    http_body_destroy(body);
}

static void
test_no_parts(void **state)
{
    struct rng rng;
    rng_init(&rng, 7, 0);
    struct http_body *body = http_body_create();
    struct multipart multipart;
    multipart_begin(&multipart, body, &rng);
    multipart_end(&multipart);
    assert_int_equal(body->size, strlen(multipart.boundary) + 6);
    http_body_destroy(body);
}

static void
test_boundaries(void **state)
{
    struct multipart a, b, again;
    struct http_body *body = http_body_create();
    struct rng rng;
    rng_init(&rng, 7, 0);
    multipart_begin(&a, body, &rng);
    multipart_begin(&b, body, &rng);
    rng_init(&rng, 7, 0);
    multipart_begin(&again, body, &rng);
    assert_string_not_equal(a.boundary, b.boundary);
    assert_string_equal(a.boundary, again.boundary);
    assert_int_equal(strspn(a.boundary, "-0123456789abcdefghijklmnopqrstuvwxyz"
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                     MULTIPART_BOUNDARY_SIZE - 1);
    http_body_destroy(body);
}

static void
test_types(void **state)
{
    static const char *const rows[][2] = {
        {"a.png", "image/png"},
        {"A.PNG", "image/png"},
        {"a.tar.gz", "application/gzip"},
        {"a.txt", "text/plain"},
        {"png", "application/octet-stream"},
        {"a.", "application/octet-stream"},
        {"a.unheard-of", "application/octet-stream"},
        {"", "application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(multipart_guess_type(rows[i][0]), rows[i][1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_in_reads_of_any_size),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_a_file_that_changes),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_no_parts),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
