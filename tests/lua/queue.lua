-- The queue, between three workers.
local molo = require "molo"
local cases = require "cases"

-- Options are known from the top of the file on.
local bounded = molo.queue("bounded", { capacity = 2 })

local function own(session, name, options)
  return molo.queue(name .. session.worker_id, options)
end

cases.add("first in, first out", function(session)
  local queue = own(session, "fifo")
  for i = 1, 5 do queue:put(i) end
  cases.equal(queue:size(), 5)
  for i = 1, 5 do cases.equal(queue:get(), i) end
  cases.equal(queue:size(), 0)
end)

cases.add("any value but nil", function(session)
  local queue = own(session, "values")
  for _, value in ipairs{ false, 0, "", {}, { a = { 1.5 } }, queue } do
    queue:put(value)
    local got = queue:get()
    cases.equal(type(got) == "userdata" and tostring(got) or got,
                type(value) == "userdata" and tostring(value) or value)
  end
  cases.misuse("put nil returns closed false", queue.put, queue, nil)
  cases.misuse("put nil", queue.try_put, queue)
  cases.misuse("function", queue.put, queue, print)
end)

cases.add("every item goes to one getter", function(session)
  local queue = molo.queue("shared")
  if session.worker_id == 0 then
    for i = 1, 200 do queue:put(i) end
    queue:join()
    queue:close()
    cases.equal(molo.get_var("sum"), 200 * 201 // 2)
    cases.equal(molo.get_var("items"), 200)
  else
    for item in function() return queue:get() end do
      molo.add_var("sum", item)
      molo.add_var("items", 1)
      queue:done()
    end
    cases.equal(queue:get(), nil)
  end
end)

cases.add("a bounded queue holds putters back", function(session)
  if session.worker_id == 0 then
    for i = 1, 10 do bounded:put(i) end
    bounded:close()
  elseif session.worker_id == 1 then
    for i = 1, 10 do
      cases.equal(bounded:size() <= 2, true)
      cases.equal(bounded:get(), i)
    end
    cases.equal(bounded:get(), nil)
  end
end)

cases.add("a rendezvous", function(session)
  local queue = molo.queue("meet", { capacity = 0 })
  if session.worker_id == 0 then
    queue:put("hello")
    molo.set_var("met", true)
  elseif session.worker_id == 1 then
    molo.sleep(0.01)
    cases.equal(molo.get_var("met"), nil)
    cases.equal(queue:get(), "hello")
  end
  molo.wait_var("met")
end)

cases.add("trying", function(session)
  local queue = own(session, "try", { capacity = 1 })
  cases.equal({ queue:try_get() }, { false })
  cases.equal(queue:try_put("a"), true)
  cases.equal(queue:try_put("b"), false)
  cases.equal({ queue:try_get() }, { true, "a" })
  queue:put("c")
  queue:close()
  cases.equal(cases.raises("closed", queue.try_put, queue, "d").kind, "closed")
  cases.equal({ queue:try_get() }, { true, "c" })
  cases.equal(select("#", queue:try_get()), 2)
  cases.equal({ queue:try_get() }, { true, nil })
end)

cases.add("trying a rendezvous needs somebody there", function(session)
  local queue = own(session, "try_meet", { capacity = 0 })
  cases.equal(queue:try_put("a"), false)
  local getter = molo.spawn(queue.get, queue)
  molo.sleep(0)
  cases.equal(queue:try_put("b"), true)
  cases.equal(getter:join(), "b")
end)

cases.add("closing", function(session)
  local queue = own(session, "close", { capacity = 1 })
  queue:put("a")
  local putter = molo.spawn(function()
    local ok, err = pcall(queue.put, queue, "b")
    return ok, err.kind, err.name, tostring(err)
  end)
  molo.sleep(0)
  queue:close()
  local ok, kind, name, text = putter:join()
  cases.equal({ ok, kind, name }, { false, "closed", "close" .. session.worker_id })
  cases.equal(text:find("was closed before the item was put", 1, true) ~= nil,
              true)
  local err = cases.raises("queue is closed: nothing can be put into it",
                           queue.put, queue, "c")
  cases.equal(err.kind, "closed")
  cases.equal(queue:get(), "a")
  cases.equal(queue:get(), nil)
  cases.equal(queue:get({ timeout = 0 }), nil)
  queue:close()
end)

cases.add("closing ends a waiting get with nil", function(session)
  local queue = own(session, "close_get")
  local getter = molo.spawn(function()
    return select("#", queue:get())
  end)
  molo.sleep(0)
  queue:close()
  cases.equal(getter:join(), 1)
end)

cases.add("done and join", function(session)
  local queue = own(session, "join")
  queue:join()
  cases.misuse("done: all items are done already", queue.done, queue)
  queue:put(1)
  queue:put(2)
  local err = cases.raises("2 items not done not even taken missing: "
                           .. "a worker that gets", queue.join, queue,
                           { timeout = 0 })
  cases.equal(err.kind, "timeout")
  queue:get()
  queue:done()
  queue:close() -- changes nothing about it
  queue:get()
  cases.raises("1 item not done missing: a worker that calls done()",
               queue.join, queue, { timeout = 0.01 })
  queue:done()
  queue:join()
end)

cases.add("timeouts", function(session)
  local queue = own(session, "late", { capacity = 1 })
  local err = cases.raises("empty after queue.lua missing: a worker that puts",
                           function() queue:get({ timeout = 0.01 }) end)
  cases.equal(err.kind, "timeout")
  cases.equal(err.name, "late" .. session.worker_id)
  queue:put("a", { timeout = 0 })
  cases.raises("full (capacity = 1) missing: a worker that gets", queue.put,
               queue, "b", { timeout = 0.01 })
  cases.equal(queue:get(), "a")
  cases.equal(queue:size(), 0)
end)

-- Tasks that wait, some of which are cancelled: what was put is got once.
cases.add("cancelled getters and putters lose nothing", function(session)
  for capacity = 0, 2 do
    local queue = own(session, "cancel" .. capacity, { capacity = capacity })
    local got, put = {}, {}
    local tasks = {}
    for i = 1, 20 do
      tasks[#tasks + 1] = molo.spawn(function()
        queue:put(i)
        put[i] = true
      end)
      tasks[#tasks + 1] = molo.spawn(function()
        local item = queue:get()
        got[item] = (got[item] or 0) + 1
      end)
      if session.rng:int(1, 2) == 1 then molo.sleep(0) end
      for _ = 1, 2 do session.rng:pick(tasks):cancel() end
    end
    molo.sleep(0.01)
    for _, task in ipairs(tasks) do task:cancel() end
    for _, task in ipairs(tasks) do pcall(task.join, task) end
    queue:close()
    for item in function() return queue:get() end do
      got[item] = (got[item] or 0) + 1
    end
    for i = 1, 20 do
      cases.equal({ i, got[i] }, { i, put[i] and 1 or nil })
    end
  end
end)

cases.add("freeing", function(session)
  local queue = own(session, "free", { capacity = 3 })
  queue:put(1)
  queue:free()
  cases.equal(queue:size(), 0)
  local getter = molo.spawn(queue.get, queue)
  molo.sleep(0)
  cases.misuse("cannot be freed: a worker waits on it", queue.free, queue)
  queue:put(2)
  cases.equal(getter:join(), 2)
end)

cases.add("misuse", function()
  for _, capacity in ipairs{ -1, 1.5, "many", 1 / 0, {} } do
    cases.misuse("capacity: expected a whole number", molo.queue, "m",
                 { capacity = capacity })
  end
  cases.misuse("'capacty' 'capacity'", molo.queue, "m", { capacty = 1 })
  cases.misuse("bounded {capacity = 2} {capacity = 3}", molo.queue, "bounded",
               { capacity = 3 })
  cases.misuse("options are a table", bounded.put, bounded, 1, 2)
  cases.misuse("handle", bounded.get)
end)

cases.start{ workers = 4 }
