-- Variables as several workers see them.
local molo = require "molo"
local cases = require "cases"

local WORKERS = 5

cases.add("one makes it, all get it", function()
  local value = molo.get_var("token", function()
    molo.sleep(0.05)
    return "token " .. molo.add_var("token made", 1)
  end)
  cases.equal(value, "token 1")
  cases.equal(molo.get_var("token made"), 1)
end)

cases.add("the error of the one is raised in all that wait", function(session)
  molo.add_var("asking", 1)
  local ok, err = pcall(molo.get_var, "unmakable", function()
    -- All but this one wait by then.
    molo.wait_var("asking", WORKERS)
    molo.sleep(0.05)
    error("no such thing")
  end)
  cases.equal(ok, false)
  cases.equal(tostring(err):find("no such thing", 1, true) ~= nil, true)
end)

cases.add("update_var is exactly once each, in turn", function()
  for _ = 1, 100 do
    molo.update_var("counter", function(n)
      return (n or 0) + 1
    end)
  end
  cases.equal(molo.wait_var("counter", WORKERS * 100), WORKERS * 100)
end)

cases.add("update_var may wait for other things than coordination", function()
  for _ = 1, 3 do
    molo.update_var("slow counter", function(n)
      molo.sleep(0.002)
      return (n or 0) + 1
    end)
  end
  cases.equal(molo.wait_var("slow counter", WORKERS * 3), WORKERS * 3)
end)

cases.add("add_var loses nothing", function()
  for _ = 1, 1000 do molo.add_var("sum", 1) end
  cases.equal(molo.wait_var("sum", WORKERS * 1000), WORKERS * 1000)
end)

cases.add("wait_var sees every change of a value it waits for", function(session)
  if session.worker_id == 0 then
    -- Again and again, as nobody can tell from here who waits already.
    repeat
      for i = 1, 10 do molo.set_var("seen", i) end
      molo.sleep(0.001)
    until molo.get_var("caught") == WORKERS - 1
  else
    -- Matched at the change itself, though the value has moved on.
    cases.equal(molo.wait_var("seen", 5), 5)
    molo.add_var("caught", 1)
  end
end)

cases.add("wait_var with a predicate gets the latest", function(session)
  if session.worker_id == 0 then
    for i = 1, 10 do
      molo.set_var("level", i)
      molo.sleep(0.001)
    end
  else
    local value = molo.wait_var("level", function(v) return v and v >= 5 end)
    cases.equal(value >= 5, true)
  end
end)

cases.add("wait_var for anything", function(session)
  if session.worker_id == WORKERS - 1 then
    molo.sleep(0.01)
    molo.set_var("anything", "here")
  end
  cases.equal(molo.wait_var("anything"), "here")
end)

cases.add("worker ids are distinct", function(session)
  molo.update_var("ids", function(ids)
    ids = ids or {}
    ids[#ids + 1] = session.worker_id
    return ids
  end)
  local ids = molo.wait_var("ids", function(v) return v and #v == WORKERS end)
  table.sort(ids)
  cases.equal(ids, { 0, 1, 2, 3, 4 })
end)

cases.add("a notifier brings values and numbers its rounds", function(session)
  local news = molo.notifier("news")
  for round = 1, 3 do
    if session.worker_id == 0 then
      news:written({ round = round, text = "a\0b" })
    else
      local value, n = news:wait_for_writer()
      cases.equal(value, { round = round, text = "a\0b" })
      cases.equal(n, round)
      news:one_read()
      news:one_read()
    end
  end
end)

cases.add("readers that are enough", function(session)
  local news = molo.notifier("quick", { readers = 1 })
  if session.worker_id == 0 then
    news:written("x")
    news:wait_for_readers()
    molo.set_var("enough", true)
  else
    news:wait_for_writer()
    if session.worker_id > 1 then molo.wait_var("enough", true) end
    news:one_read()
  end
end)

cases.add("more readers than there are", function()
  cases.raises("readers", function()
    molo.notifier("d", { readers = 5 }):written()
  end)
end)

cases.add("options that differ are shown", function(session)
  local differ = molo.notifier("differ", { readers = 1 })
  if session.worker_id == 0 then
    differ:written()
  else
    differ:wait_for_writer()
    differ:one_read()
  end
  local err = cases.misuse("differ", function()
    molo.notifier("differ", { readers = 2 }):wait_for_readers()
  end)
  cases.equal(err:find("1", 1, true) ~= nil, true)
  cases.equal(err:find("2", 1, true) ~= nil, true)
end)

cases.add("the next to write hears the one before", function(session)
  -- A relay: worker i writes round i + 1, all others read it.
  local baton = molo.notifier("baton")
  for turn = 0, WORKERS - 1 do
    if session.worker_id == turn then
      baton:written(turn)
    else
      cases.equal(baton:wait_for_writer(), turn)
      baton:one_read()
    end
  end
end)

cases.start{ workers = WORKERS }
