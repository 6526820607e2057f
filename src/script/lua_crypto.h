#ifndef MOLO_SCRIPT_LUA_CRYPTO_H
#define MOLO_SCRIPT_LUA_CRYPTO_H

#include <lua.h>

/* Sets `base64`, `hash` and `hmac` in the table at the top of the stack. */
void lua_crypto_open(lua_State *L);

#endif
