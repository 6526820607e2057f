#!/usr/bin/env python3
"""What README.md and docs/lua-api.md show is so: each command of the first ends
well, and every example in Lua is read by molo, whole scenarios being loaded as
files."""

import os
import re
import shlex
import sys

import harness

# As many as the casts that are shown have seats.
WORKERS = "5"


def text_of(*path):
    with open(os.path.join(harness.ROOT, *path), encoding="utf-8") as file:
        return file.read()


def examples(text):
    """(line in the document, Lua) of each."""
    for match in re.finditer(r"^```lua\n(.*?)^```", text, re.M | re.S):
        yield text[:match.start()].count("\n") + 2, match.group(1)


def in_a_function(line, part):
    """A part of a run is read and not called."""
    return ('molo.scenario("line %d", function(session)\n%s\nend)\n'
            % (line, part))


def read_by_molo(t, text):
    if not text.startswith("local molo"):
        text = 'local molo = require "molo"\n' + text
    return t.molo("check", t.file("example.lua", text), "-w", WORKERS)


def expect_readable(t, document, line, text):
    outcome = read_by_molo(t, text)
    if outcome.code != 0:
        raise harness.Failure("%s, example in line %d:\n%s" % (
            document, line, outcome.describe()))


def expect_all_readable(t, *path):
    # What examples read when they are loaded.
    for name, text in (("users.csv", "name,password\nann,secret\n"),
                       ("cities.txt", "Rome\tItaly\n"), ("words.txt", "tea\n"),
                       ("orders.json", '[{"item": "tea"}]')):
        t.file(name, text)
    found = list(examples(text_of(*path)))
    t.check(found, "no examples")
    document = "/".join(path)
    parts = []
    for line, example in found:
        if "molo.scenario(" in example:
            expect_readable(t, document, line, example)
        else:
            parts.append((line, in_a_function(line, example)))
    # All at once, and one by one to say which it is.
    if read_by_molo(t, "".join(text for _, text in parts)).code != 0:
        for line, text in parts:
            expect_readable(t, document, line, text)


def test_examples_of_the_readme(t):
    expect_all_readable(t, "README.md")


def test_examples_of_the_scenario_api(t):
    expect_all_readable(t, "docs", "lua-api.md")


def in_short(command):
    """How fast the answers are is not the subject, and less of a load is enough."""
    return command.replace("< 300ms", "< 1h").replace("-d 2s", "-d 300ms").replace(
        "--stage 1s:", "--stage 200ms:")


def test_commands_of_the_readme(t):
    commands = re.findall(r"^    build/molo (run .*?)(?: +#.*)?$",
                          text_of("README.md"), re.M)
    t.check(len(commands) > 5, "no commands: %r" % commands)
    for command in commands:
        words = [os.path.join(harness.ROOT, word)
                 if word.startswith("scenarios/") else word
                 for word in shlex.split(in_short(command))]
        outcome = t.molo(*words, "--base-url", t.server.url).expect(0)
        t.contains(outcome.out, "ok")


def anchors(text):
    """Of its headings, as hosts of repositories make them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.M)}


def test_links_lead_somewhere(t):
    for document in ("README.md", "CONTRIBUTING.md", "SECURITY.md",
                     "docs/architecture.md", "docs/lua-api.md",
                     "docs/tutorial.md", "docs/coming-from.md", "scenarios/README.md"):
        text = text_of(document)
        links = re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)",
                           re.sub(r"\n *", " ", text))
        for path, anchor in links:
            if path.startswith("http"):
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(document), path)
                                      if path else document)
            t.check(os.path.exists(os.path.join(harness.ROOT, target)),
                    "%s: %s is not there" % (document, path))
            t.check(not anchor or anchor in anchors(text_of(target)),
                    "%s: %s has no #%s" % (document, target, anchor))


def test_all_internals_are_listed(t):
    rows = re.findall(r"^\| \[([\w-]+)\]\(internals/\1\.md\) \|",
                      text_of("docs", "architecture.md"), re.M)
    pages = os.listdir(os.path.join(harness.ROOT, "docs", "internals"))
    t.equal(sorted(row + ".md" for row in rows), sorted(pages), "docs/architecture.md")


def test_contents_of_the_scenario_api(t):
    text = text_of("docs", "lua-api.md")
    contents, _, rest = text.partition("\n# Errors\n")
    linked = re.findall(r"\]\(#([^)]*)\)", contents)
    t.equal(sorted(set(linked)), sorted(anchors("# Errors\n" + rest)), "contents")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))
