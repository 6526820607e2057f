"""The server's side of a WebSocket, as a test wants it (RFC 6455)."""

import base64
import hashlib
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_of(request):
    key = request.headers["sec-websocket-key"]
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                          .encode()).digest()
    return base64.b64encode(digest)


def head_of(request, *more, without=None, accept=None):
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket",
             b"Connection: Upgrade",
             b"Sec-WebSocket-Accept: " + (accept or accept_of(request))]
    lines = [line for line in lines
             if without is None or not line.startswith(without)]
    return b"\r\n".join(lines + list(more)) + b"\r\n\r\n"


def frame(opcode, data=b"", *, fin=True, rsv=0, mask=None):
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    size = len(data)
    bit = 0x80 if mask else 0
    if size < 126:
        head = struct.pack("!BB", first, bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    if mask:
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        head += mask
    return head + data


def close_frame(code, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


def client_frames(peer):
    """What the client sent until it went away, as (opcode, payload)."""
    data = peer._read
    while True:
        more = peer._receive()
        if not more:
            break
        data += more
    frames = []
    while len(data) >= 6:
        size, at = data[1] & 0x7f, 2
        if size == 126:
            size, at = struct.unpack("!H", data[2:4])[0], 4
        elif size == 127:
            size, at = struct.unpack("!Q", data[2:10])[0], 10
        assert data[1] & 0x80, "a client masks"
        mask, at = data[at:at + 4], at + 4
        payload = bytes(b ^ mask[i % 4]
                        for i, b in enumerate(data[at:at + size]))
        frames.append((data[0] & 0x0f, payload))
        data = data[at + size:]
    return frames


def sends(*parts, then="read"):
    """Opens, sends the parts, and notes what the client says until it leaves."""
    def behave(peer, request):
        peer.send(head_of(request) + b"".join(parts))
        if then == "read":
            peer.server.seen = client_frames(peer)
            peer.close()
        elif then == "reset":
            peer.wait(0.2)
            peer.reset()
        elif then == "close":
            peer.close()
        else:
            peer.hold()
    return behave


def answers(*parts, then="close"):
    def behave(peer, request):
        peer.send(*parts)
        if then == "close":
            peer.close()
        else:
            peer.hold()
    return behave


def agrees(*more, **changes):
    def behave(peer, request):
        peer.send(head_of(request, *more, **changes))
        peer.hold()
    return behave
