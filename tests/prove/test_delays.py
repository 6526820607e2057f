#!/usr/bin/env python3
"""A server waits in the midst of an exchange, and the time is found in the
phase where it belongs and in no other.

Whoever else uses the cores makes exchanges longer, and none shorter. So it is the
quickest that shows no more than it should, and the median no less."""

import os
import socket
import sys
import threading
import time

import proof
from certificates import certificate
from proof import harness

sys.path.insert(0, os.path.join(proof.HERE, os.pardir, "http"))

import misbehaving  # noqa: E402

DELAYS = (0.0, 0.005, 0.05, 0.2)
WITHIN = 0.003
PHASES = ("dns", "connect", "tls", "send", "wait", "receive")

# Few at a time: they all have to be there, on two cores, when a delay is over.
WORKERS, RUNS = 2, 7

# The server's threads would wait for one another as long as that: 5 ms.
sys.setswitchinterval(0.0002)

SCENARIO = """
    molo.scenario("a", function(session)
        %s
    end)
    """


class Phases:
    """What `total` exchanges took, by phase; 0 for one that did not take place."""

    def __init__(self, t, outcome, total):
        metrics = outcome.result["metrics"]
        t.equal(metrics["http_req_duration"]["count"], total,
                "http_req_duration.count")
        self.least, self.median = (
            {name: metrics["http_req_" + name][figure] or 0.0
             for name in PHASES + ("duration",)} for figure in ("min", "p50"))

    def expect(self, t, name, expected, within=WITHIN):
        t.check(self.least[name] <= expected + within
                and self.median[name] >= expected - within,
                "http_req_%s is %.4f s or more, %.4f s at the median, not %.4f s: "
                "%r" % (name, self.least[name], self.median[name], expected,
                        self.median))


def measure(t, url, *options, ask='session:get("%s/page")', workers=WORKERS):
    outcome = t.run(SCENARIO % (ask % url), "-w", str(workers), "-r", str(RUNS),
                    *options).expect(0)
    return Phases(t, outcome, workers * RUNS)


def expect_phases(t, phases, expected, duration=None):
    """Those that are not in `expected` take no time worth mentioning."""
    for name in PHASES:
        phases.expect(t, name, expected.get(name, 0.0))
    if duration is not None:
        phases.expect(t, "duration", duration, 2 * WITHIN)


def each_delay(attempt):
    for delay in DELAYS:
        proof.best_of(lambda: attempt(delay))


def test_before_the_head_it_is_wait(t):
    def attempt(delay):
        def behave(peer, _):
            peer.wait(delay)
            peer.send(misbehaving.GOOD)

        with misbehaving.Server(behave) as server:
            expect_phases(t, measure(t, server.url), {"wait": delay}, delay)

    each_delay(attempt)


def test_before_the_body_it_is_receive(t):
    def attempt(delay):
        def behave(peer, _):
            head, body = misbehaving.GOOD.split(b"\r\n\r\n")
            peer.send(head + b"\r\n\r\n")
            peer.wait(delay)
            peer.send(body)

        with misbehaving.Server(behave) as server:
            expect_phases(t, measure(t, server.url), {"receive": delay}, delay)

    each_delay(attempt)


def test_within_the_body_it_is_receive(t):
    def attempt(delay):
        def behave(peer, _):
            peer.send(misbehaving.GOOD[:-2])
            peer.wait(delay)
            peer.send(misbehaving.GOOD[-2:])

        with misbehaving.Server(behave) as server:
            expect_phases(t, measure(t, server.url), {"receive": delay}, delay)

    each_delay(attempt)


def test_both_at_once(t):
    def attempt(delay):
        def behave(peer, _):
            peer.wait(delay)
            peer.send(misbehaving.GOOD[:-2])
            peer.wait(delay / 2)
            peer.send(misbehaving.GOOD[-2:])

        with misbehaving.Server(behave) as server:
            expect_phases(t, measure(t, server.url),
                          {"wait": delay, "receive": delay / 2}, 1.5 * delay)

    each_delay(attempt)


def closing(peer, _):
    """So that each request has a connection of its own."""
    peer.send(misbehaving.GOOD.replace(b"\r\n\r\n",
                                       b"\r\nConnection: close\r\n\r\n", 1))
    peer.close()


def test_in_the_handshake_it_is_tls(t):
    """It is no part of the service time, which begins with the request."""
    pair = certificate(t.directory, "alone")
    context = misbehaving.tls_context(pair)

    def at(delay):
        with misbehaving.Server(closing, accept=lambda peer: peer.wait(delay),
                                tls=context) as server:
            return measure(t, server.url, "-k")

    def attempt(delay):
        # A handshake has work to do, also without a delay.
        base = at(0.0).least["tls"]
        t.check(0 < base < 0.02, "http_req_tls: %r" % base)
        expect_phases(t, at(delay), {"tls": base + delay}, 0.0)

    each_delay(attempt)


def test_an_accept_that_is_late_is_no_connect(t):
    """The kernel has made the connection by then: what is late is the
    answer."""
    def attempt(delay):
        with misbehaving.Server(closing,
                                accept=lambda peer: peer.wait(delay)) as server:
            expect_phases(t, measure(t, server.url), {"wait": delay}, delay)

    each_delay(attempt)


class LateBacklog(misbehaving.FullBacklog):
    """A port whose queue of connections is full, until `open`."""

    def open(self):
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        # Those that have held it full are among them, and say nothing.
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(sock,),
                             daemon=True).start()

    @staticmethod
    def _answer(sock):
        with sock:
            sock.settimeout(misbehaving.STUCK)
            if sock.recv(65536):
                sock.sendall(misbehaving.GOOD)

    def __exit__(self, *_):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        finally:
            super().__exit__()


def test_a_connection_that_is_late_is_connect(t):
    """The kernel drops the first packet of each, and sends another one after a
    second: a delay that it decides, and not to the millisecond."""
    workers = 7
    scenario = SCENARIO % """
        molo.log("info", "MARK", "asks")
        session:get("%s/page")
        """

    def attempt():
        with LateBacklog() as server:
            running = t.start(scenario % server.url, "-w", str(workers),
                              "-r", "1")
            running.wait_for("the last worker", r"(MARK\s+asks[^\0]*){%d}"
                             % workers, running.err)
            # Their packets have been sent by then, and those after a second not.
            time.sleep(0.3)
            server.open()
            outcome = running.finish().expect(0)
        phases = Phases(t, outcome, workers)
        t.check(1.0 <= phases.median["connect"] <= 1.1, "http_req_connect: %r"
                % phases.median)
        # All are there at once, and the server takes them one after another.
        t.check(phases.least["wait"] < 0.1, "http_req_wait: %r" % phases.least)
        expect_phases(t, phases, {name: phases.median[name]
                                  for name in ("connect", "wait")})

    proof.best_of(attempt)


class Sink:
    """Takes a request of `size` bytes and more on each connection, and waits
    before it does."""

    def __init__(self, size, delay):
        self.size = size
        self.delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Else the kernel makes room for more and more.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock:
                self._take(sock)

    def _take(self, sock):
        time.sleep(self.delay)
        space = bytearray(1 << 18)
        taken = 0
        while taken < self.size:
            size = sock.recv_into(space)
            if size == 0:
                return
            taken += size
        sock.sendall(misbehaving.GOOD)


def test_a_body_that_is_not_taken_is_send(t):
    """It is more than the buffers of both sides hold. What is left to send when
    the server begins to read takes a while of its own, but not as long as all
    of it does without a delay."""
    with open("/proc/sys/net/ipv4/tcp_wmem", encoding="ascii") as file:
        size = int(file.read().split()[2]) + 1_500_000
    ask = ('session:post("%%s/page", { headers = { Expect = "" }, '
           'body = ("x"):rep(%d) })' % size)

    def at(delay):
        with Sink(size, delay) as server:
            return measure(t, server.url, ask=ask, workers=1)

    def attempt(delay):
        base, phases = at(0.0).median["send"], at(delay)
        least, median = phases.least["send"], phases.median["send"]
        t.check(median >= delay - WITHIN and least <= delay + base + WITHIN
                and base < 0.1,
                "http_req_send is %.4f s or more, %.4f s at the median, with a "
                "delay of %g s, and %.4f s without" % (least, median, delay, base))
        expect_phases(t, phases, {"send": median}, median)

    each_delay(attempt)


if __name__ == "__main__":
    sys.exit(harness.main(globals(), parallel=1))
