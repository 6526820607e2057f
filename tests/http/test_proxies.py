#!/usr/bin/env python3
"""Requests through proxies: HTTP, tunnels, SOCKS5, with and without
credentials, and proxies that refuse. See rows.py."""

import functools
import shutil
import sys
import tempfile

import misbehaving
import proxies
import rows
from certificates import certificate
from misbehaving import FullBacklog, Refusing, Server

SECONDS = rows.SECONDS

# A name that nobody resolves: only the proxy may.
TARGET = "http://target.invalid:81/page"


def through(port, user="", scheme="http", more=""):
    return "{ proxy = '%s://%s127.0.0.1:%d'%s }" % (
        scheme, user and user + "@", port, more)


def right(port, **more):
    return through(port, "%s:%s" % (proxies.USER, proxies.PASSWORD), **more)


def run(t, target, options, good, *arguments, **more):
    return rows.run_pair(t, target, good.url, *arguments, options=options,
                         **more)


def expect_bytes(t, outcome, *servers):
    """What makes a tunnel is not in them."""
    requests = outcome.result["requests"]
    t.equal((requests["bytes_sent"], requests["bytes_received"]),
            (sum(server.bytes_in for server in servers),
             sum(server.bytes_out for server in servers)),
            "bytes (sent, received), against the servers'")


# --- plain requests ---

def plain(t):
    with Server(proxies.http_proxy()) as proxy, Server() as good:
        outcome = run(t, TARGET, through(proxy.port), good)
    rows.expect_answer(t, outcome, 200, len(TARGET))
    t.equal(proxy.paths(), ["GET " + TARGET], "at the proxy")


def whatever_the_environment_says(t):
    """Neither which proxy to take nor which hosts need none."""
    with Server(proxies.http_proxy()) as proxy, Server() as good:
        outcome = run(t, TARGET, through(proxy.port), good, env={
            "http_proxy": "http://127.0.0.1:1", "no_proxy": "*",
            "NO_PROXY": "*"})
    rows.expect_answer(t, outcome, 200, len(TARGET))
    t.equal(proxy.paths(), ["GET " + TARGET], "at the proxy")
    t.equal(len(good.requests), 1, "requests without a proxy")


def credentials(scheme, t):
    """In the URL of the proxy. It is asked first which kind it wants; what is
    sent for that is a request, and counted."""
    with Server(proxies.http_proxy(scheme)) as proxy, Server() as good:
        outcome = run(t, TARGET, right(proxy.port), good)
    rows.expect_answer(t, outcome, 200, len(TARGET), total=3)
    given = [request.headers.get("proxy-authorization", "nothing").split()[0]
             for request in proxy.requests]
    t.equal(given, ["nothing", scheme.capitalize()], "credentials")
    t.check("authorization" not in proxy.requests[1].headers,
            "the target was told them")
    expect_bytes(t, outcome, proxy, good)


def known_credentials(t):
    """A worker asks once."""
    with Server(proxies.http_proxy("digest")) as proxy, Server() as good:
        outcome = rows.run_pair(
            t, TARGET, good.url, options=right(proxy.port),
            before="for _ = 1, 3 do session:get('%s', %s) end"
            % (TARGET, right(proxy.port)))
    rows.expect_answer(t, outcome, 200, len(TARGET), total=6)
    t.equal(len(proxy.requests), 5, "requests at the proxy")


def no_credentials(t):
    with Server(proxies.http_proxy("basic")) as proxy, Server() as good:
        outcome = run(t, TARGET, through(proxy.port), good)
    rows.expect_answer(t, outcome, 407, len("who?"), failed=1)
    expect_bytes(t, outcome, proxy, good)


def refused(t):
    with Refusing() as port, Server() as good:
        outcome = run(t, TARGET, "{ proxy = '%s' }" % port.url, good)
    rows.expect_fault(t, outcome, "connect", "connect",
                      r"connection refused \(127\.0\.0\.1:\d+\)", unsent=1)


def timeout(t):
    with FullBacklog() as port, Server() as good:
        outcome = run(t, TARGET, "{ proxy = '%s', timeout = %d }"
                      % (port.url, SECONDS), good)
    rows.expect_fault(t, outcome, "timeout", "connect",
                      "no answer within %d s, connecting" % SECONDS, unsent=1)


def unknown_proxy(t):
    host = "n" * 64 + ".invalid"
    with Server() as good:
        outcome = run(t, TARGET, "{ proxy = 'http://%s:1' }" % host, good)
    rows.expect_fault(t, outcome, "dns", "dns",
                      "proxy name '%s' not found" % host, unsent=1)


def over_tls(pair, more, arguments, t):
    """A proxy is a server with a certificate, too."""
    with Server(proxies.http_proxy(), tls=misbehaving.tls_context(pair)) \
            as proxy, Server() as good:
        outcome = run(t, TARGET, through(proxy.port, scheme="https",
                                         more=more), good, *arguments)
    if more or arguments:
        rows.expect_answer(t, outcome, 200, len(TARGET))
    else:
        rows.expect_fault(t, outcome, "tls", "tls", ".*self-signed.*",
                          unsent=1)


# --- tunnels ---

def tunnel(pair, scheme, t):
    context = misbehaving.tls_context(pair)
    with Server(tls=context) as server, Server() as good, \
            Server(proxies.http_proxy(scheme, server.port)) as proxy:
        outcome = run(t, "https://target.invalid:81/good",
                      right(proxy.port) if scheme else through(proxy.port),
                      good, "-k")
    rows.expect_answer(t, outcome, 200, 4)
    t.equal(proxy.paths()[-1], "CONNECT target.invalid:81", "at the proxy")
    for peer in proxy, server:
        agent = peer.requests[-1].headers.get("user-agent", "")
        t.check(agent.startswith("molo/"), "User-Agent: %r" % agent)
    t.check("proxy-authorization" not in server.requests[0].headers,
            "the target was told the credentials of the proxy")
    expect_bytes(t, outcome, server, good)


def tunnel_answered(head, message, t):
    def behave(peer, request):
        peer.send(head)
        peer.close()
    with Server(behave) as proxy, Server() as good:
        outcome = run(t, "https://target.invalid:81/", through(proxy.port),
                      good)
    rows.expect_fault(t, outcome, "connect", "connect", message, unsent=1)
    # CONNECT is no request of the scenario.
    t.equal(len(proxy.requests), 1, "requests at the proxy")
    expect_bytes(t, outcome, good)


def tunnel_stuck(t):
    with Server(lambda peer, request: peer.hold()) as proxy, Server() as good:
        outcome = run(t, "https://target.invalid:81/", through(
            proxy.port, more=", timeout = %d" % SECONDS), good)
    rows.expect_fault(t, outcome, "timeout", "connect",
                      "no answer within %d s, connecting" % SECONDS, unsent=1)


# --- SOCKS5 ---

def socks(auth, t):
    with Server() as server, proxies.Socks5(auth=auth) as proxy, \
            Server() as good:
        target = "http://target.invalid:%d/good" % server.port
        make = right if auth else through
        outcome = run(t, target, make(proxy.port, scheme="socks5h"), good)
    rows.expect_answer(t, outcome, 200, 4)
    t.equal(proxy.targets, [("target.invalid", server.port)], "targets")


def socks_local_name(t):
    with Server() as server, proxies.Socks5() as proxy, Server() as good:
        outcome = run(t, server.url + "/good",
                      through(proxy.port, scheme="socks5"), good)
    rows.expect_answer(t, outcome, 200, 4)
    t.equal(proxy.targets, [("127.0.0.1", server.port)], "targets")


def socks_fault(message, make, arguments, t):
    with proxies.Socks5(**arguments) as proxy, Server() as good:
        outcome = run(t, TARGET, make(proxy.port, scheme="socks5h"), good)
    rows.expect_fault(t, outcome, "connect", "connect", message, unsent=1)
    t.check(len(proxy.targets) <= 1, "targets")


def wrong_user(port, **more):
    return through(port, "me:wrong", **more)


def all_tests(pair):
    part = functools.partial
    return {
        "a request through a proxy": plain,
        "a proxy and variables of the environment":
            whatever_the_environment_says,
        "basic credentials for a proxy": part(credentials, "basic"),
        "digest credentials for a proxy": part(credentials, "digest"),
        "credentials that the proxy knows": known_credentials,
        "a proxy that wants credentials": no_credentials,
        "a proxy that refuses the connection": refused,
        "a proxy that does not accept": timeout,
        "a proxy whose name does not resolve": unknown_proxy,
        "a proxy over TLS that nobody knows": part(over_tls, pair, "", []),
        "a proxy over TLS that need not be known":
            part(over_tls, pair, ", verify = false", []),
        "a proxy over TLS, insecure": part(over_tls, pair, "", ["-k"]),
        "a proxy over TLS that is trusted":
            part(over_tls, pair, ", ca = '%s'" % pair[0], []),
        "a tunnel": part(tunnel, pair, None),
        "a tunnel with credentials": part(tunnel, pair, "basic"),
        "a tunnel that is forbidden":
            part(tunnel_answered, b"HTTP/1.1 403 Forbidden\r\n"
                 b"Content-Length: 0\r\n\r\n",
                 "the proxy refused to connect: it answered 403"),
        "a tunnel that wants credentials":
            part(tunnel_answered, b"HTTP/1.1 407 Who\r\nProxy-Authenticate: "
                 b'Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
                 "the proxy wants credentials: it answered 407; give them in "
                 "its URL"),
        "a tunnel to what is down":
            part(tunnel_answered, b"HTTP/1.1 502 Bad Gateway\r\n"
                 b"Content-Length: 0\r\n\r\n",
                 "the proxy refused to connect: it answered 502"),
        "a tunnel that is closed":
            part(tunnel_answered, b"",
                 r"the proxy closed the connection \(.+\)"),
        "a tunnel that is no HTTP":
            part(tunnel_answered, b"220 mail.example\r\n\r\n",
                 r"the proxy closed the connection \(.+\)"),
        "a tunnel that is never there": tunnel_stuck,
        "SOCKS5": part(socks, False),
        "SOCKS5 with credentials": part(socks, True),
        "SOCKS5, the name looked up here": socks_local_name,
        "SOCKS5 that does not know us":
            part(socks_fault, "the proxy refused: .*[Uu]ser.*", wrong_user,
                 {"auth": True}),
        "SOCKS5 that wants credentials":
            part(socks_fault, "the proxy refused: .+", through,
                 {"auth": True}),
        "SOCKS5 that may not connect":
            part(socks_fault, r"the proxy refused: .*\(2\).*", through,
                 {"reply": 2}),
        "SOCKS5 that cannot connect":
            part(socks_fault, r"the proxy refused: .*\(5\).*", through,
                 {"reply": 5}),
        "SOCKS5 that is something else":
            part(socks_fault, "the proxy refused: .+", through,
                 {"greeting": b"HTTP/1.1 400 Bad Request\r\n\r\n"}),
        "SOCKS5 that closes":
            part(socks_fault, "the proxy .+", through,
                 {"greeting": b""}),
    }


def main():
    directory = tempfile.mkdtemp(prefix="molo-proxies-")
    try:
        pair = certificate(directory, "target")
        return rows.main(all_tests(pair))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
