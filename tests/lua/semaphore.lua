-- A semaphore among three workers, and alone.
local molo = require "molo"
local cases = require "cases"

local WORKERS = 4

local function meet(name)
  molo.barrier("meet " .. name):wait()
end

cases.add("two at a time", function()
  local door = molo.semaphore("door", { permits = 2 })
  for _ = 1, 4 do
    door:acquire()
    local inside = molo.add_var("inside", 1)
    molo.sleep(0.001)
    molo.add_var("inside", -1)
    door:release()
    if inside > 2 then
      error("too many inside: " .. inside)
    end
  end
  meet("all have left")
  cases.equal(door:available(), 2)
end)

cases.add("several permits", function(session)
  local door = molo.semaphore("several " .. session.worker_id, { permits = 3 })
  door:acquire(2)
  cases.equal(door:available(), 1)
  cases.equal(door:try_acquire(2), false)
  cases.equal(door:try_acquire(), true)
  door:release(3)
  cases.equal(door:available(), 3)
end)

cases.add("hold", function(session)
  local door = molo.semaphore("held " .. session.worker_id, { permits = 3 })
  do
    local _two <close> = door:hold(2)
    cases.equal(door:available(), 1)
    do
      local one <close> = door:hold { timeout = 1 }
      cases.equal(door:available(), 0)
      one:release()
      cases.equal(door:available(), 1)
    end
    cases.equal(door:available(), 1)
  end
  cases.equal(door:available(), 3)
end)

cases.add("without owners", function(session)
  local ready = molo.semaphore("ready", { permits = 0, owned = false })
  if session.worker_id == 0 then
    ready:release(WORKERS - 1)
  else
    ready:acquire()
  end
  meet("all are ready")
  cases.equal(ready:available(), 0)
end)

cases.add("misuse", function(session)
  local name = "misused " .. session.worker_id
  local door = molo.semaphore(name, { permits = 3 })
  cases.misuse("release: this task holds 0 permits of semaphore '" .. name
    .. "', not 1", door.release, door)
  cases.misuse("has 3 permits in all: 4 are never free at once", door.acquire,
    door, 4)
  door:acquire(2)
  cases.misuse("this task holds 2 of its 3 permits and waits for 2 more",
    door.acquire, door, 2)
  door:release(2)
  cases.misuse("was made with {permits = 3} and is now asked for with "
    .. "{permits = 4, owned = false}", molo.semaphore, name,
    { permits = 4, owned = false })
end)

cases.add("arguments", function()
  local door = molo.semaphore("arguments")
  for _, count in ipairs { 0, -1, 1.5, "many", false } do
    cases.misuse("acquire: expected a whole number from 1 on, got "
      .. tostring(count), door.acquire, door, count)
    cases.misuse("release: expected", door.release, door, count)
  end
  cases.misuse("permits: expected a whole number from 1 on, got 0",
    molo.semaphore, "x", { permits = 0 })
  cases.misuse("permits: expected a whole number from 0 on, got -1",
    molo.semaphore, "x", { permits = -1, owned = false })
  cases.misuse("owned: expected true or false", molo.semaphore, "x",
    { owned = 1 })
  cases.misuse("unknown option 'permit': did you mean 'permits'?",
    molo.semaphore, "x", { permit = 1 })
end)

cases.add("timeouts", function(session)
  local door = molo.semaphore("timeouts")
  if session.worker_id == 0 then
    door:acquire()
  end
  meet("the door is shut")
  if session.worker_id > 0 then
    local err = cases.raises("semaphore 'timeouts': 1 permit not free "
      .. "(0 of 1 are) after held by worker 0", door.acquire, door,
      { timeout = 0.01 })
    cases.equal(err.kind, "timeout")
    cases.equal(cases.raises("held by", door.acquire, door, 1,
      { timeout = 0 }).kind, "timeout")
  end
  meet("the door may open")
  if session.worker_id == 0 then
    door:release()
  end
end)

cases.start { workers = WORKERS }
