"""An HTTP server on a loopback port that does as a function says.

    with Server(behaviour) as server:
        ... server.url, server.requests, server.bytes_in, server.bytes_out

`behaviour(peer, request)` is called for every request but those to /good,
which are answered properly. It writes bytes with `peer.send`, ends the
connection with `peer.close` or `peer.reset`, and returns; a connection it
leaves open goes on to the next request. What it counts is what went through
its sockets.
"""

import socket
import ssl
import struct
import threading

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
# What a server of TLS says to a request for HTTP: unexpected_message.
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x0a"

# Nobody waits for a peer that long; it only keeps threads from staying.
STUCK = 120.0


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        pairs = [line.split(":", 1) for line in lines[1:] if line]
        self.headers = {name.lower(): value.strip() for name, value in pairs}
        self.body = body


class Peer:
    """One connection; `number` counts from 1."""

    def __init__(self, server, sock, number):
        self.server = server
        self.number = number
        self.answered = 0
        self.closed = False
        self._sock = sock
        self._read = b""

    def _receive(self):
        try:
            data = self._sock.recv(65536)
        except OSError:
            return b""
        self.server.count("bytes_in", len(data))
        return data

    def request(self):
        """The next one; None at the end of the connection."""
        while b"\r\n\r\n" not in self._read:
            data = self._receive()
            if not data:
                return None
            self._read += data
        head, rest = self._read.split(b"\r\n\r\n", 1)
        request = Request(head, b"")
        size = int(request.headers.get("content-length", 0))
        while len(rest) < size:
            data = self._receive()
            if not data:
                return None
            rest += data
        request.body, self._read = rest[:size], rest[size:]
        return request

    def send(self, *parts):
        """False when the client is gone."""
        for data in parts:
            try:
                self._sock.sendall(data)
            except OSError:
                return False
            self.server.count("bytes_out", len(data))
        return True

    def wait(self, seconds):
        """True when the server was told to end meanwhile."""
        return self.server.ending.wait(seconds)

    def hold(self):
        """Leaves the client without an answer until it goes away."""
        while self._receive():
            pass
        self.close()

    def close(self):
        if not self.closed:
            self.closed = True
            self._sock.close()

    def reset(self):
        """RST instead of FIN."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
        self.close()

    @property
    def resumed(self):
        """Whether the client began with the TLS session of an earlier one."""
        return self._sock.session_reused

    def start_tls(self, context):
        self._sock = context.wrap_socket(self._sock, server_side=True,
                                         do_handshake_on_connect=False)
        try:
            self._sock.do_handshake()
        except (ssl.SSLError, OSError):
            self._end_refused()

    def _end_refused(self):
        """What was not read would turn the end into a reset, which overtakes
        the alert that says why."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.hold()


class Server:
    """`accept(peer)`, if given, sees every connection before its first byte.
    `tls` is an SSLContext."""

    def __init__(self, behave=None, accept=None, tls=None, port=0):
        self.behave = behave
        self.accept = accept
        self.tls = tls
        self.requests = []
        self.connections = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.ending = threading.Event()
        self._lock = threading.Lock()
        self._peers = []
        self._listener = socket.create_server(("127.0.0.1", port),
                                              backlog=64)
        self.port = self._listener.getsockname()[1]
        scheme = "https" if tls else "http"
        self.url = "%s://127.0.0.1:%d" % (scheme, self.port)
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        # Wakes the accept() of the thread, which close() would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def count(self, what, amount):
        with self._lock:
            setattr(self, what, getattr(self, what) + amount)

    def paths(self):
        return ["%s %s" % (r.method, r.path) for r in self.requests]

    def _listen(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(STUCK)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            peer = Peer(self, sock, self.connections)
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        if self.accept:
            self.accept(peer)
        if self.tls and not peer.closed:
            peer.start_tls(self.tls)
        while not peer.closed:
            request = peer.request()
            if request is None:
                break
            with self._lock:
                self.requests.append(request)
            if request.path.startswith("/good") or self.behave is None:
                peer.send(GOOD)
            else:
                self.behave(peer, request)
            peer.answered += 1
        peer.close()


class FullBacklog:
    """A port whose queue of connections is full: the kernel drops what comes
    next, so that connecting neither succeeds nor fails."""

    def __enter__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self._held = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self.port))
            self._held.append(sock)
        return self

    def __exit__(self, *_):
        for sock in self._held + [self._listener]:
            sock.close()


class Refusing:
    """A port that is taken, so that nobody else gets it, and not open."""

    def __enter__(self):
        self._taken = socket.socket()
        self._taken.bind(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._taken.getsockname()[1]
        return self

    def __exit__(self, *_):
        self._taken.close()


def tls_context(pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    return context


def says(*parts, then="close"):
    """Sends the parts, then closes, resets or keeps the connection."""
    def behave(peer, request):
        peer.send(*parts)
        if then == "close":
            peer.close()
        elif then == "reset":
            # What was sent may not be overtaken by the reset.
            peer.wait(0.2)
            peer.reset()
        elif then == "hold":
            peer.hold()
    return behave


def redirects_to(target, status=b"302 Found"):
    return says(b"HTTP/1.1 " + status + b"\r\nLocation: " + target
                + b"\r\nContent-Length: 0\r\n\r\n", then="keep")
