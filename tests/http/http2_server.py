"""An HTTP/2 server that does as a function says, on h2 (python3-h2).

`behaviour(stream)` is called for every request but those to /good. It answers
with the methods of the stream, or of `stream.peer` to harm the connection."""

import socket
import sys

import misbehaving

# Where Debian puts its packages; another Python does not look there. Last, so
# that it hides nothing.
sys.path.append("/usr/lib/python3/dist-packages")

import h2.config  # noqa: E402
import h2.connection  # noqa: E402
import h2.errors  # noqa: E402
import h2.events  # noqa: E402
import h2.exceptions  # noqa: E402

ERRORS = h2.errors.ErrorCodes


def tls_context(pair, protocols=("h2", "http/1.1")):
    context = misbehaving.tls_context(pair)
    context.set_alpn_protocols(list(protocols))
    return context


class Stream:
    """One request; `number` counts those of the server from 1."""

    def __init__(self, peer, identity, headers, number):
        self.peer, self.identity, self.number = peer, identity, number
        self.headers = dict(headers)
        self.path = self.headers[":path"]

    def head(self, status=200, *headers, end=False):
        self.peer.h2.send_headers(
            self.identity, [(":status", str(status)), *headers], end)
        self.peer.flush()

    def data(self, data, end=False):
        self.peer.h2.send_data(self.identity, data, end)
        self.peer.flush()

    def answer(self, body):
        self.head(200, ("content-length", str(len(body))))
        self.data(body, end=True)

    def reset(self, error):
        self.peer.h2.reset_stream(self.identity, error)
        self.peer.flush()


class Peer2:
    """One connection."""

    def __init__(self, peer):
        self.peer, self.number = peer, peer.number
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False))

    def flush(self):
        data = self.h2.data_to_send()
        return not data or self.peer.send(data)

    def raw(self, data):
        self.flush()
        self.peer.send(data)

    def goaway(self, last, error=ERRORS.NO_ERROR):
        self.h2.close_connection(error, last_stream_id=last)
        self.flush()

    def close(self):
        """In order: what was not read would turn it into a reset."""
        self.flush()
        try:
            self.peer._sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.peer.hold()


class Server2(misbehaving.Server):
    """`streams` are the requests that came; without `tls` it expects HTTP/2
    from the first byte on."""

    def __init__(self, behave=None, accept=None, tls=None):
        self.streams = []
        super().__init__(behave, accept=accept, tls=tls)

    def _serve(self, peer):
        if self.accept:
            self.accept(peer)
        if self.tls and not peer.closed:
            peer.start_tls(self.tls)
        if peer.closed:
            return
        peer2 = Peer2(peer)
        peer2.h2.initiate_connection()
        peer2.flush()
        while not peer.closed:
            data = peer._receive()
            if not data:
                break
            try:
                events = peer2.h2.receive_data(data)
            except h2.exceptions.ProtocolError:
                break
            for event in events:
                if isinstance(event, h2.events.RequestReceived):
                    self._take(peer2, event)
                if peer.closed:
                    return
            peer2.flush()
        peer.close()

    def _take(self, peer2, event):
        with self._lock:
            stream = Stream(peer2, event.stream_id, event.headers,
                            len(self.streams) + 1)
            self.streams.append(stream)
        if stream.path.startswith("/good") or self.behave is None:
            stream.answer(b"good")
        else:
            self.behave(stream)
