#!/usr/bin/env python3
"""Checks that docs/lua-api.md has a heading for everything scripts can call, and
for nothing else, that each option of a request stands in a table and in an example
there, and that the man page has every command, and every option of `molo run` as
the help spells it, with the same default.

What scripts can call: the entries of lua/molo.lua, and the methods in the
luaL_Reg tables of src/script/lua_*.c."""

import os
import re

import lint

API = "docs/lua-api.md"
MAN = "docs/man/molo.1.scd"
OPTIONS = "src/plan/option_table.c"
COMMANDS = "src/cli/cli.c"

# How scripts reach the functions of a table; None: only molo's own Lua does.
TABLES = {
    "core_functions": None,
    "register_functions": None,
    "sync_functions": None,
    "handle_functions": None,
    "var_functions": None,
    "stream_functions": None,
    "stream_methods": None,
    "events_functions": None,
    "parser_methods": None,
    "task_functions": None,
    "scope_functions": None,
    "attempt_functions": None,
    "metric_functions": None,
    "metric_methods": "metric:",
    "util_functions": None,
    "crypto_functions": None,
    "data_functions": "data.",
    "feed_methods": "feed:",
    "feed_meta": None,
    "base64_functions": "base64.",
    "json_functions": "json.",
    "url_functions": "url.",
    "http_methods": "session:",
    "verbs": "session:",
    "websocket_methods": "ws:",
    "websocket_meta": None,
    "session_methods": "session:",
    "task_methods": "task:",
    "barrier_methods": "barrier:",
    "condition_methods": "condition:",
    "event_methods": "event:",
    "hold_methods": "hold:",
    "limiter_methods": "limiter:",
    "lock_methods": "lock:",
    "notifier_methods": "notifier:",
    "queue_methods": "queue:",
    "rng_methods": "rng:",
    "semaphore_methods": "semaphore:",
}

# What is documented under another name: a method of every handle, and a table
# of functions that have headings of their own.
SAME_AS = {"molo.base64": "base64.encode", "molo.data": "data.csv",
           "molo.json": "json.encode",
           "molo.url": "url.parse"}
SAME_AS.update((kind + ":free", "handle:free") for kind in (
    "barrier", "condition", "event", "limiter", "lock", "notifier", "queue",
    "semaphore"))
# A condition has the methods of its lock.
SAME_AS.update(("condition:" + name, "lock:" + name) for name in (
    "acquire", "hold", "locked", "release", "try_acquire", "with"))

TABLE = re.compile(r"(?:luaL_Reg (\w+)\[\]|char \*const (verbs)\[\]\[2\])"
                   r" = \{(.*?)\n\};", re.DOTALL)
ENTRY = re.compile(r'\{\s*"(\w+)"')

# What requests and sessions can be told, in one of these tables of C.
OPTION_TABLE = re.compile(r"struct (?:lua|request)_option (\w+)\[\w*\]"
                          r" = \{(.*?)\n\};", re.DOTALL)


def names_in_c(root):
    """Yields (name as scripts write it, None) or (None, problem)."""
    for path in lint.files(root, ["src/script"], (".c",)):
        if not os.path.basename(path).startswith("lua_"):
            continue
        for registered, verbs, body in TABLE.findall(lint.read(root, path)):
            table = (registered or verbs).removeprefix("lua_")
            names = [name for name in ENTRY.findall(body)
                     if not name.startswith("__")]
            if not names:
                continue
            if table not in TABLES:
                yield None, ("%s: say in tools/check_docs.py how scripts "
                             "reach the functions of %s" % (path, table))
            elif TABLES[table]:
                for name in names:
                    yield TABLES[table] + name, None


def names_in_lua(root):
    """The fields of the table that `require "molo"` returns."""
    text = lint.read(root, "lua/molo.lua")
    table = re.search(r"^local molo = \{\n(.*?)^\}", text,
                      re.MULTILINE | re.DOTALL)
    names = re.findall(r"^  (\w+) =", table.group(1), re.MULTILINE) if table \
        else []
    names += re.findall(r"^function molo\.(\w+)", text, re.MULTILINE)
    names += re.findall(r"^molo\.(\w+) =", text, re.MULTILINE)
    return ["molo." + name for name in names]


def is_named(name, headings):
    return any(re.search(r"(?<![\w.:])%s(?!\w)" % re.escape(name), heading)
               for heading in headings)


def check_api(root):
    public, problems = names_in_lua(root), []
    for name, problem in names_in_c(root):
        if name:
            public.append(name)
        else:
            problems.append(problem)
    text = lint.read(root, API) if os.path.exists(os.path.join(root, API)) \
        else ""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ .*", text, re.MULTILINE)
    for name in public:
        if not is_named(SAME_AS.get(name, name), headings):
            problems.append("%s has no heading for %s" % (API, name))
    for name in re.findall(r"(?<![\w.])molo\.\w+", "\n".join(headings)):
        if name not in public:
            problems.append("%s documents %s, which is not there"
                            % (API, name))
    yield API, problems


def check_options(root):
    """Each stands in the first column of a table, and in an example."""
    names = []
    for path in lint.files(root, ["src/script"], (".c",)):
        for _, body in OPTION_TABLE.findall(lint.read(root, path)):
            names += ENTRY.findall(body)
    text = lint.read(root, API) if os.path.exists(os.path.join(root, API)) \
        else ""
    listed = set()
    for cell in re.findall(r"^\|([^|]*)\|", text, re.MULTILINE):
        listed.update(re.findall(r"`(\w+)`", cell))
    examples = "\n".join(re.findall(r"^```lua\n(.*?)^```", text,
                                    re.MULTILINE | re.DOTALL))
    problems = []
    for name in names:
        if name not in listed:
            problems.append("%s: no table has the option `%s`" % (API, name))
        if not re.search(r"\b%s =" % name, examples):
            problems.append("%s: no example has the option `%s`"
                            % (API, name))
    yield API + ": options", problems


# A row of the table of options, and what of it the help shows.
ROW = re.compile(r"\{\.name = (.*?)(?=\{\.name = |\Z)", re.DOTALL)
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
DEFAULT = re.compile(r"\(default:? (\S+)\)")


def options_of_help(root):
    """Yields ("-w, --workers N", default or None)."""
    for row in ROW.findall(lint.read(root, OPTIONS)):
        name = LITERAL.match(row).group(1)
        short = re.search(r"\.short_name = '(.)'", row)
        argument = re.search(r'\.argument = "([^"]*)"', row)
        words = "".join(LITERAL.findall(row.partition(".help =")[2]))
        default = DEFAULT.search(words)
        yield ("%s--%s%s" % ("-%s, " % short.group(1) if short else "", name,
                             " " + argument.group(1) if argument else ""),
               default and default.group(1))


def check_man(root):
    if not os.path.exists(os.path.join(root, OPTIONS)):
        return
    text = lint.read(root, MAN) if os.path.exists(os.path.join(root, MAN)) \
        else ""
    # What scdoc interprets.
    text = "\n" + re.sub(r"[*_\\]", "", text)
    problems = []
    for heading, default in options_of_help(root):
        _, found, rest = text.partition("\n%s\n" % heading)
        told = rest.partition("\n\n-")[0]
        if not found:
            problems.append("%s lacks the line of %s" % (MAN, heading))
        elif default and not re.search(r"Default:\s+%s[.:;]?(\s|$)"
                                       % re.escape(default), told):
            problems.append("%s: %s: the help says 'default %s'"
                            % (MAN, heading, default))
    yield MAN, problems


def check_commands(root):
    """Each is in the synopsis of the man page."""
    if not os.path.exists(os.path.join(root, COMMANDS)):
        return
    names = re.findall(r'\{"(\w+)", cmd_\w+', lint.read(root, COMMANDS))
    text = lint.read(root, MAN) if os.path.exists(os.path.join(root, MAN)) \
        else ""
    synopsis = text.partition("# SYNOPSIS")[2].partition("\n# ")[0]
    yield MAN + ": commands", ["%s: the synopsis lacks molo %s" % (MAN, name)
                               for name in names
                               if "*molo %s*" % name not in synopsis]


def check(root):
    yield from check_api(root)
    yield from check_options(root)
    yield from check_man(root)
    yield from check_commands(root)


MODULE = "local molo = {\n  sleep = core.sleep,\n}\n"
METHODS = ('static const luaL_Reg notifier_methods[] = {\n'
           '    {"written", written},\n    {NULL, NULL},\n};\n')

REQUEST = ('static const struct request_option request_options[] = {\n'
           '    {"vars", option_vars}, {"query", option_query},\n};\n')
TOLD = ("## molo.sleep\n| `vars`, `query` | something |\n"
        "```lua\nsession:get('/', { vars = 1, query = 2 })\n```\n")

ROWS = ('{.name = "workers",\n .short_name = \'w\',\n .argument = "N|auto",\n'
        ' .help = "how many "\n "(default 1)"},\n'
        '{.name = "seed",\n .help = "a seed"},\n')
MAN_ROWS = ("*-w*, *--workers* _N_|*auto*\n\tHow many. Default: 1.\n\n"
            "*--seed*\n\tA seed.\n")

SELF_TESTS = [
    ("options with entries and examples",
     {"lua/molo.lua": MODULE, "src/script/lua_request.c": REQUEST, API: TOLD},
     None),
    ("an option without an entry",
     {"lua/molo.lua": MODULE, "src/script/lua_request.c": REQUEST,
      API: TOLD.replace("`vars`, ", "")}, "no table has the option `vars`"),
    ("an option without an example",
     {"lua/molo.lua": MODULE, "src/script/lua_request.c": REQUEST,
      API: TOLD.replace("query = 2", "")}, "no example has the option `query`"),
    ("an option that all share",
     {"lua/molo.lua": MODULE,
      "src/script/lua_options.c": REQUEST.replace(
          "request_option request_options[]",
          "lua_option lua_shared_options[LUA_SHARED_OPTIONS]"),
      API: "## molo.sleep\n"}, "no table has the option `query`"),
    ("all is documented",
     {"lua/molo.lua": MODULE, "src/script/lua_sync.c": METHODS,
      API: "## molo.sleep(seconds)\n## notifier:written(value?)\n"}, None),
    ("a function without a heading",
     {"lua/molo.lua": MODULE, API: "molo.sleep waits.\n"},
     "no heading for molo.sleep"),
    ("a longer name is another",
     {"lua/molo.lua": MODULE, API: "## molo.sleepless\n## molo.sleeps\n"},
     "no heading for molo.sleep"),
    ("a comment in an example is no heading",
     {"lua/molo.lua": MODULE, API: "```lua\n# molo.sleep\n```\n"},
     "no heading for molo.sleep"),
    ("a function written in Lua",
     {"lua/molo.lua": MODULE + "function molo.try(fn)\nend\n",
      API: "## molo.sleep\n"}, "no heading for molo.try"),
    ("a method without a heading",
     {"lua/molo.lua": MODULE, "src/script/lua_sync.c": METHODS,
      API: "## molo.sleep\n"}, "no heading for notifier:written"),
    ("a table that nobody knows",
     {"lua/molo.lua": MODULE, API: "## molo.sleep\n",
      "src/script/lua_x.c": METHODS.replace("notifier", "mystery")},
     "functions of mystery_methods"),
    ("a heading for what is not there",
     {"lua/molo.lua": MODULE, API: "## molo.sleep\n## molo.dream\n"},
     "documents molo.dream"),
    ("an option the man page lacks",
     {"lua/molo.lua": MODULE, API: "## molo.sleep\n",
      OPTIONS: ROWS, MAN: MAN_ROWS.replace("--seed", "--seed-value")},
     "lacks the line of --seed"),
    ("an option with another short name",
     {"lua/molo.lua": MODULE, API: "## molo.sleep\n",
      OPTIONS: ROWS, MAN: MAN_ROWS.replace("-w", "-u")},
     "lacks the line of -w, --workers N|auto"),
    ("an option with another default",
     {"lua/molo.lua": MODULE, API: "## molo.sleep\n",
      OPTIONS: ROWS, MAN: MAN_ROWS.replace("Default: 1", "Default: 10")},
     "--workers N|auto: the help says 'default 1'"),
    ("options as they should be",
     {"lua/molo.lua": MODULE, API: "## molo.sleep\n",
      OPTIONS: ROWS, MAN: MAN_ROWS}, None),
    ("a command the man page lacks",
     {"lua/molo.lua": MODULE, API: "## molo.sleep\n",
      COMMANDS: '{"run", cmd_run, true}, {"hist", cmd_hist, true},\n',
      MAN: "# SYNOPSIS\n\n*molo run* _FILE_\n\n# MORE\n\n*molo hist*\n"},
     "the synopsis lacks molo hist"),
]

if __name__ == "__main__":
    lint.run(check, SELF_TESTS)
