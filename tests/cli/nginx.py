"""An nginx in the foreground, for tests that compare what molo says with its log.

    with Nginx(directory, servers, log="$request_method $status") as nginx:
        ... nginx.url
    nginx.log_lines()
"""

import os
import shutil
import signal
import socket
import subprocess
import time

import harness

CONF = """
worker_processes 1;
daemon off;
master_process off;
pid %(dir)s/nginx.pid;
error_log %(dir)s/error.log warn;
events { worker_connections 1024; }
http {
    log_format line "%(log)s";
    access_log %(dir)s/access.log line;
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    %(servers)s
}
"""


def program():
    """None where it is not installed."""
    path = shutil.which("nginx") or "/usr/sbin/nginx"
    return path if os.path.exists(path) else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """`servers` is configuration in which %(port)d and %(dir)s stand for a free
    port and the server's own folder, and `log` what it writes for a request."""

    def __init__(self, directory, servers, *, log):
        if program() is None:
            raise harness.Failure("nginx is not installed")
        self.dir = os.path.join(directory, "nginx")
        os.mkdir(self.dir)
        # nginx may give up root, and has to get there.
        os.chmod(directory, 0o755)
        self.servers = servers
        self.log_format = log
        self.port = self.url = self.process = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def _configure(self):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        values = {"dir": self.dir, "port": self.port, "log": self.log_format}
        values["servers"] = self.servers % values
        with open(self.path("nginx.conf"), "w", encoding="ascii") as conf:
            conf.write(CONF % values)

    def __enter__(self):
        deadline = time.monotonic() + harness.PATIENCE
        while time.monotonic() < deadline:
            # A port that was free a moment ago may belong to somebody else by now.
            if self.process is None or self.process.poll() is not None:
                self._configure()
                self.process = subprocess.Popen(
                    [program(), "-e", "stderr", "-c", self.path("nginx.conf"),
                     "-p", self.dir],
                    stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # It is written when nginx listens.
            if os.path.exists(self.path("nginx.pid")):
                return self
            time.sleep(0.02)
        self.__exit__()
        raise harness.Failure("nginx did not start")

    def __exit__(self, *_):
        """Ends it when it has logged what it has answered."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(harness.PATIENCE)

    def log_lines(self):
        """The words of each line of its log."""
        with open(self.path("access.log"), encoding="ascii") as file:
            return [line.split() for line in file]
