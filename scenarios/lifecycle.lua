-- Every fixture, in the order in which they run: one preparation for the whole
-- test, one for each worker, one for each session, and the way back.
--
--   molo serve
--   molo run scenarios/lifecycle.lua -w 3 -d 2s
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642", delay = "10ms..20ms" }

molo.global_setup(function(run)
  local stats = run:get("/stats"):json()
  return { requests_before = stats.requests, pages = { "a", "b", "c" } }
end)

molo.setup(function(worker)
  worker.state.seen = 0
  return { headers = { ["X-Worker"] = worker.worker_id } }
end)

molo.setup_session(function(session)
  session:put("/pad/w" .. session.worker_id, { body = "hello" })
end)

molo.scenario("browse", { weight = 3 }, function(session)
  local page = session.rng:pick(session.data.pages)
  local answer = session:get("/pad/" .. page, { name = "/pad/{page}" })
  molo.check("page is there", answer.ok)
  session.state.seen = session.state.seen + 1
end)

molo.scenario("write", { weight = 1, delay = 0.05 }, function(session)
  session:put("/pad/w" .. session.worker_id, {
    json = { worker = session.worker_id, step = session.step },
    name = "/pad/{own}",
  })
end)

molo.teardown_session(function(session)
  session:get("/pad/w" .. session.worker_id, { name = "/pad/{own}" })
end)

molo.teardown(function(worker)
  molo.log("debug", "worker", worker.worker_id, "saw", worker.state.seen, "pages")
end)

molo.global_teardown(function(result, run)
  molo.expect("the server is still there", run:get("/").ok)
  molo.expect("runs add up",
    result.runs.started == result.runs.ok + result.runs.failed + result.runs.interrupted)
end)

molo.on("scenario_failure", function(event)
  molo.log("warning", "worker", event.worker_id, "failed:", event.message)
end)
