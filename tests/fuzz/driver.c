#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "fuzz.h"

/* Runs a target on the files of a directory and on mutations of them. The same
 * seed makes the same inputs, so that a fault comes again.
 *
 *     fuzz_NAME DIRECTORY          FUZZ_RUNS mutations (default: the target's)
 *     fuzz_NAME FILE               only this input, as it is
 *
 * An input that ends the process is left in "fuzz-crash" (FUZZ_CRASH). */

enum { SEEDS_MAX = 1000, INPUT_MAX = 64 * 1024 };

static struct {
    struct buf seeds[SEEDS_MAX];
    size_t count;
    const uint8_t *input; /* that runs now */
    size_t input_size;
    char crash_path[4096];
} fuzz;

#ifdef FUZZ_LIBFUZZER
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fuzz_setup();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_one(data, size);
}
#else

static void
save_input(void)
{
    FILE *file = fopen(fuzz.crash_path, "wb");
    if (file == NULL)
        return;
    fwrite(fuzz.input, 1, fuzz.input_size, file);
    fclose(file);
    fprintf(stderr, "the input was left in %s\n", fuzz.crash_path);
}

static void
on_crash(int number)
{
    save_input();
    signal(number, SIG_DFL);
    raise(number);
}

/* Sanitizers have signal handlers of their own, and call this instead. */
__attribute__((weak)) void
__sanitizer_set_death_callback(void (*callback)(void));

static void
catch_crashes(void)
{
    const char *path = getenv("FUZZ_CRASH");
    snprintf(fuzz.crash_path, sizeof(fuzz.crash_path), "%s",
             path != NULL ? path : "fuzz-crash");
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(save_input);
        /* A trap is a fault that we saw ourselves. */
        signal(SIGILL, on_crash);
        signal(SIGTRAP, on_crash);
        return;
    }
    const int numbers[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        signal(numbers[i], on_crash);
}

static void
run(const char *data, size_t size)
{
    /* Of exactly this size, so that a byte too far is seen. */
    uint8_t *input = xmalloc(size > 0 ? size : 1);
    if (size > 0)
        memcpy(input, data, size);
    fuzz.input = input;
    fuzz.input_size = size;
    fuzz_one(input, size);
    free(input);
}

static bool
read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    char block[4096];
    size_t size;
    while ((size = fread(block, 1, sizeof(block), file)) > 0)
        buf_append(out, block, size);
    fclose(file);
    return true;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names, whatever that of the directory is. */
static bool
read_seeds(const char *directory)
{
    DIR *dir = opendir(directory);
    if (dir == NULL)
        return false;
    char *names[SEEDS_MAX];
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL && count < SEEDS_MAX)
        if (entry->d_name[0] != '.')
            names[count++] = xstrdup(entry->d_name);
    closedir(dir);
    qsort(names, count, sizeof(names[0]), compare_names);
    for (size_t i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        if (read_file(path, &fuzz.seeds[fuzz.count]))
            fuzz.count++;
        free(names[i]);
    }
    return fuzz.count > 0;
}

/* --- mutations --- */

/* Bytes and words that parsers look for. */
static const char *const tokens[] = {
    "\r\n",
    "\n",
    "\r\n\r\n",
    ":",
    ": ",
    ";",
    "=",
    "&",
    "?",
    "#",
    "//",
    "://",
    "@",
    "%",
    "%00",
    "%2f",
    "[",
    "]",
    "[::",
    "\"",
    "\\",
    "{",
    "}",
    ",",
    "..",
    "-1",
    "0",
    "1e9",
    "99999999999999999999",
    "0x",
    "\\u0000",
    "\xff",
    "\xc3\xa4",
    "\xef\xbb\xbf",
    "HTTP/1.1 200 OK\r\n",
    "http",
    "https",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Content-Encoding: gzip\r\n",
    "Set-Cookie: ",
    "Location: ",
    "token",
    "password",
    "null",
    "true",
    "data: ",
    "--",
    " ",
    "\t",
    "*",
};

static size_t
pick(struct rng *rng, size_t count)
{
    return count == 0 ? 0 : (size_t)rng_int(rng, 0, (int64_t)count - 1);
}

static void
insert(struct buf *buf, size_t at, const char *data, size_t size)
{
    if (buf->size + size > INPUT_MAX || size == 0)
        return;
    char *copy = xmemdup(data, size);
    buf_append(buf, copy, size);
    memmove(buf->data + at + size, buf->data + at, buf->size - size - at);
    memcpy(buf->data + at, copy, size);
    free(copy);
}

static void delete (struct buf *buf, size_t at, size_t size)
{
    memmove(buf->data + at, buf->data + at + size, buf->size - at - size);
    buf->size -= size;
}

static void
mutate(struct rng *rng, struct buf *buf)
{
    static const unsigned char odd[] = {0,    1,    0x0a, 0x0d, 0x20,
                                        0x7f, 0x80, 0xc0, 0xfe, 0xff};
    size_t at = pick(rng, buf->size + 1);
    size_t rest = buf->size - at;
    const struct buf *other = &fuzz.seeds[pick(rng, fuzz.count)];
    switch (pick(rng, 9)) {
    case 0:
        if (rest > 0)
            buf->data[at] = (char)(buf->data[at] ^ (1 << pick(rng, 8)));
        break;
    case 1:
        if (rest > 0)
            buf->data[at] = (char)pick(rng, 256);
        break;
    case 2:
        if (rest > 0)
            buf->data[at] = (char)odd[pick(rng, sizeof(odd))];
        break;
    case 3: {
        const char *token =
            tokens[pick(rng, sizeof(tokens) / sizeof(tokens[0]))];
        insert(buf, at, token, strlen(token));
        break;
    }
    case 4:
        if (rest > 0)
            delete (buf, at, 1 + pick(rng, rest < 16 ? rest : 16));
        break;
    case 5: /* twice */
        if (rest > 0)
            insert(buf, at, buf->data + at, 1 + pick(rng, rest));
        break;
    case 6: /* the end of another */
        if (other->size > 0) {
            size_t from = pick(rng, other->size);
            delete (buf, at, rest);
            insert(buf, at, other->data + from, other->size - from);
        }
        break;
    case 7: /* a piece of another */
        if (other->size > 0) {
            size_t from = pick(rng, other->size);
            insert(buf, at, other->data + from,
                   1 + pick(rng, other->size - from));
        }
        break;
    default:
        if (pick(rng, 4) == 0)
            delete (buf, at, rest);
        break;
    }
}

static void
run_mutations(unsigned runs)
{
    struct rng rng;
    rng_init(&rng, 1, 0);
    struct buf input = {0};
    for (unsigned i = 0; i < runs; i++) {
        const struct buf *seed = &fuzz.seeds[pick(&rng, fuzz.count)];
        buf_clear(&input);
        buf_append(&input, "", 1);
        input.size = 0;
        if (seed->size > 0)
            buf_append(&input, seed->data, seed->size);
        for (size_t left = 1 + pick(&rng, 8); left > 0; left--)
            mutate(&rng, &input);
        run(input.data, input.size);
    }
    buf_finish(&input);
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY|FILE\n", argv[0]);
        return 2;
    }
    catch_crashes();
    fuzz_setup();
    struct buf only = {0};
    unsigned runs = 0;
    if (read_seeds(argv[1])) {
        const char *given = getenv("FUZZ_RUNS");
        runs = given != NULL ? (unsigned)strtoul(given, NULL, 10)
                             : fuzz_default_runs;
        for (size_t i = 0; i < fuzz.count; i++)
            run(fuzz.seeds[i].data, fuzz.seeds[i].size);
        run("", 0);
        run_mutations(runs);
    } else if (errno == ENOTDIR && read_file(argv[1], &only)) {
        run(only.data, only.size);
    } else {
        fprintf(stderr, "%s: cannot read %s\n", argv[0], argv[1]);
        return 2;
    }
    printf("1..1\nok 1 - %zu seeds, %u mutations\n", fuzz.count, runs);
    for (size_t i = 0; i < fuzz.count; i++)
        buf_finish(&fuzz.seeds[i]);
    buf_finish(&only);
    fuzz_finish();
    return 0;
}
#endif
