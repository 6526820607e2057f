/* molo.base64, molo.hash, molo.hmac. */
#include "script/lua_crypto.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/base64.h"
#include "script/mlua.h"

struct algorithm {
    const char *name;
    const EVP_MD *(*md)(void);
};
static const struct algorithm algorithms[] = {
    {"md5", EVP_md5},       {"sha1", EVP_sha1},     {"sha256", EVP_sha256},
    {"sha384", EVP_sha384}, {"sha512", EVP_sha512},
};

static const EVP_MD *
check_algorithm(lua_State *L, const char *what)
{
    const char *names[ARRAY_LENGTH(algorithms)];
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++)
        names[i] = algorithms[i].name;
    if (lua_type(L, 1) != LUA_TSTRING)
        mlua_misuse(L, "%s: the algorithm must be a string, got %s", what,
                    luaL_typename(L, 1));
    const char *name = lua_tostring(L, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++)
        if (strcmp(name, names[i]) == 0)
            return algorithms[i].md();
    struct err err;
    mlua_unknown_key(&err, "algorithm", name, names, ARRAY_LENGTH(names));
    mlua_misuse(L, "%s: %s", what, err.message);
    return NULL;
}

static bool
option_flag(lua_State *L, int index, const char *what, const char *name,
            bool otherwise)
{
    if (lua_isnoneornil(L, index))
        return otherwise;
    lua_pushstring(L, name);
    int type = lua_rawget(L, index);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        mlua_misuse(L, "%s: %s must be true or false, got %s", what, name,
                    luaL_typename(L, -1));
    bool flag = type == LUA_TNIL ? otherwise : lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

static bool
option_raw(lua_State *L, int index, const char *what)
{
    static const char *const known[] = {"raw"};
    mlua_check_options(L, index, what, known, ARRAY_LENGTH(known));
    return option_flag(L, index, what, "raw", false);
}

static int
push_digest(lua_State *L, const unsigned char *digest, size_t size, bool raw)
{
    static const char digits[] = "0123456789abcdef";
    if (raw) {
        lua_pushlstring(L, (const char *)digest, size);
        return 1;
    }
    char hex[2 * EVP_MAX_MD_SIZE];
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    lua_pushlstring(L, hex, 2 * size);
    return 1;
}

static int
refused(lua_State *L, const char *what)
{
    return mlua_misuse(L,
                       "%s: OpenSSL refuses '%s' on this machine (is it in "
                       "FIPS mode?)",
                       what, lua_tostring(L, 1));
}

/* molo.hash(algorithm, text, {raw}) -> string */
static int
crypto_hash(lua_State *L)
{
    const EVP_MD *md = check_algorithm(L, "molo.hash");
    size_t size;
    const char *text = mlua_check_text(L, 2, "molo.hash: the text", &size);
    bool raw = option_raw(L, 3, "molo.hash");
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    if (!EVP_Digest(text, size, digest, &digest_size, md, NULL))
        return refused(L, "molo.hash");
    return push_digest(L, digest, digest_size, raw);
}

/* molo.hmac(algorithm, key, text, {raw}) -> string */
static int
crypto_hmac(lua_State *L)
{
    const EVP_MD *md = check_algorithm(L, "molo.hmac");
    size_t key_size, size;
    const char *key = mlua_check_text(L, 2, "molo.hmac: the key", &key_size);
    const char *text = mlua_check_text(L, 3, "molo.hmac: the text", &size);
    bool raw = option_raw(L, 4, "molo.hmac");
    if (key_size > INT_MAX)
        return mlua_misuse(L, "molo.hmac: the key is longer than 2 GiB");
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    if (!HMAC(md, key, (int)key_size, (const unsigned char *)text, size, digest,
              &digest_size))
        return refused(L, "molo.hmac");
    return push_digest(L, digest, digest_size, raw);
}

/* base64.encode(bytes, {url, pad}) -> text */
static int
lua_base64_encode(lua_State *L)
{
    static const char what[] = "molo.base64.encode";
    static const char *const known[] = {"pad", "url"};
    size_t size;
    const char *bytes =
        mlua_check_text(L, 1, "molo.base64.encode: the argument", &size);
    mlua_check_options(L, 2, what, known, ARRAY_LENGTH(known));
    struct base64_form form = {.url = option_flag(L, 2, what, "url", false)};
    form.padded = option_flag(L, 2, what, "pad", !form.url);
    struct buf out = {0};
    base64_encode_as(bytes, size, form, &out);
    lua_pushlstring(L, out.data, out.size);
    buf_finish(&out);
    return 1;
}

/* base64.decode(text, {url}) -> bytes */
static int
lua_base64_decode(lua_State *L)
{
    static const char what[] = "molo.base64.decode";
    static const char *const known[] = {"url"};
    size_t size;
    const char *text =
        mlua_check_text(L, 1, "molo.base64.decode: the argument", &size);
    mlua_check_options(L, 2, what, known, ARRAY_LENGTH(known));
    struct base64_form form = {.url = option_flag(L, 2, what, "url", false)};
    form.padded = !form.url;
    struct buf out = {0};
    struct err err;
    if (!base64_decode(text, size, form, &out, &err))
        return mlua_misuse(L, "%s: %s", what, err.message);
    lua_pushlstring(L, out.data, out.size);
    buf_finish(&out);
    return 1;
}

static const luaL_Reg base64_functions[] = {
    {"decode", lua_base64_decode},
    {"encode", lua_base64_encode},
    {NULL, NULL},
};

static const luaL_Reg crypto_functions[] = {
    {"hash", crypto_hash},
    {"hmac", crypto_hmac},
    {NULL, NULL},
};

void
lua_crypto_open(lua_State *L)
{
    luaL_setfuncs(L, crypto_functions, 0);
    luaL_newlib(L, base64_functions);
    lua_setfield(L, -2, "base64");
}
