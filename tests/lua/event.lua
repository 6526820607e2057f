-- The event, between three workers.
local molo = require "molo"
local cases = require "cases"

-- At load time only the handle is made.
local early = molo.event("early")

cases.add("wait returns the value that was set", function(session)
  if session.worker_id == 0 then
    early:set({ at = "start", n = 3 })
  else
    cases.equal(early:wait(), { at = "start", n = 3 })
  end
  cases.equal(early:wait(), { at = "start", n = 3 })
end)

cases.add("without a value", function()
  local event = molo.event("empty")
  event:set()
  cases.equal(event:wait(), nil)
end)

cases.add("is_set, set, clear", function(session)
  local event = molo.event("own" .. session.worker_id)
  cases.equal(event:is_set(), false)
  event:clear()
  cases.equal(event:is_set(), false)
  event:set(1)
  event:set(2)
  cases.equal(event:is_set(), true)
  cases.equal(event:wait(), 2)
  event:clear()
  cases.equal(event:is_set(), false)
  cases.equal(cases.raises("not set", event.wait, event, { timeout = 0 }).kind,
              "timeout")
end)

-- A clear before the woken have run does not put them to sleep again.
cases.add("set and clear release all who wait", function(session)
  local event = molo.event("pulse")
  if session.worker_id == 0 then
    molo.wait_var("waiting", 2)
    molo.sleep(0.01)
    event:set("go")
    event:clear()
  else
    molo.add_var("waiting", 1)
    cases.equal(event:wait(), "go")
  end
end)

cases.add("a timeout says what was not done, where and by whom", function()
  local event = molo.event("never")
  local err = cases.raises("event 'never': not set after event.lua missing:",
                           function() event:wait({ timeout = 0.01 }) end)
  cases.equal(err.kind, "timeout")
  cases.equal(err.name, "never")
  cases.equal(err.waited >= 0.01, true)
end)

cases.add("a wait that is cancelled leaves nothing behind", function(session)
  local event = molo.event("mine" .. session.worker_id)
  local err = cases.raises("over", molo.timeout, 0.01, event.wait, event)
  cases.equal(err.kind, "timeout")
  event:free()
  event:set("later")
  cases.equal(event:wait(), "later")
end)

cases.add("free is refused while somebody waits", function(session)
  local event = molo.event("used" .. session.worker_id)
  local task = molo.spawn(event.wait, event)
  molo.sleep(0)
  cases.misuse("cannot be freed: a worker waits on it", event.free, event)
  event:set(5)
  cases.equal(task:join(), 5)
  event:free()
  cases.equal(event:is_set(), false)
end)

cases.add("misuse", function()
  local event = molo.event("misused")
  cases.misuse("handle colon", event.set)
  cases.misuse("'x'", molo.event, "misused", { x = 1 })
  cases.misuse("time", event.wait, event, { timeout = -1 })
  cases.misuse("time", event.wait, event, { timeout = 0 / 0 })
  cases.misuse("time", event.wait, event, { timeout = "soon" })
  cases.misuse("'timout' 'timeout'", event.wait, event, { timout = 1 })
  cases.misuse("function", event.set, event, print)
  cases.misuse("an event already", function()
    molo.event("misused"):set()
    molo.queue("misused"):put(1)
  end)
end)

cases.start{ workers = 3 }
