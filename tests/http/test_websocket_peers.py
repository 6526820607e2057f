#!/usr/bin/env python3
"""WebSockets against peers that others wrote, over TCP and TLS, and many of
them against `molo serve`, where both must count the same."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import rows
from certificates import certificate
from misbehaving import Server
from proxies import PASSWORD, USER, http_proxy

HERE = os.path.dirname(os.path.abspath(__file__))

CASES = """
    local url = "%(url)s"
    local options = { ca = %(ca)s }

    local function open(session, path, more)
        local all = { ca = options.ca }
        for key, value in pairs(more or {}) do all[key] = value end
        return session:websocket(url .. path, all)
    end

    local function mark(...) molo.log("info", "MARK", ...) end

    molo.scenario("a", function(session)
        local ws = open(session, "/echo")
        ws:send("grüße")
        mark("echo", ws:receive())
        ws:send("\\0\\255", { binary = true })
        local data, kind = ws:receive()
        mark("binary", data == "\\0\\255", kind)
        ws:send_json{ list = { 1, 2 } }
        mark("json", ws:receive_json().list[2])
        for _, size in ipairs{ 0, 125, 126, 65535, 65536, 5000000 } do
            ws:send(("x"):rep(size))
            mark("size", size, #ws:receive() == size)
        end
        mark("ping", ws:ping() < 10, ws:ping("payload") < 10)
        mark("closed", ws:close(4321, "done"))

        ws = open(session, "/fragments%%202")
        mark("fragments", ws:receive(), ws:receive())
        mark("fragments", #ws:receive())
        mark("closed", ws:close())

        ws = open(session, "/close%%204000%%20so%%20long")
        mark("end", ws:receive())
        mark("end", ws:closed())

        ws = open(session, "/subprotocol", { protocols = { "none", "chat" } })
        mark("protocol", ws:protocol(), ws:receive())

        ws = open(session, "/ping")
        mark("pinged", ws:receive())

        -- Both at once: one sends, the other receives, in order.
        ws = open(session, "/echo")
        local sender = molo.spawn(function()
            for i = 1, 500 do ws:send(tostring(i)) end
        end)
        local right = 0
        for i = 1, 500 do
            if ws:receive() == tostring(i) then right = right + 1 end
        end
        sender:join()
        mark("both", right)
    end)
    """

EXPECTED = [
    "echo grüße text", "binary true binary", "json 2", "size 0 true",
    "size 125 true", "size 126 true", "size 65535 true", "size 65536 true",
    "size 5000000 true", "ping true true", "closed 4321 done",
    "fragments text text text", "fragments 2", "closed 1000",
    "end nil 4000 so long", "end 4000 so long", "protocol chat chat text",
    "pinged answered text", "both 500"]


def python_with_websockets():
    """The one that has Debian's package need not be the one that runs this."""
    for python in (sys.executable, "/usr/bin/python3"):
        found = subprocess.run([python, "-c", "import websockets"],
                               stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=60, check=False)
        if found.returncode == 0:
            return python
    raise rows.Skip("no python3-websockets")


class Peer:
    def __init__(self, *words):
        python = python_with_websockets()
        self._process = subprocess.Popen(
            [python, os.path.join(HERE, "websocket_peer.py"), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def run_cases(t, url, ca):
    outcome = rows.start(t, CASES % {"url": url, "ca": ca}, "-r",
                         "1").finish().expect(0)
    t.equal(outcome.marks, EXPECTED, "marks")
    t.lacks(outcome.err, "runtime error:", "Sanitizer")
    requests = outcome.result["requests"]
    t.equal((requests["total"], requests["failed"]), (6, 0), "requests")
    t.equal({row["name"]: row["status"] for row in
             outcome.result["endpoints"]}["/echo"], {"101": 2}, "status")


def over_tcp(t):
    with Peer() as peer:
        run_cases(t, "ws://127.0.0.1:%d" % peer.port, "nil")


def over_tls(t):
    authority, _ = certificate(t.directory, "authority", authority=True)
    cert, key = certificate(t.directory, "server", signer="authority")
    with Peer(cert, key) as peer:
        run_cases(t, "wss://127.0.0.1:%d" % peer.port, '"%s"' % authority)


# --- molo serve ---

def stats(t):
    with urllib.request.urlopen(t.server.url + "/stats", timeout=60) as answer:
        return json.load(answer)


def many_echoes(t):
    """60 users with 160 messages each: both sides count the same."""
    workers, messages = (20, 10) if rows.harness.WRAPPER else (60, 160)
    url = t.server.url
    outcome = rows.start(t, """
        molo.scenario("a", function(session)
            local ws <close> = session:websocket("/ws")
            for i = 1, %d do
                ws:send("message " .. i)
                molo.expect("echo", ws:receive() == "message " .. i)
            end
            ws:close()
        end)
        """ % messages, "-r", "1", "-w", str(workers), "--base-url",
                         url).finish().expect(0)
    result, seen = outcome.result, stats(t)
    t.equal(result["requests"]["total"], seen["requests"], "requests")
    t.equal(seen["status"], {"101": workers}, "status")
    total = workers * messages
    t.equal([result["metrics"][name]["count"] for name in
             ("ws_msgs_sent", "ws_msgs_received", "ws_connecting",
              "ws_session_duration")], [total, total, workers, workers],
            "metrics")
    t.equal([seen["websockets"][name] for name in
             ("opened", "messages_received", "messages_sent")],
            [workers, total, total], "at the server")
    t.contains(outcome.out, "%d messages sent" % total)


def rooms(t):
    """Who is in the room gets what anybody says there, and nobody else does."""
    outcome = rows.start(t, """
        molo.scenario("a", function(session)
            local room = "room" .. session.worker_id %% 2
            local ws <close> = session:websocket("/ws/room/" .. room)
            ws:ping() -- who is answered is in
            molo.barrier("all in"):wait()
            ws:send(room)
            for _ = 1, 3 do
                molo.expect("own room", ws:receive() == room)
            end
            molo.barrier("all heard"):wait()
            local ok, err = pcall(ws.receive, ws, { timeout = 0.05 })
            molo.expect("no more", not ok and err.kind == "timeout")
        end)
        """.replace("%%", "%"), "-r", "1", "-w", "6", "--base-url",
                         t.server.url).finish().expect(0)
    t.equal(outcome.result["checks"]["own room"], {"passes": 18, "fails": 0},
            "checks")


def not_upgraded(t):
    """A plain request to the path is told what it is."""
    try:
        urllib.request.urlopen(t.server.url + "/ws", timeout=60)
        t.check(False, "no error")
    except urllib.error.HTTPError as error:
        t.equal(error.code, 426, "status")
        t.contains(error.read().decode(), "ws://")


def from_lua(t):
    """What scripts may do with a connection, and what not."""
    outcome = rows.start(t, """
        local function refuses(words, fn, ...)
            local ok, err = pcall(fn, ...)
            for word in words:gmatch("%S+") do
                if ok or not tostring(err):find(word, 1, true) then
                    error(words .. ": " .. tostring(err))
                end
            end
            return err
        end

        local shared
        molo.scenario("a", function(session)
            if session.step == 2 then
                refuses("has ended with the run", shared.send, shared, "x")
                molo.expect("text", tostring(shared) == "WebSocket (ended)")
                return
            end
            local ws = session:websocket("/ws")
            molo.expect("open", ws:closed() == false)
            refuses("session is still open", session.reset, session)
            refuses("not UTF-8 {binary = true}", ws.send, ws, "\\255")
            refuses("unknown option 'binari'", ws.send, ws, "x",
                    { binari = true })
            refuses("binary: true false string", ws.send, ws, "x",
                    { binary = "yes" })
            for _, method in ipairs{ "receive", "receive_json", "messages" } do
                refuses("ws:" .. method .. ": options must be a table, number",
                        ws[method], ws, 5)
            end
            refuses("a string, got table; ws:send_json", ws.send, ws, {})
            refuses("1000 to 1003", ws.close, ws, 999)
            refuses("1000 to 1003", ws.close, ws, 1006)
            refuses("123 bytes", ws.close, ws, 1000, ("x"):rep(124))
            refuses("at most 125", ws.ping, ws, ("x"):rep(126))
            refuses("with a colon", ws.send, "x")

            -- Each of two who wait gets one message.
            local tasks = {}
            for i = 1, 2 do
                tasks[i] = molo.spawn(function() return (ws:receive()) end)
            end
            molo.sleep(0.01)
            ws:send("1")
            ws:send("2")
            local both = tasks[1]:join() .. tasks[2]:join()
            molo.expect("both", both == "12" or both == "21")

            -- One who is cancelled leaves the message to others.
            local late = molo.spawn(function() return (ws:receive()) end)
            molo.sleep(0.01)
            late:cancel()
            ws:send("kept")
            molo.expect("kept", ws:receive() == "kept")
            local err = refuses("no message came within 50 ms", ws.receive, ws,
                                { timeout = "50ms" })
            molo.expect("timeout", err.kind == "timeout")
            err = refuses("over", molo.timeout, 0.05,
                          function() ws:receive() end)
            molo.expect("molo.timeout", err.kind == "timeout")

            ws:send("no json")
            err = refuses("the message is not JSON", ws.receive_json, ws)
            molo.expect("decode", err.kind == "decode")

            -- Pings while messages wait to be taken.
            for i = 1, 20 do ws:send(tostring(i)) end
            molo.expect("ping", ws:ping() >= 0)
            local n = 0
            for data, kind in ws:messages() do
                n = n + 1
                if data ~= tostring(n) or kind ~= "text" then error(data) end
                if n == 20 then break end
            end
            molo.expect("closed", ws:close() == 1000)
            err = refuses("it was closed (1000)", ws.send, ws, "x")
            molo.expect("kind", err.kind == "closed" and err.code == 1000)
            molo.expect("nothing more", ws:receive() == nil)
            molo.expect("twice", ws:close() == 1000)
            for _ in ws:messages() do error("a message") end

            local inner
            do
                local other <close> = session:websocket("/ws")
                inner = other
            end
            molo.expect("left", not pcall(inner.send, inner, "x"))
            shared = session:websocket("/ws")
        end)
        """, "-r", "2", "--base-url", t.server.url).finish().expect(0)
    t.lacks(outcome.err, "runtime error:", "Sanitizer")
    t.equal([name for name, row in outcome.result["checks"].items()
             if row["fails"]], [], "failed checks")
    t.equal(stats(t)["websockets"]["opened"], 3, "connections")


def of_another_worker(t):
    outcome = rows.start(t, """
        local open = {}
        molo.scenario("a", function(session)
            open[session.worker_id] = session:websocket("/ws")
            molo.barrier("open"):wait()
            local other = open[1 - session.worker_id]
            local ok, err = pcall(other.send, other, "x")
            molo.log("info", "MARK", err)
            molo.barrier("done"):wait()
        end)
        """, "-r", "1", "-w", "2", "--base-url", t.server.url).finish()
    outcome.expect(0)
    for mark in outcome.marks:
        t.contains(mark, "this WebSocket belongs to worker", ":7:")


def through_a_proxy(t):
    """By a tunnel, whether there is TLS or not."""
    upstream = urllib.parse.urlsplit(t.server.url).port
    with Server(http_proxy("basic", upstream)) as proxy:
        outcome = rows.start(t, """
            molo.scenario("a", function(session)
                local ws = session:websocket("ws://example.invalid/ws",
                    { proxy = "http://%s:%s@127.0.0.1:%d" })
                ws:send("through")
                molo.log("info", "MARK", ws:receive())
                ws:close()
            end)
            """ % (USER, PASSWORD, proxy.port), "-r", "1").finish().expect(0)
    t.equal(outcome.marks, ["through text"], "marks")
    t.equal({request.method for request in proxy.requests}, {"CONNECT"},
            "requests of the proxy")
    t.equal(proxy.requests[-1].path, "example.invalid:80", "tunnel")


def simulated(t):
    outcome = rows.start(t, """
        molo.scenario("a", function(session)
            session:websocket("ws://example.org/")
        end)
        """, "-r", "1", "--sim").finish().expect(1)
    t.contains(outcome.result["errors"][0]["message"],
               "a simulated run has no WebSockets: run it without --sim")


def shown(t):
    """-vv and --http-debug show the handshake, and no credentials."""
    outcome = rows.start(t, """
        molo.scenario("a", function(session)
            local ws = session:websocket("/ws", { bearer = "confidential" })
            ws:close()
        end)
        """, "-r", "1", "--http-debug", "--base-url",
                         t.server.url).finish().expect(0)
    t.contains(outcome.err, "GET /ws HTTP/1.1", "Upgrade: websocket",
               "101 Switching Protocols", "Sec-WebSocket-Accept")
    t.lacks(outcome.err, "confidential")


def thresholds(t):
    outcome = rows.start(t, """
        molo.options{ thresholds = { "ws_msgs_received:count > 1",
                                     "ws_ping:p95 < 10s",
                                     "ws_connecting:max < 30s" } }
        molo.scenario("a", function(session)
            local ws <close> = session:websocket("/ws")
            ws:send("one")
            ws:receive()
            ws:ping()
        end)
        """, "-r", "1", "--base-url", t.server.url).finish().expect(99)
    t.equal([row["ok"] for row in outcome.result["thresholds"]],
            [False, True, True], "thresholds")


if __name__ == "__main__":
    sys.exit(rows.main({
        "a library's server over TCP": over_tcp,
        "a library's server over TLS": over_tls,
        "many echoes": many_echoes,
        "rooms": rooms,
        "a request that is none": not_upgraded,
        "thresholds": thresholds,
        "from Lua": from_lua,
        "of another worker": of_another_worker,
        "through a proxy": through_a_proxy,
        "simulated": simulated,
        "shown": shown,
    }))
