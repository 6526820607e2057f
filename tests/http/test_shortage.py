#!/usr/bin/env python3
"""What this machine has run out of is not the server's fault: such requests are
of kind 'generator' and were never sent. See rows.py.

    test_shortage.py --without-ports COMMAND ...

is run by the test within a network namespace: it takes every local port to a
server on port 20001 and leaves those to one on 20002, then runs the command.
"""

import os
import socket
import subprocess
import sys

import rows
from misbehaving import Server

# A network of its own, in which nobody else takes ports.
ALONE = ["unshare", "--user", "--map-root-user", "--net"]
LOW, HIGH = 40000, 40015

# Takes descriptors with connections that are kept, a server each.
MANY = """
    molo.scenario("a", function(session)
        if session.step > 1 then
            local page = session:get("%(good)s/good")
            molo.log("info", "MARK", "next", page.status, page.body)
            return
        end
        local page, err
        for _, url in ipairs { %(urls)s } do
            page, err = molo.try(session.get, session, url .. "/good")
            if not page then break end
        end
        molo.log("info", "MARK", err and err.kind, err and err.phase,
                 err and err.message)
        if err then error(err, 0) end
    end)
    """


def out_of_descriptors(t):
    """A worker keeps what it has opened, up to eight connections."""
    def lowered(limit):
        servers = [Server() for _ in range(8)]
        try:
            outcome = rows.start(
                t, MANY % {"good": servers[0].url, "urls": ", ".join(
                    '"%s"' % s.url for s in servers)}, "-r", "2",
                prefix=["prlimit", "--nofile=%d:%d" % (limit, limit)]).finish()
            return outcome, sum(len(s.requests) for s in servers)
        finally:
            for server in servers:
                server.__exit__()

    # What molo itself holds depends on its libraries, so find the limit at
    # which the first connections succeed and a later one does not.
    for limit in range(12, 40):
        outcome, at_servers = lowered(limit)
        if outcome.code == 1 and at_servers > 2:
            break
    errors = outcome.result["errors"]
    t.equal([(e["kind"], e["count"]) for e in errors], [("generator", 1)],
            "errors")
    t.contains(errors[0]["message"], "molo ran out of descriptors (limit %d): "
               "raise 'ulimit -n' or use fewer workers" % limit)
    t.matches(outcome.marks[0], "^generator connect ")
    t.equal(outcome.marks[-1], "next 200 good", "the next run")
    outcome.expect_runs(started=2, ok=1, failed=1)
    requests = outcome.result["requests"]
    t.equal((requests["failed"], requests["unsent"]), (1, 1), "requests")
    t.equal(requests["total"] - 1, at_servers, "requests at the servers")


def out_of_ports(t):
    if subprocess.run(ALONE + ["true"], capture_output=True,
                      check=False).returncode != 0:
        raise rows.Skip("no network namespaces here")
    prefix = ALONE + [sys.executable, os.path.abspath(__file__),
                      "--without-ports"]
    outcome = rows.run_pair(t, "http://127.0.0.1:20001",
                            "http://127.0.0.1:20002", prefix=prefix)
    rows.expect_fault(
        t, outcome, "generator", "connect",
        r"this machine ran out of local ports to 127\.0\.0\.1:20001", unsent=1)


def run_without_ports(command):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w",
              encoding="ascii") as file:
        file.write("%d %d" % (LOW, HIGH))
    with Server(port=20001), Server(port=20002):
        held = []
        try:
            while True:
                held.append(socket.create_connection(("127.0.0.1", 20001)))
        except OSError as error:
            # Each port is used once.
            assert len(held) == HIGH - LOW + 1, error
        return subprocess.run(command, check=False).returncode


def main():
    if sys.argv[1:2] == ["--without-ports"]:
        return run_without_ports(sys.argv[2:])
    return rows.main({
        "out of descriptors": out_of_descriptors,
        "out of local ports": out_of_ports,
    })


if __name__ == "__main__":
    sys.exit(main())
