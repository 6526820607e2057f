"""An HTTP server that answers at once, except that from the request with a
given number on it says nothing for a while, and then answers all at once.

One thread and no work per request worth mentioning: what comes out of it late
is late because of the stall. The stall begins with a request and not with a
clock, so that how long each one waits follows from the schedule and from when
requests came and the stall was over by this server's own clock.
"""

import selectors
import socket
import threading
import time

ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
          b"Content-Length: 6\r\n\r\nhello\n")


class Server:
    """`stall_at`: requests that are answered before the stall, which takes
    `seconds`."""

    def __init__(self, stall_at, seconds):
        self.stall_at = stall_at
        self.seconds = seconds
        self.requests = 0
        self.answers = 0
        self.arrivals = []      # times of the requests before the stall
        self.resumed_at = None  # when it was over
        self._held = []
        self._open = set()
        self._resume_at = None
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake, waker = socket.socketpair()
        self._waker = waker
        self._selector.register(self._wake, selectors.EVENT_READ)
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._waker.send(b"x")
        self._thread.join(10)
        for sock in [self._listener, self._wake, self._waker, *self._open]:
            sock.close()
        self._selector.close()

    def _serve(self):
        while True:
            timeout = None
            if self._resume_at is not None:
                timeout = max(0, self._resume_at - time.monotonic())
            for key, _ in self._selector.select(timeout):
                if key.fileobj is self._wake:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.fileobj)
            if self._resume_at is not None and \
                    time.monotonic() >= self._resume_at:
                self._resume()

    def _accept(self):
        sock, _ = self._listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(sock)
        self._selector.register(sock, selectors.EVENT_READ)

    def _read(self, sock):
        try:
            data = sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(sock)
            self._open.discard(sock)
            sock.close()
            return
        # A client that waits for each answer has one request in a packet.
        for _ in range(data.count(b"\r\n\r\n")):
            if self.requests < self.stall_at:
                self.arrivals.append(time.monotonic())
            elif self.requests == self.stall_at:
                self._resume_at = time.monotonic() + self.seconds
            self.requests += 1
            if self._resume_at is not None:
                self._held.append(sock)
            else:
                self._answer(sock)

    def _resume(self):
        self._resume_at = None
        self.resumed_at = time.monotonic()
        held, self._held = self._held, []
        for sock in held:
            self._answer(sock)

    def _answer(self, sock):
        if sock not in self._open:
            return
        try:
            sock.send(ANSWER)
            self.answers += 1
        except OSError:
            pass
