/* The compiled form of a function tells what it assigns. It is read as Lua 5.4
 * writes it (ldump.c) and as its instructions are laid out (lopcodes.h). */
#include "script/assigns.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* An instruction: the opcode in the lowest 7 bits, A in the next 8, k in one,
 * then B and C of 8 bits. OP_SETUPVAL is "upvalue B = register A". */
#define OP_MASK 0x7f
#define OP_SETUPVAL 10
#define POS_B 16
#define MASK_B 0xff

#define MAX_UPVALUES 255
#define FORMAT_OF_LUA_5_4 "\x1bLua\x54\0\x19\x93\r\n\x1a\n"

/* Constants are tagged with their type and its variant. */
enum constant {
    CONSTANT_NIL = 0x00,
    CONSTANT_FALSE = 0x01,
    CONSTANT_INTEGER = 0x03,
    CONSTANT_SHORT_STRING = 0x04,
    CONSTANT_TRUE = 0x11,
    CONSTANT_FLOAT = 0x13,
    CONSTANT_LONG_STRING = 0x14,
};

/* Line differences are signed bytes; this one says that the line is in the list
 * of absolute ones. */
#define LINE_IS_ABSOLUTE (-128)

/* For each upvalue of a function the one of the outermost function that it is,
 * or OWN. */
struct upvalue_map {
    int16_t outermost[MAX_UPVALUES];
    size_t count;
};
#define OWN (-1) /* a local of a function in between */

struct found {
    int upvalue; /* of the outermost function, from 0 */
    int line;
};

struct reader {
    const unsigned char *at, *end;
    bool broken; /* not what was expected: everything reads as 0 */
    struct found *found;
    size_t found_count;
};

static const unsigned char *
read_bytes(struct reader *reader, size_t size)
{
    if (reader->broken || size > (size_t)(reader->end - reader->at)) {
        reader->broken = true;
        return NULL;
    }
    const unsigned char *bytes = reader->at;
    reader->at += size;
    return bytes;
}

static unsigned char
read_byte(struct reader *reader)
{
    const unsigned char *byte = read_bytes(reader, 1);
    return byte ? *byte : 0;
}

/* Seven bits a byte, the highest first; the last byte has its top bit set. */
static size_t
read_size(struct reader *reader)
{
    size_t size = 0;
    unsigned char byte = 0;
    while (!reader->broken && !(byte & 0x80)) {
        byte = read_byte(reader);
        if (size > (SIZE_MAX >> 7))
            reader->broken = true;
        size = (size << 7) | (byte & 0x7f);
    }
    return reader->broken ? 0 : size;
}

static int
read_int(struct reader *reader)
{
    size_t value = read_size(reader);
    if (value > INT_MAX)
        reader->broken = true;
    return reader->broken ? 0 : (int)value;
}

static void
skip_string(struct reader *reader)
{
    size_t size = read_size(reader);
    if (size > 0) /* 0: none */
        read_bytes(reader, size - 1);
}

static void
skip_constant(struct reader *reader)
{
    switch (read_byte(reader)) {
    case CONSTANT_NIL:
    case CONSTANT_FALSE:
    case CONSTANT_TRUE:
        break;
    case CONSTANT_INTEGER:
        read_bytes(reader, sizeof(lua_Integer));
        break;
    case CONSTANT_FLOAT:
        read_bytes(reader, sizeof(lua_Number));
        break;
    case CONSTANT_SHORT_STRING:
    case CONSTANT_LONG_STRING:
        skip_string(reader);
        break;
    default:
        reader->broken = true;
    }
}

/* `around`: those of the enclosing function; NULL: this is the outermost. */
static void
read_upvalues(struct reader *reader, const struct upvalue_map *around,
              struct upvalue_map *map)
{
    map->count = read_size(reader);
    if (map->count > MAX_UPVALUES)
        reader->broken = true;
    for (size_t i = 0; i < map->count && !reader->broken; i++) {
        bool is_local_around = read_byte(reader) != 0;
        size_t index = read_byte(reader);
        read_byte(reader); /* kind */
        if (!around)
            map->outermost[i] = (int16_t)i;
        else if (is_local_around)
            map->outermost[i] = OWN;
        else if (index < around->count)
            map->outermost[i] = around->outermost[index];
        else
            reader->broken = true;
    }
}

static void
add_found(struct reader *reader, int upvalue, int line)
{
    reader->found = xrealloc(reader->found, (reader->found_count + 1) *
                                                sizeof(reader->found[0]));
    reader->found[reader->found_count++] =
        (struct found){.upvalue = upvalue, .line = line};
}

/* Reads the lines of the instructions, and so knows where each assignment is.
 */
static void
read_lines(struct reader *reader, const unsigned char *code, size_t code_count,
           const struct upvalue_map *map, int line)
{
    size_t count = read_size(reader);
    const unsigned char *steps = read_bytes(reader, count);
    size_t absolute_count = read_size(reader);
    if (count != 0 && count != code_count)
        reader->broken = true;
    for (size_t pc = 0; pc < count && !reader->broken; pc++) {
        int step = (signed char)steps[pc];
        line += step;
        if (step == LINE_IS_ABSOLUTE) {
            if (absolute_count-- == 0 || read_size(reader) != pc)
                reader->broken = true;
            line = read_int(reader);
        }
        uint32_t instruction;
        memcpy(&instruction, code + pc * sizeof(instruction),
               sizeof(instruction));
        if ((instruction & OP_MASK) != OP_SETUPVAL)
            continue;
        size_t upvalue = (instruction >> POS_B) & MASK_B;
        if (upvalue >= map->count)
            reader->broken = true;
        else if (map->outermost[upvalue] != OWN)
            add_found(reader, map->outermost[upvalue], line);
    }
    if (absolute_count != 0)
        reader->broken = true;
}

static void
read_function(struct reader *reader, const struct upvalue_map *around)
{
    skip_string(reader); /* the file */
    int line = read_int(reader);
    read_int(reader);      /* its last line */
    read_bytes(reader, 3); /* parameters, varargs, registers */

    size_t code_count = read_size(reader);
    if (code_count > SIZE_MAX / sizeof(uint32_t))
        reader->broken = true;
    const unsigned char *code =
        read_bytes(reader, code_count * sizeof(uint32_t));
    size_t constants = read_size(reader);
    for (size_t i = 0; i < constants && !reader->broken; i++)
        skip_constant(reader);
    struct upvalue_map map;
    read_upvalues(reader, around, &map);
    size_t functions = read_size(reader);
    for (size_t i = 0; i < functions && !reader->broken; i++)
        read_function(reader, &map);

    read_lines(reader, code, code_count, &map, line);
    size_t locals = read_size(reader);
    for (size_t i = 0; i < locals && !reader->broken; i++) {
        skip_string(reader);
        read_size(reader); /* from this instruction */
        read_size(reader); /* to that one */
    }
    size_t names = read_size(reader);
    for (size_t i = 0; i < names && !reader->broken; i++)
        skip_string(reader);
}

static void
expect_bytes(struct reader *reader, const void *expected, size_t size)
{
    const unsigned char *bytes = read_bytes(reader, size);
    if (bytes && memcmp(bytes, expected, size) != 0)
        reader->broken = true;
}

static void
read_header(struct reader *reader)
{
    const unsigned char sizes[] = {sizeof(uint32_t), sizeof(lua_Integer),
                                   sizeof(lua_Number)};
    const lua_Integer integer = 0x5678;
    const lua_Number number = 370.5;
    expect_bytes(reader, FORMAT_OF_LUA_5_4, sizeof(FORMAT_OF_LUA_5_4) - 1);
    expect_bytes(reader, sizes, sizeof(sizes));
    expect_bytes(reader, &integer, sizeof(integer));
    expect_bytes(reader, &number, sizeof(number));
    read_byte(reader); /* how many upvalues, said again by the function */
}

static int
append(lua_State *L, const void *data, size_t size, void *out)
{
    (void)L;
    buf_append(out, data, size);
    return 0;
}

static int
compare_found(const void *a, const void *b)
{
    const struct found *one = a, *other = b;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    return (one->upvalue > other->upvalue) - (one->upvalue < other->upvalue);
}

/* Those of one local in one line are told once. */
static struct assigns
name_found(lua_State *L, struct found *found, size_t count)
{
    struct assigns assigns = {0};
    if (count == 0)
        return assigns;
    qsort(found, count, sizeof(found[0]), compare_found);
    assigns.items = xcalloc(count, sizeof(assigns.items[0]));
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_found(&found[i - 1], &found[i]) == 0)
            continue;
        const char *name = lua_getupvalue(L, -1, found[i].upvalue + 1);
        if (!name)
            continue;
        lua_pop(L, 1);
        assigns.items[assigns.count++] =
            (struct assign){.name = name, .line = found[i].line};
    }
    return assigns;
}

struct assigns
assigns_find(lua_State *L)
{
    struct assigns assigns = {0};
    struct buf dump = {0};
    if (!lua_iscfunction(L, -1) && lua_checkstack(L, 1) &&
        lua_dump(L, append, &dump, 0) == 0 && dump.size > 0) {
        struct reader reader = {
            .at = (const unsigned char *)dump.data,
            .end = (const unsigned char *)dump.data + dump.size,
        };
        read_header(&reader);
        read_function(&reader, NULL);
        if (!reader.broken && reader.at == reader.end)
            assigns = name_found(L, reader.found, reader.found_count);
        free(reader.found);
    }
    buf_finish(&dump);
    return assigns;
}

void
assigns_finish(struct assigns *assigns)
{
    free(assigns->items);
    *assigns = (struct assigns){0};
}
