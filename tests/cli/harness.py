"""Runs functions named test_* of a file and reports them as TAP.

Each function gets a fresh `Test`: a temporary directory, a `molo serve` of its
own when it asks for one, and ways to run molo that cannot hang. Whatever was
started is ended by its pid when the function is over.

The environment names the binary (MOLO) and, for runs under a checker, words to
put in front of it (MOLO_WRAPPER).
"""

import concurrent.futures
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
MOLO = os.path.abspath(os.environ.get("MOLO", os.path.join(ROOT, "build/molo")))
WRAPPER = shlex.split(os.environ.get("MOLO_WRAPPER", ""))

# Long enough that only a hang meets it, under valgrind and where many others use the
# machine, too.
PATIENCE = 240.0 if WRAPPER else 180.0

# A deadlock is told because it is one, and a deadline does not wait for those who
# wait: neither takes the 60 s after which a wait times out.
AT_ONCE = 50.0

# What molo says a second after the second signal if a script goes on, or if the
# machine has not let it run meanwhile.
GIVEN_UP = "where Lua cannot be stopped"

# Whoever hangs this often will hang again.
MAX_HANGS = 3

# Most tests wait most of their time, for a clock or for one another's processes.
PARALLEL = 4


# Places in messages are looked for as words, and nginx reads paths as such.
if " " in tempfile.gettempdir():
    tempfile.tempdir = "/tmp"


class Failure(AssertionError):
    pass


class Hang(Failure):
    pass


class Skip(Exception):
    """Says why a case cannot be had here."""


def clean_environment(extra):
    """What molo gets to see: nothing that would change what it does."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MOLO") and not name.lower().endswith("_proxy")
    }
    kept.update(extra or {})
    return kept


class Outcome:
    """A molo that has ended."""

    def __init__(self, command, code, out, err, seconds, json_path):
        self.command = command
        self.code = code
        self.out = out
        self.err = err
        self.seconds = seconds
        self.json_path = json_path
        self._result = None

    @property
    def result(self):
        """What --out json wrote. Whatever it is looked at for, its runs add up."""
        if self._result is None:
            if not self.json_path or not os.path.exists(self.json_path):
                raise Failure("no result JSON was written\n" + self.describe())
            with open(self.json_path, encoding="utf-8") as file:
                self._result = json.load(file)
            runs = self._result["runs"]
            if runs["started"] != (runs["ok"] + runs["failed"]
                                   + runs["interrupted"]):
                raise Failure("runs do not add up: %r\n%s"
                              % (runs, self.describe()))
        return self._result

    @property
    def runs(self):
        return self.result["runs"]

    @property
    def marks(self):
        """What the scenario said with molo.log("info", "MARK", ...)."""
        return [" ".join(words.split()) for words in
                re.findall(r"MARK[ \t]+(.*)$", self.err, re.MULTILINE)]

    @property
    def endpoints(self):
        """In the form of Server.paths()."""
        return {"%s %s" % (row["method"], row["name"]): row["count"]
                for row in self.result["endpoints"]}

    def errors(self, kind):
        return [e for e in self.result["errors"] if e["kind"] == kind]

    def error(self, kind):
        """The only one of this kind."""
        errors = self.errors(kind)
        if len(errors) != 1:
            raise Failure("%d errors of kind %s, not 1: %r" % (
                len(errors), kind, self.result["errors"]))
        return errors[0]

    def expect(self, code):
        if self.code != code:
            raise Failure("exit code %d, not %d\n%s"
                          % (self.code, code, self.describe()))
        return self

    def expect_runs(self, **counts):
        for name, count in counts.items():
            if self.runs[name] != count:
                raise Failure("runs.%s is %r, not %d: %r\n%s" % (
                    name, self.runs[name], count, self.runs, self.describe()))
        return self

    def expect_at_once(self):
        if self.seconds >= AT_ONCE:
            raise Failure("took long\n" + self.describe())
        return self

    def describe(self):
        return "$ %s\nexit code %d after %.1f s\n-- stdout\n%s\n-- stderr\n%s" % (
            " ".join(shlex.quote(word) for word in self.command),
            self.code, self.seconds, clip(self.out), clip(self.err))


def json_lines(path):
    """What the lines of a file hold, which has to end with a whole one."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text and not text.endswith("\n"):
        raise Failure("the last line is torn: " + text[-80:])
    return [json.loads(line) for line in text.splitlines()]


def clip(text, limit=4000):
    if len(text) <= limit:
        return text
    half = limit // 2
    return text[:half] + "\n[...]\n" + text[-half:]


class Running:
    """A molo that runs; its output goes to files, so it can never block."""

    def __init__(self, directory, command, environment, json_path=None,
                 stdout=None):
        self.command = command
        self.json_path = json_path
        out, self._out_path = tempfile.mkstemp(dir=directory, prefix="out-")
        err, self._err_path = tempfile.mkstemp(dir=directory, prefix="err-")
        self.started = time.monotonic()
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout or out,
                stderr=err, cwd=directory, env=environment)
        finally:
            os.close(out)
            os.close(err)

    @staticmethod
    def _read(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def out(self):
        return self._read(self._out_path)

    def err(self):
        return self._read(self._err_path)

    def send(self, number):
        """Returns when the signal has arrived, so that the next is another one: the
        kernel makes one of two that wait."""
        self.process.send_signal(number)
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and self._waits(number):
            if time.monotonic() > deadline:
                raise Hang("signal %d does not arrive\n%s"
                           % (number, self.kill().describe()))
            time.sleep(0.005)

    def _waits(self, number):
        try:
            text = self._read("/proc/%d/status" % self.process.pid)
        except OSError:
            return False
        return any(int(mask, 16) >> (number - 1) & 1 for mask in
                   re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)", text, re.MULTILINE))

    def wait_for(self, what, pattern, read):
        """Waits until `read()` matches; returns the match."""
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = self.process.poll() is not None
            match = re.search(pattern, read(), re.MULTILINE)
            if match:
                return match
            if ended:
                raise Failure("ended before %s: %r\n%s" % (
                    what, pattern, self.finish().describe()))
            if time.monotonic() > deadline:
                raise Hang("no %s: %r\n%s" % (
                    what, pattern, self.kill().describe()))
            time.sleep(0.01)

    def wait_for_err(self, pattern):
        return self.wait_for("this on stderr", pattern, self.err)

    def finish(self, timeout=PATIENCE):
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            outcome = self.kill()
            raise Hang("did not end\n" + outcome.describe()) from None
        return self._outcome()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        return self._outcome()

    def _outcome(self):
        return Outcome(self.command, self.process.returncode, self.out(),
                       self.err(), time.monotonic() - self.started,
                       self.json_path)


class Server:
    """`molo serve` on a free port."""

    def __init__(self, test):
        self.running = test.start_molo("serve", "--port", "0", wrapped=False)
        match = self.running.wait_for(
            "port", r"127\.0\.0\.1:(\d+)", self.running.out)
        self.port = int(match.group(1))
        self.url = "http://127.0.0.1:%d" % self.port

    def get(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=PATIENCE) as response:
            return response.read()

    def stats(self):
        """What the server has counted; its own /stats is not in it."""
        return json.loads(self.get("/stats"))

    def total(self):
        return self.stats()["requests"]

    def paths(self):
        """{"GET /pad/demo": 4, ...}"""
        return self.stats()["paths"]


class Test:
    """What a test function gets."""

    def __init__(self, name):
        self.name = name
        self.directory = tempfile.mkdtemp(prefix="molo-test-")
        self._running = []
        self._server = None
        self._files = 0

    # -- making things

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def scenario(self, text, name=None):
        """A scenario file whose line 1 is the require and whose line 2 is the
        first of `text`."""
        return self.file(name or os.path.basename(self.new_path(".lua")),
                         "local molo = require 'molo'\n"
                         + textwrap.dedent(text).lstrip("\n"))

    def new_path(self, suffix):
        self._files += 1
        return os.path.join(self.directory, "%d%s" % (self._files, suffix))

    @property
    def server(self):
        if self._server is None:
            self._server = Server(self)
        return self._server

    # -- running molo

    def start_molo(self, *arguments, env=None, json_path=None, wrapped=True,
                   stdout=None, prefix=()):
        command = (list(prefix) + (WRAPPER if wrapped else []) + [MOLO]
                   + list(arguments))
        running = Running(self.directory, command, clean_environment(env),
                          json_path, stdout)
        self._running.append(running)
        return running

    def molo(self, *arguments, env=None):
        return self.start_molo(*arguments, env=env).finish()

    def start(self, scenario, *arguments, env=None):
        """Starts `molo run`; `scenario` is Lua text or a file's path."""
        if "\n" in scenario:
            scenario = self.scenario(scenario)
        json_path = self.new_path(".json")
        words = ["run", scenario, "--progress", "off", "--no-color",
                 "-o", "json=" + json_path]
        if self._server is not None:
            words += ["--base-url", self._server.url]
        return self.start_molo(*words, *arguments, env=env,
                               json_path=json_path)

    def run(self, scenario, *arguments, env=None):
        return self.start(scenario, *arguments, env=env).finish()

    # -- judging

    def equal(self, actual, expected, what="value"):
        if actual != expected:
            raise Failure("%s: %r, not %r" % (what, actual, expected))

    def check(self, condition, what):
        if not condition:
            raise Failure(what)

    def contains(self, text, *needles):
        for needle in needles:
            if needle not in text:
                raise Failure("%r is missing in:\n%s" % (needle, clip(text)))

    def lacks(self, text, *needles):
        for needle in needles:
            if needle in text:
                raise Failure("%r should not be in:\n%s" % (needle, clip(text)))

    def matches(self, text, pattern):
        match = re.search(pattern, text, re.MULTILINE)
        if not match:
            raise Failure("no match of %r in:\n%s" % (pattern, clip(text)))
        return match

    # -- cleaning up

    def finish(self):
        for running in self._running:
            running.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def say(text):
    """In one piece: other tests may have something to say at the same time."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def diagnose(text):
    if text:
        say("\n".join("# " + line for line in text.splitlines()))


class Suite:
    """Runs functions, several at a time, and knows what they have going on."""

    def __init__(self, parallel):
        self._pool = concurrent.futures.ThreadPoolExecutor(parallel)
        self._tests = set()
        self._hangs = 0

    def submit(self, name, function):
        return self._pool.submit(self._run, name, function)

    def _run(self, name, function):
        """(what is wrong or None, why it was skipped or None)"""
        if self._hangs >= MAX_HANGS:
            return "not run after %d hangs" % self._hangs, None
        test = Test(name)
        self._tests.add(test)
        try:
            function(test)
        except Skip as reason:
            return None, str(reason)
        except Failure as failure:
            self._hangs += isinstance(failure, Hang)
            frames = [frame for frame in
                      traceback.extract_tb(failure.__traceback__)
                      if frame.filename != __file__]
            return "line %d: %s" % (frames[-1].lineno, failure), None
        except Exception:
            return traceback.format_exc(), None
        finally:
            self._tests.remove(test)
            test.finish()
        return None, None

    def finish(self):
        """Ends what is under way, if it did not come to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for test in list(self._tests):
            test.finish()


def run(functions, parallel=PARALLEL):
    """Runs {name: function}, or those named on the command line, and reports them
    in this order. `parallel` is how many at a time: 1 for those that compare times,
    or change something of this process."""
    chosen = [(name, function) for name, function in functions.items()
              if len(sys.argv) < 2 or name in sys.argv[1:]]

    # So that a runner that ends this process ends what it started, too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))

    suite = Suite(parallel)
    try:
        futures = [(name, suite.submit(name, function))
                   for name, function in chosen]
        say("1..%d" % len(futures))
        for index, (name, future) in enumerate(futures, 1):
            problem, skipped = future.result()
            say("%s %d - %s%s" % (
                "not ok" if problem else "ok", index,
                name.removeprefix("test_").replace("_", " "),
                " # SKIP " + skipped if skipped else ""))
            diagnose(problem)
    finally:
        suite.finish()
    # A failed case is told by its line; a status other than 0 is a crash.
    return 0


def main(namespace, parallel=PARALLEL):
    """Runs the functions of `namespace` (globals()) that are named test_*."""
    return run({name: value for name, value in namespace.items()
                if name.startswith("test_") and callable(value)}, parallel)
