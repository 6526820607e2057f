#!/usr/bin/env python3
"""What docs/tutorial.md and docs/coming-from.md show is so, and the output in README.md:
files are written as they stand there, commands are run in their order, and each line of
output that is shown is printed, whatever its numbers are."""

import os
import re
import shlex
import sys

import harness
from test_documentation import anchors, text_of

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
NUMBER = re.compile(r"\d[\d.]*(?: ?(?:[num]?s|[kMG]?B)\b)?(?:/s)?")


def without_numbers(line):
    return " ".join(NUMBER.sub("N", line).split())


def patient(text):
    """How fast the answers are is not the subject here, and less of a load is enough."""
    text = re.sub(r"< \d+m?s\b", "< 1h", text)
    return text.replace("-d 1s", "-d 300ms").replace("--stage 500ms:", "--stage 100ms:")


def lines_of(text):
    return [without_numbers(line) for line in text.splitlines() if line.strip()]


def expect_shown(t, document, shown, printed, outcome):
    """Every line that is shown, in this order; "..." stands for any. Of workers who wait for
    each other any may be the first."""
    rest = iter(printed)
    for line in shown:
        found = line == "..." or line in (printed if line.startswith("worker ") else rest)
        t.check(found, "%s shows a line that is not printed, or not there: %r\n%s"
                % (document, line, outcome.describe()))


class Guide:
    """A document, followed by somebody who does all that it says."""

    def __init__(self, t, document):
        self.t = t
        self.document = document
        self.outcome = None
        self.commands = 0

    def follow(self):
        text = text_of("docs", self.document)
        for match in BLOCK.finditer(text):
            language, block = match.groups()
            if language == "console":
                self.follow_console(block)
            elif language in ("lua", "csv", "json"):
                before = text[:match.start()].rstrip().splitlines()[-3:]
                names = re.findall(r"`([\w-]+\.%s)`" % language, " ".join(before))
                self.t.check(names, "%s: no name of this file:\n%s" % (self.document, block))
                self.t.file(names[-1], patient(block))
        self.t.check(self.commands > 0, "no commands")

    def follow_console(self, block):
        for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = step.partition("\n")
            if command == "echo $?":
                self.t.equal(self.outcome.code, int(shown), "%s: exit code\n%s" % (
                    self.document, self.outcome.describe()))
            elif command.startswith("molo ") and not command.endswith("&"):
                self.run(shlex.split(patient(command))[1:], lines_of(shown), block)

    def run(self, words, shown, block):
        self.commands += 1
        words = [self.t.server.url if word == "$SERVICE_URL" else word for word in words]
        self.outcome = self.t.molo(
            *words, env={"MOLO_BASE_URL": self.t.server.url, "NO_COLOR": "1"})
        if "echo $?" not in block:
            self.outcome.expect(0)
        expect_shown(self.t, self.document, shown,
                     lines_of(self.outcome.err) + lines_of(self.outcome.out), self.outcome)


def test_tutorial(t):
    Guide(t, "tutorial.md").follow()


def test_coming_from_another_tool(t):
    Guide(t, "coming-from.md").follow()


def cells_for_molo():
    """What stands in code in the columns of tables that are about molo."""
    columns = []
    for line in text_of("docs", "coming-from.md").splitlines():
        cells = line.strip("|").replace("\\|", "/").split("|")
        if not line.startswith("|"):
            columns = []
        elif not columns:
            names = [cell.strip() for cell in cells]
            columns = range(names.index("molo"), len(names))
        else:
            for column in columns:
                yield from re.findall(r"`([^`]+)`", cells[column])


def test_options_for_those_who_come_from_another_tool(t):
    scenario = t.scenario("molo.scenario('buy', {tags = {'smoke'}}, function() end)")
    options = [cell for cell in cells_for_molo() if cell.startswith("-")]
    t.check(len(options) > 20, "options: %r" % options)
    for option in options:
        words = shlex.split(option.replace("URL", "http://127.0.0.1:1").replace("FILE", "x"))
        if words == ["--only-tag"]:
            words.append("smoke")
        if words in (["--base-url"], ["--graceful-stop"]):
            words.append("1")
        outcome = t.molo("check", scenario, *words)
        t.check(outcome.code == 0, "`%s`:\n%s" % (option, outcome.describe()))


def test_functions_for_those_who_come_from_another_tool(t):
    headings = anchors(text_of("docs", "lua-api.md"))
    functions = [cell for cell in cells_for_molo()
                 if re.fullmatch(r"(molo|session|response)[.:]\w+(\.\w+)?", cell)]
    t.check(len(functions) > 30, "functions: %r" % functions)
    fields = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text_of("docs", "lua-api.md"), re.M)
    fields = set(re.findall(r"\w+", " ".join(fields)))
    for name in functions:
        anchor = re.sub(r"[.:]", "", name.removeprefix("molo.") if name.count(".") == 2 else name)
        t.check(anchor in headings or re.split(r"[.:]", name)[-1] in fields,
                "docs/lua-api.md does not have " + name)


def test_output_of_the_readme(t):
    shown = re.search(r"^    \$ build/molo (run .*)\n((?:    .*\n|\n)+)", text_of("README.md"),
                      re.M)
    words = shlex.split(shown.group(1))
    words[words.index("--base-url") + 1] = t.server.url
    words[1] = os.path.join(harness.ROOT, words[1])
    outcome = t.molo(*words).expect(0)
    printed = lines_of(outcome.out.replace(harness.ROOT + "/", ""))
    expect_shown(t, "README.md", lines_of(shown.group(2)), printed, outcome)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))
