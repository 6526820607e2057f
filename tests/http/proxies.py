"""Proxies for tests: an HTTP proxy as a behaviour of misbehaving.Server, and a
SOCKS5 server. What they saw is in their lists."""

import base64
import hashlib
import re
import select
import socket
import struct
import threading

from misbehaving import STUCK

REALM, NONCE = "proxy", "n0nce"
USER, PASSWORD = "me", "hunter2"


def splice(left, right):
    """Passes bytes on in both directions until one side ends."""
    pair = {left: right, right: left}
    while True:
        ready, _, _ = select.select(list(pair), [], [], STUCK)
        if not ready:
            return
        for sock in ready:
            try:
                data = sock.recv(65536)
                if not data:
                    return
                pair[sock].sendall(data)
            except OSError:
                return


def basic_is_right(given, method, target):
    pair = base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()
    return given == "Basic " + pair


def digest_is_right(given, method, target):
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', given))

    def md5(*words):
        return hashlib.md5(":".join(words).encode()).hexdigest()
    if not given.startswith("Digest ") or fields.get("nonce") != NONCE:
        return False
    wanted = md5(md5(USER, REALM, PASSWORD), NONCE, fields["nc"],
                 fields["cnonce"], fields["qop"], md5(method, fields["uri"]))
    return fields["response"] == wanted


SCHEMES = {
    "basic": (basic_is_right, 'Basic realm="%s"' % REALM),
    "digest": (digest_is_right, 'Digest realm="%s", nonce="%s", qop="auth"'
               % (REALM, NONCE)),
}


def http_proxy(scheme=None, upstream=None):
    """A behaviour. CONNECT makes a tunnel to `upstream` (a port), any other
    request is answered with the URL that was asked for."""
    def behave(peer, request):
        if scheme:
            is_right, challenge = SCHEMES[scheme]
            given = request.headers.get("proxy-authorization", "")
            if not is_right(given, request.method, request.path):
                peer.send(("HTTP/1.1 407 Proxy Authentication Required\r\n"
                           "Proxy-Authenticate: %s\r\nContent-Length: 4\r\n"
                           "\r\nwho?" % challenge).encode())
                return
        if request.method != "CONNECT":
            body = request.path.encode()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                      % len(body) + body)
            return
        with socket.create_connection(("127.0.0.1", upstream)) as other:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            splice(peer._sock, other)
        peer.close()
    return behave


class Socks5:
    """`auth`: asks for USER and PASSWORD. `reply`: what CONNECT is answered
    with, 0 to do it. `greeting`: bytes to send instead of all that."""

    def __init__(self, auth=False, reply=0, greeting=None):
        self.auth, self.reply, self.greeting = auth, reply, greeting
        self.targets = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Wakes the accept() of the thread, which close() would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(STUCK)
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        with sock:
            try:
                self._talk(sock)
            except (OSError, EOFError):
                pass

    @staticmethod
    def _read(sock, size):
        data = b""
        while len(data) < size:
            more = sock.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _talk(self, sock):
        _, count = self._read(sock, 2)
        methods = self._read(sock, count)
        if self.greeting is not None:
            sock.sendall(self.greeting)
            return
        if self.auth:
            if 2 not in methods:
                sock.sendall(b"\x05\xff")
                return
            sock.sendall(b"\x05\x02")
            if not self._is_known(sock):
                sock.sendall(b"\x01\x01")
                return
            sock.sendall(b"\x01\x00")
        else:
            sock.sendall(b"\x05\x00")
        _, _, _, kind = self._read(sock, 4)
        if kind == 3:
            host = self._read(sock, self._read(sock, 1)[0]).decode()
        else:
            host = socket.inet_ntoa(self._read(sock, 4))
        port = struct.unpack("!H", self._read(sock, 2))[0]
        self.targets.append((host, port))
        answer = b"\x05%c\x00\x01\x7f\0\0\x01\0\0" % self.reply
        if self.reply:
            sock.sendall(answer)
            return
        with socket.create_connection(("127.0.0.1", port)) as other:
            sock.sendall(answer)
            splice(sock, other)

    def _is_known(self, sock):
        _, size = self._read(sock, 2)
        user = self._read(sock, size)
        password = self._read(sock, self._read(sock, 1)[0])
        return (user, password) == (USER.encode(), PASSWORD.encode())
