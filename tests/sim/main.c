/* sim: random programs of coordination calls, run against the hub and checked
 * by its models. See README.md. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"
#include "shrink.h"

#define MAX_FAILURES 3
#define SECONDS_PER_SEED 10

struct arguments {
    uint64_t first, last;
    unsigned types;
    bool print, tap, whole;
};

/* What the process that runs the seeds tells the one that watches it. */
struct progress {
    uint64_t seed;
    uint64_t operations, hash;
    bool failed;
};

static void
usage(void)
{
    fputs("usage: sim [--seeds A..B | --seed N] [--types NAME,NAME...]\n"
          "           [--print] [--whole] [--tap]\n"
          "  --print  the history of each seed\n"
          "  --whole  a program that fails as it is, not made smaller\n",
          stderr);
    exit(2);
}

static unsigned
parse_types(const char *list)
{
    unsigned types = 0;
    while (*list) {
        size_t length = strcspn(list, ",");
        bool known = false;
        for (int type = 0; type < HUB_OBJECT_TYPES; type++) {
            const char *name = hub_object_type_name((enum hub_object_type)type);
            if (strlen(name) == length && strncmp(name, list, length) == 0) {
                types |= 1u << type;
                known = true;
            }
        }
        if (!known)
            usage();
        list += length + (list[length] == ',');
    }
    return types;
}

static void
parse(struct arguments *arguments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        char *end;
        if (strcmp(argv[i], "--print") == 0) {
            arguments->print = true;
        } else if (strcmp(argv[i], "--whole") == 0) {
            arguments->whole = true;
        } else if (strcmp(argv[i], "--tap") == 0) {
            arguments->tap = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && value) {
            arguments->first = strtoull(value, &end, 10);
            if (strncmp(end, "..", 2) != 0)
                usage();
            arguments->last = strtoull(end + 2, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--seed") == 0 && value) {
            arguments->first = strtoull(value, NULL, 10);
            arguments->last = arguments->first;
            i++;
        } else if (strcmp(argv[i], "--types") == 0 && value) {
            arguments->types = parse_types(value);
            i++;
        } else {
            usage();
        }
    }
}

/* --- many seeds --- */

static bool
run_seed(const struct arguments *arguments, struct progress *progress)
{
    static struct program program;
    program_generate(&program, progress->seed, arguments->types);
    uint64_t hash;
    int operations;
    char *violation = play_program(&program, NULL, &hash, &operations);
    progress->operations += (uint64_t)operations;
    progress->hash = (progress->hash ^ hash) * UINT64_C(0x100000001b3);
    bool failed = violation != NULL;
    free(violation);
    return !failed;
}

/* The first seed of the range that fails, or last + 1. In a process of its own,
 * which may crash or hang. */
static uint64_t
find_failure(const struct arguments *arguments, uint64_t first,
             struct progress *progress)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        for (uint64_t seed = first; seed <= arguments->last; seed++) {
            progress->seed = seed;
            alarm(SECONDS_PER_SEED);
            if (!run_seed(arguments, progress))
                _exit(1);
        }
        progress->seed = arguments->last + 1;
        exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return arguments->last + 1;
    /* What is only noticed at the end belongs to no seed. */
    return progress->seed <= arguments->last ? progress->seed : 0;
}

/* --- one seed --- */

static void
put(const char *prefix, const struct buf *text)
{
    const char *line = text->data ? text->data : "";
    while (*line) {
        size_t length = strcspn(line, "\n");
        printf("%s%.*s\n", prefix, (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* The history, and after it the violation; of a program that crashes, what it
 * is. */
static void
tell_history(const struct program *program, const char *prefix)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        struct buf history = {0};
        alarm(SECONDS_PER_SEED);
        char *violation = play_program(program, &history, NULL, NULL);
        put(prefix, &history);
        free(violation);
        buf_finish(&history);
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        printf("%scrashes (status %d)\n", prefix, status);
}

static void
tell_failure(const struct arguments *arguments, uint64_t seed)
{
    static struct program program;
    const char *prefix = arguments->tap ? "# " : "";
    program_generate(&program, seed, arguments->types);
    if (!arguments->whole)
        program_shrink(&program);
    struct buf text = {0};
    program_describe(&program, &text);
    printf("%sseed %" PRIu64 " fails%s\n", prefix, seed,
           arguments->whole ? "" : "; what is left of it:");
    put(prefix, &text);
    buf_finish(&text);
    tell_history(&program, prefix);
}

static bool
print_seeds(const struct arguments *arguments)
{
    bool all_well = true;
    for (uint64_t seed = arguments->first; seed <= arguments->last; seed++) {
        static struct program program;
        struct buf text = {0};
        program_generate(&program, seed, arguments->types);
        program_describe(&program, &text);
        put("", &text);
        buf_finish(&text);
        tell_history(&program, "");
        all_well &= !program_fails(&program);
    }
    return all_well;
}

/* The same seeds have the same histories, byte for byte. */
static bool
is_repeatable(const struct arguments *arguments, struct progress *progress)
{
    struct arguments some = *arguments;
    if (some.last > some.first + 99)
        some.last = some.first + 99;
    uint64_t hashes[2];
    for (int i = 0; i < 2; i++) {
        *progress = (struct progress){0};
        if (find_failure(&some, some.first, progress) <= some.last)
            return true; /* that is another failure */
        hashes[i] = progress->hash;
    }
    return hashes[0] == hashes[1];
}

static void
tell_case(const struct arguments *arguments, bool ok, int number,
          const char *name)
{
    if (arguments->tap)
        printf("%s %d - %s\n", ok ? "ok" : "not ok", number, name);
    else if (!ok)
        printf("failed: %s\n", name);
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.first = 1, .last = 1000, .types = ~0u};
    parse(&arguments, argc, argv);
    if (arguments.print)
        return print_seeds(&arguments) ? 0 : 1;
    struct progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        abort();
    if (arguments.tap)
        puts("1..2");
    bool repeatable = is_repeatable(&arguments, progress);
    tell_case(&arguments, repeatable, 1, "the same seed, the same history");
    *progress = (struct progress){0};
    int failures = 0;
    uint64_t seed = arguments.first;
    while (failures < MAX_FAILURES && seed <= arguments.last) {
        seed = find_failure(&arguments, seed, progress);
        if (seed > arguments.last)
            break;
        failures++;
        if (seed == 0) {
            printf("%sthe process fails as it ends: memory was lost\n",
                   arguments.tap ? "# " : "");
            break;
        }
        tell_failure(&arguments, seed++);
    }
    char name[120];
    snprintf(name, sizeof(name),
             "the hub does what its models say, seeds %" PRIu64 "..%" PRIu64,
             arguments.first, arguments.last);
    tell_case(&arguments, failures == 0, 2, name);
    printf("%s%" PRIu64 " operations, hash %016" PRIx64 "\n",
           arguments.tap ? "# " : "", progress->operations, progress->hash);
    return repeatable && failures == 0 ? 0 : 1;
}
