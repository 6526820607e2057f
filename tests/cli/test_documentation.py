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


def expect_readable(t, document, line, example):
    """A part of a run stands in a function, so that it is read and not called."""
    if "molo.scenario(" not in example:
        example = ('local function example(session)\n%s\nend\n'
                   'molo.scenario("example", example)\n' % example)
    if 'require "molo"' not in example or "local function" in example:
        example = 'local molo = require "molo"\n' + example
    path = t.file("line_%d.lua" % line, example)
    outcome = t.molo("check", path, "-w", WORKERS)
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
    for line, example in found:
        expect_readable(t, "/".join(path), line, example)


def test_examples_of_the_readme(t):
    expect_all_readable(t, "README.md")


def test_examples_of_the_scenario_api(t):
    expect_all_readable(t, "docs", "lua-api.md")


def test_commands_of_the_readme(t):
    commands = re.findall(r"^    build/molo (run .*?)(?: +#.*)?$",
                          text_of("README.md"), re.M)
    t.check(len(commands) > 5, "no commands: %r" % commands)
    for command in commands:
        words = [os.path.join(harness.ROOT, word)
                 if word.startswith("scenarios/") else word
                 # How fast the answers are is not the subject here.
                 for word in shlex.split(command.replace("300ms", "1h"))]
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
