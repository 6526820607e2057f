#!/usr/bin/env python3
"""What goes wrong before a connection speaks TLS: certificates that must not be
trusted, and servers that speak something else. See rows.py."""

import collections
import functools
import shutil
import ssl
import subprocess
import sys
import tempfile

import misbehaving
import rows
from certificates import certificate
from misbehaving import Server

# A server of ours answers in less, even when it waits for a processor.
SECONDS = rows.SECONDS

HOW = r" \(ca = FILE says whom to trust, -k or verify = false not to look\)"
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"

# molo with another list of trusted authorities, in a file system of its own.
TRUSTING = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
            'mount --bind "$1" ' + TRUSTED + ' && shift && exec "$@"', "sh"]


class Certificates:
    """Made once, before the rows run."""

    def __init__(self, directory):
        make = functools.partial(certificate, directory)
        self.authority = make("authority", authority=True)[0]
        self.alone = make("alone")
        self.signed = make("signed", signer="authority")
        self.expired = make("expired", signer="authority", days="-1")
        self.other_host = make("other", signer="authority",
                               san="DNS:elsewhere.example")

    def trusting(self):
        prefix = TRUSTING + [self.authority]
        if subprocess.run(prefix + ["true"], capture_output=True,
                          check=False).returncode != 0:
            raise rows.Skip("no mount namespaces here, so no certificate "
                            "can be made trusted")
        return prefix


def run_row(t, pair, *arguments, prefix=()):
    with Server() as good, \
            Server(tls=misbehaving.tls_context(pair)) as server:
        outcome = rows.run_pair(t, server.url + "/good", good.url, *arguments,
                                prefix=prefix)
        t.equal(len(good.requests), 1, "requests at the other server")
        return outcome, server


def distrusted(certificates, name, message, trusting, t):
    prefix = certificates.trusting() if trusting else ()
    outcome, server = run_row(t, getattr(certificates, name), prefix=prefix)
    rows.expect_fault(t, outcome, "tls", "tls", message, unsent=1)
    t.equal(server.requests, [], "requests at the server")
    # What was never sent has no bytes.
    t.equal(outcome.result["requests"]["bytes_received"],
            len(misbehaving.GOOD), "bytes_received")


def trusted(certificates, t):
    outcome, _ = run_row(t, certificates.signed,
                         prefix=certificates.trusting())
    rows.expect_answer(t, outcome, 200, 4)


def insecure(certificates, name, t):
    outcome, server = run_row(t, getattr(certificates, name), "-k")
    rows.expect_answer(t, outcome, 200, 4)
    t.equal(server.paths(), ["GET /good"], "requests at the server")


def plain_http_on_the_tls_port(t):
    def answer(peer):
        peer.send(misbehaving.GOOD)
        peer.hold()

    with Server(accept=answer) as server, Server() as good:
        outcome = rows.run_pair(
            t, server.url.replace("http:", "https:") + "/", good.url)
    rows.expect_fault(t, outcome, "tls", "tls",
                      r"127\.0\.0\.1:\d+ does not speak TLS: should the URL "
                      r"begin with http://\?", unsent=1)


def tls_on_the_plain_port(certificates, t):
    """The server ends the connection in its own protocol."""
    context = misbehaving.tls_context(certificates.alone)
    with Server(tls=context) as server, Server() as good:
        outcome = rows.run_pair(
            t, server.url.replace("https:", "http:") + "/", good.url)
    kind = outcome.result["errors"][0]["kind"]
    t.check(kind in ("reset", "protocol"), "kind: " + kind)
    rows.expect_counts(t, outcome, 2, 1, 0)


def port_of_tls(answer, kind, message, t):
    """What a server may do that speaks TLS where HTTP reaches it."""
    def behave(peer, request):
        if answer is not None:
            peer.send(answer)
            peer.close()
        else:
            peer.reset()

    with Server(behave) as server, Server() as good:
        outcome = rows.run_pair(
            t, "http://shop.invalid:443/", good.url,
            options="{ connect_to = { ['shop.invalid:443'] = '%s' } }"
            % server.url.replace("http://", ""))
    rows.expect_fault(t, outcome, kind, "receive" if answer else "wait",
                      message + r"; should the URL begin with https://\?")


def no_client_certificate(certificates, t):
    """TLS 1.3 lets the client go ahead before the server refuses; 1.2 does not.
    Either way it is a fault of TLS."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = misbehaving.tls_context(certificates.alone)
        context.minimum_version = context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.authority)
        with Server(tls=context) as server, Server() as good:
            outcome = rows.run_pair(t, server.url + "/", good.url, "-k")
        t.equal(server.requests, [], "requests at the server")
        error = outcome.result["errors"][0]
        t.equal(error["kind"], "tls", version.name)
        t.matches(error["message"], "certificate required|handshake failure")
        early = version is ssl.TLSVersion.TLSv1_3
        rows.expect_counts(t, outcome, 2, 1, 0 if early else 1)


def client_certificate(certificates, name, ok, t):
    pair = getattr(certificates, name)
    context = misbehaving.tls_context(certificates.alone)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.authority)
    with Server(tls=context) as server, Server() as good:
        outcome = rows.run_pair(
            t, server.url + "/good", good.url, "-k",
            options="{ cert = '%s', key = '%s' }" % pair)
    if ok:
        rows.expect_answer(t, outcome, 200, 4)
    else:
        t.equal(outcome.result["errors"][0]["kind"], "tls", "kind")
        t.equal(server.requests, [], "requests at the server")


def wrong_key(certificates, t):
    """Told before anything is sent."""
    with Server(tls=misbehaving.tls_context(certificates.alone)) as server, \
            Server() as good:
        outcome = rows.run_pair(
            t, server.url + "/", good.url, "-k",
            options="{ cert = '%s', key = '%s' }"
            % (certificates.signed[0], certificates.alone[1]))
    rows.expect_fault(t, outcome, "tls", "tls", ".*(private key|key values).*",
                      unsent=1)


def closed_in_the_handshake(how, message, t):
    def accept(peer):
        # The client has begun: its first message is there.
        peer._receive()
        getattr(peer, how)()

    with Server(accept=accept) as server, Server() as good:
        outcome = rows.run_pair(
            t, server.url.replace("http:", "https:") + "/", good.url)
    rows.expect_fault(t, outcome, "tls", "tls", message, unsent=1)


def stuck_in_the_handshake(t):
    with Server(accept=lambda peer: peer.hold()) as server, Server() as good:
        outcome = rows.run_pair(
            t, server.url.replace("http:", "https:") + "/", good.url,
            options="{ timeout = %d }" % SECONDS)
    rows.expect_fault(t, outcome, "timeout", "tls",
                      "no answer within %d s, in the TLS handshake" % SECONDS,
                      unsent=1)


def truncated_body(certificates, t):
    """Without a close_notify nobody knows whether that was all."""
    def behave(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        peer.close()

    context = misbehaving.tls_context(certificates.alone)
    with Server(behave, tls=context) as server, Server() as good:
        outcome = rows.run_pair(t, server.url + "/bad", good.url, "-k")
    kind = outcome.result["errors"][0]["kind"]
    t.check(kind in ("reset", "protocol"), "kind: " + kind)
    rows.expect_counts(t, outcome, 2, 1, 0)


def sessions(certificates, threads, t):
    """Each worker is a client of its own: it resumes its own session when it
    connects again, and never begins with that of another, whatever thread."""
    resumed = collections.defaultdict(list)

    def behave(peer, request):
        resumed[request.path].append(peer.resumed)
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                  b"Content-Length: 2\r\n\r\nok")
        peer.close()

    with Server(behave, tls=misbehaving.tls_context(certificates.alone)) \
            as server:
        t.run("""
            molo.scenario("a", function(session)
                session:get("%s/" .. session.worker_id)
            end)
            """ % server.url, "-k", "-w", "4", "-r", "3",
              "-t", threads).expect(0)
    for i in range(4):
        t.equal(resumed["/%d" % i], [False, True, True], "worker %d" % i)


def all_tests(certificates):
    part = functools.partial
    return {
        "self-signed": part(
            distrusted, certificates, "alone",
            ".*self-signed certificate.*" + HOW, False),
        "unknown authority": part(
            distrusted, certificates, "signed",
            ".*unable to get local issuer certificate.*" + HOW, False),
        "expired": part(
            distrusted, certificates, "expired",
            ".*certificate has expired.*" + HOW, True),
        "wrong host": part(
            distrusted, certificates, "other_host",
            ".*127.0.0.1.*" + HOW, True),
        "trusted": part(trusted, certificates),
        "self-signed, accepted with -k": part(insecure, certificates, "alone"),
        "expired, accepted with -k": part(insecure, certificates, "expired"),
        "wrong host, accepted with -k":
            part(insecure, certificates, "other_host"),
        "plain HTTP on the TLS port": plain_http_on_the_tls_port,
        "TLS on the plain port": part(tls_on_the_plain_port, certificates),
        "an alert on the plain port":
            part(port_of_tls, misbehaving.TLS_ALERT, "protocol", "the answer is not HTTP"),
        "closed on the port of TLS":
            part(port_of_tls, b"", "reset", "connection closed without an answer"),
        "reset on the port of TLS":
            part(port_of_tls, None, "reset", "connection closed while waiting .+"),
        "closed in the handshake":
            part(closed_in_the_handshake, "close", ".+"),
        "reset in the handshake":
            part(closed_in_the_handshake, "reset", ".+"),
        "stuck in the handshake": stuck_in_the_handshake,
        "client certificate missing":
            part(no_client_certificate, certificates),
        "client certificate":
            part(client_certificate, certificates, "signed", True),
        "client certificate that is not known":
            part(client_certificate, certificates, "alone", False),
        "client certificate with another's key": part(wrong_key, certificates),
        "sessions of TLS": part(sessions, certificates, "1"),
        "sessions of TLS, two threads": part(sessions, certificates, "2"),
        "truncated body over TLS": part(truncated_body, certificates),
    }


def main():
    directory = tempfile.mkdtemp(prefix="molo-tls-")
    try:
        return rows.main(all_tests(Certificates(directory)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
