#!/usr/bin/env python3
"""The rules of RFC 6265, played against a server through molo and through the
command curl, whose rate is libcurl's own. molo must hold every rule that curl
holds; both rates are printed. See cookie_rules.py."""

import os
import shutil
import subprocess
import sys

from misbehaving import Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "cli"))

import harness  # noqa: E402
from cookie_rules import FAMILIES, HOME, HOSTS  # noqa: E402


# Of each family that was played: molo, curl, all.
held = []


class Judge:
    """Serves the cases of a family, which name themselves in a header."""

    def __init__(self, family):
        self.cases = FAMILIES[family]
        self.asked = [0] * len(self.cases)
        self.told = [None] * len(self.cases)

    def __call__(self, peer, request):
        number = int(request.headers["x-case"])
        requests = self.cases[number][1]
        step = self.asked[number]
        self.asked[number] += 1
        if step == len(requests) - 1:
            # Bytes, as the server read them.
            self.told[number] = request.headers.get("cookie", "").encode(
                "latin-1").decode("utf-8", "replace")
        lines = "".join("Set-Cookie: %s\r\n" % line
                        for line in requests[step][1])
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                  + lines.encode() + b"\r\n")

    def held(self):
        return {name for (name, _, expected), told in zip(self.cases, self.told)
                if told == expected}

    def told_wrong(self, names):
        return ["%s: sent %r, not %r" % (name, told, expected)
                for (name, _, expected), told in zip(self.cases, self.told)
                if name in names]

    def urls(self, number, port):
        for url, _ in self.cases[number][1]:
            host, path = HOME, url
            if url.startswith("//"):
                host, path = url[2:].split("/", 1)
                path = "/" + path
            yield "http://%s:%d%s" % (host, port, path)


def with_molo(t, family):
    judge = Judge(family)
    with Server(judge) as server:
        lines = []
        for number in range(len(judge.cases)):
            lines.append("session:reset()")
            lines += ["session:get([[%s]], { headers = { ['X-Case'] = %d } })"
                      % (url, number) for url in judge.urls(number, server.port)]
        to = ", ".join("['%s:%d'] = '127.0.0.1:%d'"
                       % (host, server.port, server.port) for host in HOSTS)
        outcome = t.run("molo.scenario('a', function(session)\n"
                        "session:configure{ connect_to = { %s } }\n%s\nend)\n"
                        % (to, "\n".join(lines)), "-r", "1")
    outcome.expect(0)
    # A build with sanitizers goes on after some of its reports.
    t.lacks(outcome.err, "runtime error:", "Sanitizer")
    return judge


def with_curl(t, family):
    judge = Judge(family)
    with Server(judge) as server:
        for number in range(len(judge.cases)):
            # An empty jar; -q: no configuration of whoever runs this.
            command = ["curl", "-q", "--silent", "--globoff", "--path-as-is",
                       "--noproxy", "*", "--cookie", "", "--connect-to",
                       "::127.0.0.1:%d" % server.port,
                       "--header", "X-Case: %d" % number]
            for url in judge.urls(number, server.port):
                command += ["--url", url, "--output", "/dev/null"]
            subprocess.run(command, stdin=subprocess.DEVNULL, check=True,
                           capture_output=True, timeout=harness.PATIENCE,
                           env=harness.clean_environment(None))
    return judge


def make_test(family):
    def test(t):
        ours, theirs = with_molo(t, family), with_curl(t, family)
        total = len(ours.cases)
        harness.diagnose("%s: molo %d of %d, curl %d of %d" % (
            family, len(ours.held()), total, len(theirs.held()), total))
        harness.diagnose("\n".join("  " + line for line in ours.told_wrong(
            {case[0] for case in ours.cases} - ours.held())))
        missing = theirs.held() - ours.held()
        t.check(not missing, "curl does better:\n"
                + "\n".join(ours.told_wrong(missing)))
        held.append((len(ours.held()), len(theirs.held()), total))
    return test


def rates(t):
    ours, theirs, total = (sum(row[i] for row in held) for i in range(3))
    harness.diagnose("all: molo %d of %d, curl %d of %d" % (ours, total, theirs, total))
    t.check(ours >= theirs, "curl does better")
    # Against a fault of the table, which would make both look alike.
    t.check(ours * 10 >= total * 8, "hardly any rule holds")


for each in FAMILIES:
    globals()["test_" + each] = make_test(each)
globals()["test_rates"] = rates

if __name__ == "__main__":
    if not shutil.which("curl"):
        print("1..0 # SKIP there is no curl")
        sys.exit(0)
    # One after another, as the last looks at what the others have found.
    sys.exit(harness.main(globals(), parallel=1))
