#ifndef MOLO_SCRIPT_LUA_FILES_H
#define MOLO_SCRIPT_LUA_FILES_H

#include <lua.h>

/* Bodies from files: `files` (multipart/form-data, with the fields of `form`)
 * and `body = {path = ...}`. Both raise; a file that cannot be opened is misuse
 * that names it, a lack of descriptors an error of kind generator. */

struct lua_request;

void lua_files_set_parts(lua_State *L, struct lua_request *request, int index);
void lua_files_set_body(lua_State *L, struct lua_request *request, int index);

/* Pushes the path of a file as it is opened: relative to the scenario file. */
const char *lua_files_push_path(lua_State *L, const char *path);

#endif
