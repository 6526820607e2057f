-- Queues when getters and putters are cancelled, time out or find them closed,
-- and the order in which the others are served then.
local molo = require "molo"
local cases = require "cases"

local kind_of = cases.kind_of

local function let_begin()
  molo.sleep(0.002)
end

local function getters(queue, count, got)
  local tasks = {}
  for i = 1, count do
    tasks[i] = molo.spawn(function()
      local item = queue:get()
      got[#got + 1] = i .. tostring(item)
      molo.sleep(0)
    end)
  end
  let_begin()
  return tasks
end

local function putters(queue, count, put)
  local tasks = {}
  for i = 1, count do
    tasks[i] = molo.spawn(function()
      queue:put(i)
      put[#put + 1] = i
    end)
  end
  let_begin()
  return tasks
end

local function end_all(tasks)
  for _, task in ipairs(tasks) do
    pcall(task.join, task)
  end
end

cases.add("a getter cancelled before, with and after the put", function()
  local queue, got = molo.queue("getters"), {}
  local tasks = getters(queue, 4, got)
  tasks[1]:cancel()
  queue:put("a")
  tasks[2]:cancel() -- has it
  queue:put("b")
  queue:put("c")
  end_all(tasks)
  cases.equal(got, { "2a", "3b", "4c" })
  cases.equal(queue:size(), 0)
end)

cases.add("a putter cancelled before, with and after the get", function()
  local queue, put = molo.queue("putters", { capacity = 1 }), {}
  queue:put(0)
  local tasks = putters(queue, 4, put)
  tasks[1]:cancel()
  local first = queue:get()
  tasks[2]:cancel() -- its item is in
  cases.equal({ first, queue:get(), queue:get(), queue:get() }, { 0, 2, 3, 4 })
  end_all(tasks)
  cases.equal(put, { 2, 3, 4 })
  cases.equal(queue:size(), 0)
end)

cases.add("all getters cancelled, then an item", function()
  local queue, got = molo.queue("no getter"), {}
  local tasks = getters(queue, 3, got)
  for _, task in ipairs(tasks) do task:cancel() end
  queue:put("kept")
  end_all(tasks)
  cases.equal({ got, queue:get() }, { {}, "kept" })
end)

cases.add("a putter that times out has put nothing", function()
  for capacity = 0, 1 do
    local queue = molo.queue("late " .. capacity, { capacity = capacity })
    if capacity == 1 then queue:put("first") end
    local late = molo.spawn(queue.put, queue, "late", { timeout = 0.003 })
    local patient = molo.spawn(queue.put, queue, "patient")
    molo.sleep(0.01)
    cases.equal(kind_of(late.join, late), "timeout")
    if capacity == 1 then cases.equal(queue:get(), "first") end
    cases.equal(queue:get(), "patient")
    patient:join()
    cases.equal({ queue:try_get() }, { false })
  end
end)

cases.add("attempts do not overtake", function()
  local queue, put = molo.queue("attempt", { capacity = 1 }), {}
  queue:put(0)
  local tasks = putters(queue, 2, put)
  cases.equal(queue:get(), 0)
  cases.equal(queue:try_put("sneaked in"), false)
  cases.equal({ queue:get(), queue:get() }, { 1, 2 })
  end_all(tasks)
  cases.equal(queue:try_put("now"), true)
end)

cases.add("closing with several who put", function()
  local queue, put = molo.queue("shut putters", { capacity = 1 }), {}
  queue:put("in")
  local tasks = putters(queue, 3, put)
  tasks[2]:cancel()
  queue:close()
  cases.equal(kind_of(tasks[1].join, tasks[1]), "closed")
  cases.equal(kind_of(tasks[2].join, tasks[2]), "cancelled")
  cases.equal(kind_of(tasks[3].join, tasks[3]), "closed")
  cases.equal({ queue:get(), put }, { "in", {} })
  cases.equal(table.pack(queue:get()), { nil, n = 1 })
end)

cases.add("closing with several who get", function()
  local queue, got = molo.queue("shut getters"), {}
  local tasks = getters(queue, 3, got)
  queue:put("last")
  queue:close()
  tasks[3]:cancel() -- was told before
  end_all(tasks)
  cases.equal(got, { "1last", "2nil", "3nil" })
end)

cases.add("closing a rendezvous", function()
  local queue = molo.queue("shut meeting", { capacity = 0 })
  local putter = molo.spawn(queue.put, queue, "never")
  let_begin()
  queue:close()
  cases.equal(kind_of(putter.join, putter), "closed")
  cases.equal(queue:get(), nil)
end)

cases.add("a rendezvous ends for both, or for none", function()
  local queue, put = molo.queue("both", { capacity = 0 }), {}
  local tasks = putters(queue, 2, put)
  tasks[1]:cancel()
  cases.equal(queue:get(), 2)
  tasks[2]:cancel() -- too late
  end_all(tasks)
  cases.equal(put, { 2 })
  local got = {}
  tasks = getters(queue, 2, got)
  tasks[1]:cancel()
  queue:put("met")
  end_all(tasks)
  cases.equal(got, { "2met" })
end)

cases.add("join with puts that still wait", function()
  local queue, put = molo.queue("unfinished", { capacity = 1 }), {}
  queue:put("a")
  local tasks = putters(queue, 2, put)
  local joined
  local joiner = molo.spawn(function()
    queue:join()
    joined = true
  end)
  for _ = 1, 3 do
    let_begin()
    cases.equal(joined, nil)
    queue:get()
    queue:done()
  end
  joiner:join({ timeout = 5 })
  end_all(tasks)
  cases.equal(joined, true)
end)

cases.add("several join, one is cancelled, and it begins anew", function()
  local queue = molo.queue("joined")
  for _ = 1, 2 do
    queue:put("item")
    local joiners = {}
    for i = 1, 3 do joiners[i] = molo.spawn(queue.join, queue) end
    let_begin()
    joiners[1]:cancel()
    queue:get()
    queue:done()
    cases.equal(kind_of(joiners[1].join, joiners[1]), "cancelled")
    joiners[2]:join()
    joiners[3]:join()
  end
end)

cases.add("done by a task that was cancelled", function()
  local queue = molo.queue("done all the same")
  queue:put("item")
  local task
  task = molo.spawn(function()
    queue:get()
    task:cancel()
    queue:done()
    molo.sleep(60)
  end)
  queue:join({ timeout = 5 })
  cases.equal(kind_of(task.join, task), "cancelled")
end)

-- A producer that a consumer wakes again and again does not starve a third.
cases.add("two that serve each other leave others their turn", function()
  local ping = molo.queue("ping", { capacity = 0 })
  local pong = molo.queue("pong", { capacity = 0 })
  local turns = 0
  local player = molo.spawn(function()
    while true do
      ping:get()
      pong:put(true)
    end
  end)
  local other = molo.spawn(function()
    while true do
      ping:put(true)
      pong:get()
      turns = turns + 1
    end
  end)
  for _ = 1, 5 do molo.sleep(0.001) end
  player:cancel()
  other:cancel()
  end_all({ player, other })
  cases.equal(turns > 0, true)
end)

cases.add("a deadline while an item is waited for", function()
  local queue = molo.queue("deadline")
  cases.equal(kind_of(molo.timeout, 0.003, queue.get, queue), "timeout")
  queue:put("kept")
  cases.equal({ queue:size(), queue:get() }, { 1, "kept" })
end)

cases.start()
