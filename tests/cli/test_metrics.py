#!/usr/bin/env python3
"""Tags, metrics of scripts, transactions, response times: what the result and
thresholds say of them."""

import sys

import harness

TAGGED = """
    molo.options{ tag = {env = "ci", team = "run"},
                  session = {tags = {client = "web"}} }
    molo.setup_session(function(session) session:get("/pad/x") end)
    molo.scenario("shop", {tags = {team = "shop"}}, function(session)
        session:get("/pad/x", {tags = {page = "home", client = "app"}})
        session:get("/pad/x")
        session:get("/status/503", {tags = {page = "sick"}})
        molo.check("quick", session.step > 1, {page = "home"})
    end)
    """


def values(outcome):
    return {row["expression"].split(" ")[0]: row["value"]
            for row in outcome.result["thresholds"]}


def judge(t, text, expected, *options, code=0):
    """Asks for figures through thresholds that hold whatever they are."""
    t.check(t.server, "server")
    words = []
    for expression in expected:
        words += ["--threshold", expression + " >= 0"]
    outcome = t.run(text, *options, *words).expect(code)
    t.equal(values(outcome), expected, "figures")
    return outcome


def test_tags_of_requests(t):
    outcome = judge(t, TAGGED, {
        "http_reqs:count": 6,
        "http_reqs{phase=setup}:count": 1,
        "http_reqs{page=home}:count": 2,
        "http_reqs{client=app}:count": 2,
        "http_reqs{client=web}:count": 4,
        "http_reqs{team=shop,env=ci}:count": 6,
        "http_reqs{team=run,phase=setup}:count": 1,
        "http_reqs{scenario=shop,workload=default}:count": 6,
        "http_reqs{page=sick,status=503}:count": 2,
        "http_reqs{failed=true}:count": 2,
        "http_req_duration{failed=true}:count": 2,
        "http_req_duration{failed=false,page=home}:count": 2,
        "checks{page=home}:rate": 0.5,
        "runs{team=shop}:count": 2,
    }, "-r", "2")
    # Counts have what fixtures did, metrics have what runs did.
    t.equal(outcome.result["requests"]["total"], 7, "requests.total")
    t.equal(outcome.result["metrics"]["http_reqs"]["count"], 6, "http_reqs")
    by = outcome.result["metrics"]["http_req_duration"]["by"]
    t.equal({value: part["count"] for value, part in by["failed"].items()},
            {"false": 4, "true": 2}, "by failed")
    t.equal({value: part["count"] for value, part in by["page"].items()},
            {"home": 2, "sick": 2}, "by page")
    t.equal({value: part["count"] for value, part in by["env"].items()}, {"ci": 6},
            "a tag that all of them have is found at the same place")


def test_session_tags_are_replaced(t):
    judge(t, """
        molo.scenario("a", function(session)
            session:configure{tags = {page = "p" .. session.step, other_one = "x"}}
            session:get("/pad/x")
        end)
        """, {"http_reqs{page=p1}:count": 1, "http_reqs{page=p3}:count": 1,
              "http_reqs{other_one=x}:count": 3}, "-r", "3")


METRICS = """
    local carts = molo.counter("carts")
    local seen = molo.counter("seen", {unit = "bytes"})
    local depth = molo.gauge("depth")
    local hits = molo.rate("hits")
    local took = molo.trend("took", {unit = "s"})
    local score = molo.trend("score")
    molo.gauge("never")
    molo.scenario("a", function(session)
        carts:add(0.5, {page = "cart"})
        seen:add(1000)
        depth:add(10 - session.step)
        hits:add(session.step > 1)
        took:add(session.step / 4)
        score:add(session.step / 8)
        if session.step == 4 then molo.counter("late"):add(7) end
    end)
    """


def test_metrics_of_the_script(t):
    outcome = judge(t, METRICS, {
        "carts:count": 2, "carts{page=cart}:count": 2, "seen:count": 4000,
        "depth:last": 6, "depth:min": 6, "depth:max": 9, "hits:rate": 0.75,
        "hits:count": 3, "took:max": 1, "took:min": 0.25, "score:min": 0.125,
        "score:count": 4,
    }, "-r", "4", code=0)
    metrics = outcome.result["metrics"]
    t.equal({key: metrics["carts"][key] for key in ("type", "unit", "count")},
            {"type": "counter", "unit": None, "count": 2}, "carts")
    t.equal({key: metrics["depth"][key] for key in ("type", "last", "min", "max")},
            {"type": "gauge", "last": 6, "min": 6, "max": 9}, "depth")
    t.equal({key: metrics["hits"][key] for key in ("type", "passes", "fails")},
            {"type": "rate", "passes": 3, "fails": 1}, "hits")
    t.equal({key: metrics["took"][key] for key in ("unit", "count", "p50", "max")},
            {"unit": "s", "count": 4, "p50": metrics["took"]["p50"], "max": 1}, "took")
    t.check(abs(metrics["score"]["p50"] - 0.25) <= 0.00025, metrics["score"]["p50"])
    t.equal(metrics["never"]["count"], 0, "one that nothing was added to")
    t.equal(metrics["late"]["count"], 7, "one that was made in a run")


def test_unknown_metrics_at_load(t):
    expect = {
        "cart:count > 1": "unknown metric 'cart': did you mean 'carts'?",
        "late:count > 1": "unknown metric 'late' (define it at the top of the file; there are: ",
        "depth:p95 > 1": "depth has no 'p95' (it has: last, min, max, count)",
        "took:p95 < 3": "a time needs a unit: 3ms or 3s?",
        "carts{scenaro=a}:count > 1":
            "carts cannot be filtered by 'scenaro': did you mean 'scenario'?",
    }
    for expression, message in expect.items():
        outcome = t.run(METRICS, "--threshold", expression).expect(2)
        t.contains(outcome.err, "'%s': %s" % (expression, message))
    # In the file the definition may come after molo.options, and the message
    # says where the mistake is.
    outcome = t.run("molo.options{thresholds = {'carts:count > 1'}}\n" + METRICS,
                    "-r", "4", "--sim").expect(0)
    t.equal(outcome.result["thresholds"][0]["value"], 2, "value")
    outcome = t.run("\nmolo.options{thresholds = {'cart:count > 1'}}\n"
                    "molo.counter('carts')\nmolo.scenario('a', function() end)\n").expect(2)
    t.matches(outcome.err, r"\.lua:2: molo\.options: thresholds: 'cart:count > 1': unknown "
                           r"metric 'cart': did you mean 'carts'\?$")


def test_a_tag_that_looks_mistyped_and_is_not(t):
    """`rule` is one letter from `role`: known if something sets it."""
    scenario = "molo.scenario('a', {tags = {%s = 'x'}}, function() end)\n"
    words = ["-r", "1", "--threshold", "runs{rule=x}:count == 1"]
    t.run(scenario % "rule", *words).expect(0)
    outcome = t.run(scenario % "page", *words).expect(2)
    t.contains(outcome.err, "runs cannot be filtered by 'rule': did you mean 'role'?")


def test_a_tag_that_nothing_has(t):
    outcome = t.run(TAGGED, "--sim", "--base-url", "http://sim.test",
                    "--threshold", "http_req_duration{pgae=home}:p95 < 1s",
                    "-r", "1").expect(99)
    t.matches(outcome.out, r"FAILED +no data: nothing has the tag 'pgae'$")


def test_transactions(t):
    outcome = judge(t, """
        molo.options{graceful_stop = "100ms"}
        molo.scenario("a", function(session)
            molo.transaction("outer", function()
                molo.sleep(0.02)
                molo.transaction("inner", function() molo.sleep(0.03) end,
                                 {tags = {page = "cart"}})
            end)
            pcall(molo.transaction, "fails", function() error("no") end)
            if session.step == 2 then
                molo.transaction("cut", function()
                    molo.stop()
                    molo.sleep(60)
                end)
            end
        end)
        """, {
            "transactions:count": 6,
            "transactions{name=inner,page=cart}:count": 2,
            "transactions{name=fails,status=failed}:count": 2,
            "transactions{name=cut,status=interrupted}:count": 1,
            "transaction_duration{name=outer}:count": 2,
            "transaction_duration{name=cut}:count": 0,
        }, "-r", "2", "--sim")
    rows = outcome.result["transactions"]
    t.equal({name: [row["ok"], row["failed"], row["interrupted"]]
             for name, row in rows.items()},
            {"outer": [2, 0, 0], "inner": [2, 0, 0], "fails": [0, 2, 0],
             "cut": [0, 0, 1]}, "transactions")
    # On the clock of a simulated run, times are exact.
    t.equal(rows["inner"]["duration"]["max"], 0.03, "inner")
    t.equal(rows["outer"]["duration"]["max"], 0.05, "outer")


def test_too_many_series(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("/pad/x", {tags = {user = session.step}})
        end)
        """, "-r", "1200", "--sim", "--base-url", "http://sim.test",
        "--threshold", "http_reqs:count == 1200",
        "--threshold", "http_reqs{name=other}:count == 200").expect(0)
    t.equal(outcome.err.count("more than 1000 series"), 1, "warnings")
    t.contains(outcome.err, "more than 1000 series of requests: the tag 'user' has 1000 "
               "different values. Further ones are counted as name \"other\"; use a tag "
               "for what has few values")
    t.equal([(row["name"], row["count"]) for row in outcome.result["endpoints"]],
            [("/pad/x", 1200)], "the endpoint keeps its name")


def test_each_metric_tells_of_too_many_series(t):
    outcome = t.run("""
        local a, b = molo.trend("a"), molo.trend("b")
        molo.scenario("a", function(session)
            a:add(1, {order = session.step})
            b:add(1, {item = session.step})
        end)
        """, "-r", "1100", "--sim").expect(0)
    for metric, tag in ("a", "order"), ("b", "item"):
        t.contains(outcome.err, "more than 1000 series of %s: the tag '%s' has 1000 "
                   "different values" % (metric, tag))


def test_too_many_combinations_of_tags(t):
    """What has few series itself is told apart by its own limit, not by a wrong one."""
    outcome = t.run("""
        local a = molo.trend("a")
        molo.scenario("a", function(session)
            if session.step < 5000 then
                a:add(1, {order = session.step})
            else
                molo.check("late", true, {page = "last"})
            end
        end)
        """, "-r", "5000", "--sim").expect(0)
    t.contains(outcome.err, "more than 4000 different combinations of tags were given: "
               "checks under further ones are counted as name \"other\"")


def test_tags_of_workloads_are_checked(t):
    text = """
        molo.options{ workloads = { w = { executor = "runs_per_worker", runs = 1,
                                          tags = {%s} } } }
        molo.scenario("a", function(session) molo.log("info", "MARK ran") end)
        """
    for tags, message in (
            ("['a-b'] = 'x'", "'a-b' is no name for a tag: use letters, digits and _"),
            ("status = 'x'", "the tag 'status' is set by molo itself"),
            ("page = ''", "the tag 'page' has an empty value")):
        path = t.scenario(text % tags)
        outcome = t.molo("run", path).expect(2)
        t.contains(outcome.err, ":2: workload 'w': tags: " + message)
        t.equal(outcome.marks, [], "has run")


def test_websockets_by_tag(t):
    outcome = judge(t, """
        molo.scenario("chat", function(session)
            local ws <close> = session:websocket("/ws", {tags = {page = "lobby"}})
            for i = 1, session.step do
                ws:send("hello")
                ws:receive()
            end
            ws:ping()
            ws:close()
        end)
        """, {
        "ws_msgs_sent{page=lobby}:count": 3,
        "ws_msgs_received{name=/ws,scenario=chat}:count": 3,
        "ws_connecting{page=lobby}:count": 2,
        "ws_session_duration{name=/ws}:count": 2,
        "ws_ping{page=lobby}:count": 2,
        "ws_msgs_sent{page=hall}:count": 0,
    }, "-r", "2")
    by = outcome.result["metrics"]["ws_ping"]["by"]
    t.equal(by["name"]["/ws"]["count"], 2, "by name")


def test_response_time_counts_from_when_the_run_was_due(t):
    """One worker, runs due every 100 ms, each taking 250 ms: the server is as
    quick as ever, and every visitor waits longer than the one before."""
    outcome = t.run("""
        molo.options{ workloads = { visits = {
            executor = "constant_rate", rate = "10/s", duration = "1s",
            max_workers = 1, pre_allocated = 1, max_lag = "10s" } } }
        molo.scenario("a", function(session)
            session:get("/pad/x")
            session:get("/pad/x")
        end)
        """, "--sim", "--sim-latency", "125ms", "--base-url", "http://sim.test").expect(0)
    service = outcome.result["metrics"]["http_req_duration"]
    response = outcome.result["metrics"]["http_req_response"]
    runs = outcome.result["runs"]["ok"]
    t.equal([service["count"], response["count"]], [2 * runs, 2 * runs], "counts")
    t.check(abs(service["max"] - 0.125) < 0.001, "service time %s" % service["max"])
    # Run k is due at k * 0.1 s and begins at k * 0.25 s.
    due = (runs - 1) * 0.15 + 0.125
    t.check(abs(response["max"] - due) < 0.01, "response time %s, not %s"
            % (response["max"], due))
    t.check(abs(response["min"] - 0.125) < 0.01, "response time %s" % response["min"])
    visits = outcome.result["workloads"]["visits"]
    t.equal([visits["started"], visits["ok"]], [runs, runs], "workload")
    t.equal(visits["start_lag"]["count"], runs, "start lags")


def test_no_response_time_without_schedule(t):
    outcome = t.run(TAGGED, "--sim", "--base-url", "http://sim.test",
                    "-r", "1").expect(0)
    t.equal(outcome.result["metrics"]["http_req_response"]["count"], 0, "count")
    t.equal(outcome.result["metrics"]["http_req_response"]["p95"], None, "p95")
    t.lacks(outcome.out, "http_req_response")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))
