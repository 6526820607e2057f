"""What the benchmarks share: an nginx of their own, and running molo."""
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

NGINX_CONF = """
worker_processes 1;
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=8192;
        location / {{ return 200 "hello\\n"; }}
    }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """One worker process on a free loopback port, as a context manager."""

    def __enter__(self):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.dir = tempfile.mkdtemp(prefix="molo-bench-")
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        conf = os.path.join(self.dir, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as out:
            out.write(NGINX_CONF.format(dir=self.dir, port=self.port))
        self.process = subprocess.Popen(
            [program, "-c", conf, "-p", self.dir],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("nginx did not start: see " + self.dir)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


def run(command, timeout=120):
    """Runs it; returns (stdout, cpu seconds, peak bytes)."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stdin=subprocess.DEVNULL)
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command}: exit code {process.returncode}")
    if time.monotonic() - started > timeout:
        raise RuntimeError(f"{command}: took longer than {timeout} s")
    return out, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def run_molo(molo, scenario, *options):
    """Runs a scenario of this folder; returns (result, cpu, peak)."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), scenario)
    out, cpu, peak = run([molo, "run", path, "-o", "json=-", "-q", *options])
    return json.loads(out), cpu, peak


def raise_limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
