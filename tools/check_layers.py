#!/usr/bin/env python3
"""Checks that each directory of src/ includes only what its layer may, and that
what belongs to one layer (a library, threads) is used nowhere else."""

import os
import re

import lint

# The table of docs/architecture.md.
LAYERS = {
    "base": "",
    "stats": "base",
    "plan": "base",
    "loop": "base",
    "http": "base loop",
    "hub": "base stats",
    "script": "base stats plan loop http hub",
    "output": "base stats plan",
    "serve": "base loop",
    "engine": "base stats plan loop http hub script output",
    "cli": "base plan output serve engine",
    "main.c": "base plan output serve engine cli",
}

# System headers that only these directories may include.
ONLY_IN = {
    "lua.h": ["script"],
    "lauxlib.h": ["script"],
    "lualib.h": ["script"],
    "curl/curl.h": ["http"],
    "ev.h": ["loop"],
    "libpsl.h": ["http"],
    "microhttpd.h": ["serve"],
    "wslay/wslay.h": ["http", "serve"],
    "openssl/evp.h": ["script", "http", "serve"],
    "openssl/hmac.h": ["script"],
    "zlib.h": ["stats"],
}

# Functions that only these directories may call.
CALLS_ONLY_IN = {"pthread_create": ["engine"]}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def blank(match):
    """Keeps the line numbers."""
    return re.sub(r"[^\n]", " ", match.group(0))


def check_file(root, path, layer):
    may = LAYERS[layer].split() + [layer]
    text = COMMENT.sub(blank, lint.read(root, path))
    for match in INCLUDE.finditer(text):
        where = "%s:%d: " % (path, line_of(text, match.start()))
        kind, header = match.groups()
        if kind == '"':
            folder = header.split("/")[0] if "/" in header else None
            if folder is None:
                yield where + 'write "%s" as "layer/file.h"' % header
            elif folder not in may:
                yield where + "%s may not include %s" % (layer, header)
        if header in ONLY_IN and layer not in ONLY_IN[header]:
            yield where + "%s is only for %s" % (
                header, ", ".join(ONLY_IN[header]))
    code = STRING.sub(blank, text)
    for name, layers in CALLS_ONLY_IN.items():
        for match in re.finditer(r"\b%s\b" % name, code):
            if layer not in layers:
                yield "%s:%d: %s is only for %s" % (
                    path, line_of(code, match.start()), name,
                    ", ".join(layers))


def check(root):
    by_layer = {}
    for path in lint.files(root, ["src"], (".c", ".h")):
        by_layer.setdefault(path.split(os.sep)[1], []).append(path)
    for layer, paths in sorted(by_layer.items()):
        if layer not in LAYERS:
            yield layer, ["src/%s is in no layer" % layer]
            continue
        yield layer, [problem for path in paths
                      for problem in check_file(root, path, layer)]


SELF_TESTS = [
    ("an include upwards",
     {"src/base/a.c": '#include "http/session.h"\n'},
     "src/base/a.c:1: base may not include http/session.h"),
    ("an include that is allowed",
     {"src/http/a.c": '#include "loop/loop.h"\n#include <curl/curl.h>\n'},
     None),
    ("an include in a comment",
     {"src/base/a.c": '/* #include "http/session.h" */\n'}, None),
    ("a neighbour without its directory",
     {"src/base/a.c": '#include "a.h"\n'}, 'write "a.h"'),
    ("Lua outside of script",
     {"src/hub/a.h": "\n#include <lua.h>\n"},
     "src/hub/a.h:2: lua.h is only for script"),
    ("Lua's helpers outside of script",
     {"src/engine/a.c": "#include <lauxlib.h>\n"}, "lauxlib.h"),
    ("curl outside of http",
     {"src/engine/a.c": "#include <curl/curl.h>\n"}, "curl/curl.h"),
    ("libev outside of loop",
     {"src/http/a.c": "#include <ev.h>\n"}, "ev.h"),
    ("libmicrohttpd outside of serve",
     {"src/cli/a.c": "#include <microhttpd.h>\n"}, "microhttpd.h"),
    ("a thread outside of engine",
     {"src/hub/a.c": "int f(void) { return pthread_create(0, 0, 0, 0); }\n"},
     "src/hub/a.c:1: pthread_create"),
    ("a thread that is only spoken of",
     {"src/hub/a.c": '/* no pthread_create */ char s[] = "pthread_create";\n'},
     None),
    ("main.c",
     {"src/main.c": '#include "script/script.h"\n'},
     "main.c may not include script/script.h"),
    ("a directory that is in no layer",
     {"src/extra/a.c": "\n"}, "in no layer"),
]

if __name__ == "__main__":
    lint.run(check, SELF_TESTS)
