-- A condition among three workers, and alone.
local molo = require "molo"
local cases = require "cases"

local WORKERS = 3
-- Made at load time, told to the hub when the test begins.
local declared = molo.condition("declared", { lock = molo.lock("its lock") })

local function meet(name)
  molo.barrier("meet " .. name):wait()
end

-- Worker 0 tells the others once they all wait.
local function wait_until_waiting(name, count)
  molo.wait_var(name, count)
  molo.condition(name):acquire()
end

cases.add("notify_all", function(session)
  local full = molo.condition("all")
  if session.worker_id > 0 then
    full:acquire()
    molo.add_var("all", 1)
    full:wait()
    cases.equal(full:locked(), true)
    full:release()
  else
    wait_until_waiting("all", WORKERS - 1)
    full:notify_all()
    full:release()
  end
end)

cases.add("notify", function(session)
  local full = molo.condition("some")
  if session.worker_id > 0 then
    full:acquire()
    molo.add_var("some", 1)
    full:wait()
    molo.add_var("woken", 1)
    full:release()
  else
    wait_until_waiting("some", WORKERS - 1)
    full:notify()
    full:release()
    molo.wait_var("woken", 1)
    full:with(function() full:notify(5) end)
  end
  meet("both were notified")
  cases.equal(molo.get_var("woken"), WORKERS - 1)
end)

cases.add("a queue of one's own", function(session)
  local changed = molo.condition("stock")
  if session.worker_id == 0 then
    for _ = 1, 10 do
      local _held <close> = changed:hold()
      molo.add_var("stock", 1)
      changed:notify()
    end
  else
    for _ = 1, 5 do
      local _held <close> = changed:hold()
      local found = changed:wait_for(function()
        local stock = molo.get_var("stock") or 0
        return stock > 0 and stock
      end)
      cases.equal(found > 0, true)
      molo.add_var("stock", -1)
    end
  end
  meet("sold out")
  cases.equal(molo.get_var("stock"), 0)
end)

cases.add("a timeout comes back with the lock", function(session)
  local never = molo.condition("never " .. session.worker_id)
  never:acquire()
  local err = cases.raises("not notified after missing: a notify", never.wait,
    never, { timeout = 0.01 })
  cases.equal({ err.kind, err.name }, { "timeout",
    "never " .. session.worker_id })
  cases.equal(cases.raises("notified", never.wait, never,
    { timeout = 0 }).kind, "timeout")
  never:release() -- would be misuse without it
end)

cases.add("wait_for", function(session)
  local name = "judged " .. session.worker_id
  local judged = molo.condition(name)
  judged:acquire()
  cases.equal(judged:wait_for(function() return "at once" end), "at once")
  local asked = 0
  cases.equal(cases.raises("notified", judged.wait_for, judged, function()
    asked = asked + 1
  end, { timeout = 0.01 }).kind, "timeout")
  cases.equal(asked, 1)
  cases.raises("oops", judged.wait_for, judged, function() error("oops") end)
  judged:release()
  cases.misuse("wait: condition '" .. name .. "' is not held by this task: "
    .. "nobody holds it", judged.wait_for, judged, function() end)
  cases.misuse("wait_for: expected a function, got", judged.wait_for,
    judged)
end)

-- Woken again and again for nothing, the time is over all the same.
cases.add("the timeout of wait_for is for all of it", function(session)
  local vain = molo.condition("vain")
  if session.worker_id == 0 then
    local _held <close> = vain:hold()
    local err = cases.raises("not notified", vain.wait_for, vain,
      function() return false end, { timeout = 0.05 })
    cases.equal(err.kind, "timeout")
    molo.set_var("vain is over", true)
  elseif session.worker_id == 1 then
    while not molo.get_var("vain is over") do
      vain:with(function() vain:notify_all() end)
      molo.sleep(0.01)
    end
  end
end)

cases.add("the lock of another object", function(session)
  local seat = molo.lock("seat " .. session.worker_id)
  local named = molo.condition("named " .. session.worker_id,
    { lock = "seat " .. session.worker_id })
  local given = molo.condition("given " .. session.worker_id, { lock = seat })
  seat:acquire()
  named:notify()
  given:notify_all()
  cases.equal(named:locked(), true)
  cases.misuse("is held by this task already", given.try_acquire, given)
  given:release()
  cases.equal({ seat:locked(), named:locked() }, { false, false })
end)

cases.add("declared at load time", function()
  declared:with(function()
    cases.equal(molo.lock("its lock"):locked(), true)
    molo.condition("declared"):notify()
  end)
  cases.misuse("condition 'declared' was made with {lock = 'its lock'} and is "
    .. "now asked for with {lock = 'another'}", molo.condition, "declared",
    { lock = "another" })
end)

cases.add("misuse", function(session)
  local name = "misused " .. session.worker_id
  local condition = molo.condition(name)
  cases.misuse("wait: condition '" .. name .. "' is not held by this task: "
    .. "nobody holds it", condition.wait, condition)
  cases.misuse("notify: condition", condition.notify, condition)
  cases.misuse("notify_all: condition", condition.notify_all, condition)
  for _, count in ipairs { 0, -1, 1.5, "many" } do
    cases.misuse("notify: expected a whole number from 1 on, got",
      condition.notify, condition, count)
  end
  cases.misuse("lock: expected a lock or the name of one, got", molo.condition,
    "x", { lock = condition })
  cases.misuse("'" .. name .. "' is a condition already, not a lock",
    molo.condition, "y", { lock = name })
end)

cases.start { workers = WORKERS }
