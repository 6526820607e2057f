#!/usr/bin/env python3
"""A server waits in the midst of an exchange, and the time is found in the
phase where it belongs and in no other, at the median."""

import os
import socket
import subprocess
import sys

import proof
from proof import harness

sys.path.insert(0, os.path.join(proof.HERE, os.pardir, "http"))

import misbehaving  # noqa: E402

DELAYS = (0.0, 0.005, 0.05, 0.5)
WITHIN = 0.003
PHASES = ("dns", "connect", "tls", "send", "wait", "receive")

# Few at a time: they all have to be there, on two cores, when a delay is over.
WORKERS, RUNS = 3, 5

SCENARIO = """
    molo.scenario("a", function(session)
        %s
    end)
    """


def measure(t, url, *options, ask='session:get("%s/page")'):
    """Medians by phase; of one that did not take place, 0."""
    outcome = t.run(SCENARIO % (ask % url), "-w", str(WORKERS), "-r", str(RUNS),
                    *options).expect(0)
    metrics = outcome.result["metrics"]
    total = WORKERS * RUNS
    t.equal(metrics["http_req_duration"]["count"], total,
            "http_req_duration.count")
    medians = {name: metrics["http_req_" + name]["p50"] or 0.0
               for name in PHASES + ("duration",)}
    return medians


def expect_phases(t, medians, expected, duration=None):
    """Those that are not in `expected` take no time worth mentioning."""
    for phase in PHASES:
        off = medians[phase] - expected.get(phase, 0.0)
        t.check(abs(off) <= WITHIN,
                "http_req_%s is %.4f s, not %.4f s, at the median: %r"
                % (phase, medians[phase], expected.get(phase, 0.0), medians))
    if duration is not None:
        t.check(abs(medians["duration"] - duration) <= 2 * WITHIN,
                "http_req_duration is %.4f s, not %.4f s"
                % (medians["duration"], duration))


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


def openssl(*words, directory):
    result = subprocess.run(["openssl", *words], capture_output=True,
                            cwd=directory, check=False)
    if result.returncode != 0:
        raise harness.Failure("openssl %s: %s" % (words[0], result.stderr))


def test_in_the_handshake_it_is_tls(t):
    """It is no part of the service time, which begins with the request."""
    pair = misbehaving.certificate(t.directory, openssl, "alone")
    context = misbehaving.tls_context(pair)

    def attempt(delay):
        with misbehaving.Server(closing, accept=lambda peer: peer.wait(delay),
                                tls=context) as server:
            medians = measure(t, server.url, "-k")
            # A handshake has work to do, also without a delay.
            without = medians["tls"] - delay
            t.check(0 < without <= 0.02, "http_req_tls: %r" % medians)
            medians["tls"] -= without
            expect_phases(t, medians, {"tls": delay}, 0.0)
            return without

    def both():
        base = attempt(0.0)
        for delay in DELAYS[1:]:
            t.check(abs(attempt(delay) - base) <= WITHIN,
                    "http_req_tls is off by more than at a delay of 0")

    proof.best_of(both)


def test_an_accept_that_is_late_is_no_connect(t):
    """The kernel has made the connection by then: what is late is the
    answer."""
    def attempt(delay):
        with misbehaving.Server(closing, accept=lambda peer: peer.wait(delay)
                                ) as server:
            expect_phases(t, measure(t, server.url), {"wait": delay}, delay)

    each_delay(attempt)


class LateBacklog:
    """A port whose queue of connections is full at first, so that the kernel
    drops what asks for one. Linux asks again after a second."""

    def __init__(self):
        self.good = misbehaving.Server(closing)
        self.full = misbehaving.FullBacklog()


def test_a_connection_that_is_late_is_connect(t):
    """The first packet of each is lost, and the second one comes 1 s later: a
    delay that the kernel decides."""
    raise harness.Failure("todo")


def test_a_body_that_is_not_taken_is_send(t):
    """More than the buffers of both sides hold, and a server that does not
    read."""
    size = 16_000_000

    def behave(delay):
        def on_peer(peer):
            peer.wait(delay)

        return on_peer

    def attempt(delay):
        ask = ('session:post("%s/page", { body = ("x"):rep(' + str(size)
               + ') })')
        with misbehaving.Server(closing, accept=behave(delay)) as server:
            return measure(t, server.url, ask=ask)

    def all_of_them():
        base = attempt(0.0)
        for delay in DELAYS[1:]:
            medians = attempt(delay)
            print(base, medians)

    proof.best_of(all_of_them)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))
