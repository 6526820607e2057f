"""An HTTP server for tests of options, in this process."""

import gzip
import hashlib
import json
import re
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import harness

REALM, NONCE = "here", "abc123"


class Handler(BaseHTTPRequestHandler):
    """/echo tells what came; /set?N=V sets cookies; /go?URL redirects; /gzip,
    /big and /digest are what they say."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def echo(self):
        headers = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        self.answer(json.dumps({
            "target": self.path, "headers": headers,
            "peer": self.server.name,
        }).encode())

    def digest(self):
        given = self.headers.get("Authorization", "")
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', given))

        def md5(*words):
            return hashlib.md5(":".join(words).encode()).hexdigest()
        expected = fields.get("response") and md5(
            md5("me", REALM, "secret"), NONCE, fields["nc"], fields["cnonce"],
            fields["qop"], md5(self.command, self.path))
        if expected and expected == fields["response"]:
            self.answer(b"welcome")
        else:
            self.answer(b"who?", 401, [(
                "WWW-Authenticate", 'Digest realm="%s", nonce="%s", qop="auth"'
                % (REALM, NONCE))])

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self.path)
        path, _, query = self.path.partition("?")
        if path == "/set":
            self.answer(b"set", headers=[
                ("Set-Cookie", pair.replace("+", "; "))
                for pair in query.split("&")])
        elif path == "/go":
            self.answer(b"", 302, [("Location", query)])
        elif path == "/gzip":
            self.answer(gzip.compress(b"x" * 10000), headers=[
                ("Content-Encoding", "gzip")])
        elif path == "/big":
            self.answer(b"x" * 50000)
        elif path == "/digest":
            self.digest()
        elif path == "/meet":
            # Nobody gets an answer before all parties are here.
            self.server.meeting.wait(harness.PATIENCE / 2)
            self.answer(query.encode())
        else:
            self.echo()

    do_POST = do_HEAD = do_GET


class Server:
    """On a free port, or a socket file; with `tls` (an SSLContext) over TLS."""

    def __init__(self, name, path=None, tls=None, parties=3):
        class Stream(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
            allow_reuse_address = True
            if path:
                address_family = socket.AF_UNIX

            def handle_error(self, request, client_address):
                pass  # clients that refuse to go on are part of the tests

            def get_request(self):
                request, address = super().get_request()
                if tls:
                    request = tls.wrap_socket(
                        request, server_side=True,
                        do_handshake_on_connect=False)
                return request, address or ("unix", 0)
        self.server = Stream(path or ("127.0.0.1", 0), Handler)
        self.server.name = name
        self.server.seen = []
        self.server.meeting = threading.Barrier(parties)
        self.seen = self.server.seen
        self.port = None if path else self.server.server_address[1]
        self.url = None if path else "%s://127.0.0.1:%d" % (
            "https" if tls else "http", self.port)
        # How often it looks whether it is to end.
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.02},
                                       daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.server.shutdown()
        self.server.server_close()
