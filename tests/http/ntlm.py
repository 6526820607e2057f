"""The server's side of NTLM (version 2), enough to judge a client: a behaviour
of misbehaving.Server that knows one user."""

import base64
import hashlib
import hmac
import os
import struct

SIGNATURE = b"NTLMSSP\0"
UNICODE, NTLM = 0x1, 0x200
TARGET_INFO, EXTENDED, B128 = 0x800000, 0x80000, 0x20000000


def md4(data):
    """RFC 1320; OpenSSL 3 has it only where its legacy provider is loaded."""
    def rotate(value, bits):
        value &= 0xffffffff
        return (value << bits | value >> (32 - bits)) & 0xffffffff

    size = len(data)
    data += b"\x80" + b"\0" * ((55 - size) % 64) + struct.pack("<Q", size * 8)
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    rounds = (
        (lambda x, y, z: (x & y) | (~x & z), 0, (3, 7, 11, 19),
         list(range(16))),
        (lambda x, y, z: (x & y) | (x & z) | (y & z), 0x5a827999,
         (3, 5, 9, 13), [i % 4 * 4 + i // 4 for i in range(16)]),
        (lambda x, y, z: x ^ y ^ z, 0x6ed9eba1, (3, 9, 11, 15),
         [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]),
    )
    for start in range(0, len(data), 64):
        words = struct.unpack("<16I", data[start:start + 64])
        a, b, c, d = state
        for function, constant, shifts, order in rounds:
            for step, index in enumerate(order):
                a = rotate(a + (function(b, c, d) & 0xffffffff) + words[index]
                           + constant, shifts[step % 4])
                a, b, c, d = d, a, b, c
        state = [(old + new) & 0xffffffff
                 for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def challenge_message(challenge):
    info = struct.pack("<HH", 2, 8) + "MOLO".encode("utf-16-le") \
        + struct.pack("<HH", 0, 0)
    flags = UNICODE | NTLM | TARGET_INFO | EXTENDED | B128
    head = 48
    return (SIGNATURE + struct.pack("<I", 2) + struct.pack("<HHI", 0, 0, head)
            + struct.pack("<I", flags) + challenge + b"\0" * 8
            + struct.pack("<HHI", len(info), len(info), head) + info)


def field(message, at):
    size, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset:offset + size]


def is_right(message, challenge, user, password):
    """The answer to the challenge, as NTLMv2 has it."""
    response = field(message, 20)
    domain = field(message, 28).decode("utf-16-le")
    given = field(message, 36).decode("utf-16-le")
    key = hmac.new(md4(password.encode("utf-16-le")),
                   (given.upper() + domain).encode("utf-16-le"),
                   hashlib.md5).digest()
    proof, blob = response[:16], response[16:]
    wanted = hmac.new(key, challenge + blob, hashlib.md5).digest()
    return given == user and hmac.compare_digest(proof, wanted)


def behaviour(user, password, seen):
    """Appends (number of the connection, type of message or None) to `seen`."""
    def unauthorized(peer, words):
        peer.send(("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: %s\r\n"
                   "Content-Length: 0\r\n\r\n" % words).encode())

    def behave(peer, request):
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        message = base64.b64decode(text) if scheme == "NTLM" else b""
        kind = message[8] if message.startswith(SIGNATURE) else None
        seen.append((peer.number, kind))
        if kind == 1:
            peer.challenge = os.urandom(8)
            unauthorized(peer, "NTLM " + base64.b64encode(
                challenge_message(peer.challenge)).decode())
        elif kind == 3 and is_right(message, peer.challenge, user, password):
            peer.known = True
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome")
        elif kind is None and getattr(peer, "known", False):
            # The connection is who we are, from now on.
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain")
        else:
            unauthorized(peer, "NTLM")
    return behave
