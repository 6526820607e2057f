-- What a worker sees of the room it plays in: two rooms of three.
local molo = require "molo"
local cases = require "cases"

local SIZE = 3

molo.setup_session(function(session)
  -- The role is the same in all scenarios, so it is known here already.
  session.state.seat_in_setup = session.seat
  session.state.role_in_setup = session.role
  session.room:add_var("set up", 1)
end)

molo.setup(function(worker)
  cases.misuse("'room' needs a session", function() return worker.room end)
end)

cases.add("room, seat and role", function(session)
  cases.equal(session.room.id, session.worker_id // SIZE)
  cases.equal(session.room.size, SIZE)
  cases.equal(session.seat, session.worker_id % SIZE)
  cases.equal(session.role, session.seat == 0 and "speaker" or "listener")
  cases.equal(tostring(session.room), "room " .. session.room.id)
  cases.equal(session.room == session.room, true)
  cases.equal(session.workers, 2 * SIZE)
end)

cases.add("fixtures know the room as well", function(session)
  cases.equal(session.state.seat_in_setup, session.seat)
  cases.equal(session.state.role_in_setup, session.role)
  -- The first round began when all had been set up.
  cases.equal(session.room:get_var("set up"), SIZE)
end)

cases.add("variables of a room are its own", function(session)
  local room = session.room
  local made = room:get_var("made", function(name)
    molo.add_var("factories", 1)
    return name .. " in " .. room.id
  end)
  cases.equal(made, "made in " .. room.id)
  molo.wait_var("factories", 2)
  cases.equal(molo.get_var("made"), nil)
  room:add_var("count", 1)
  cases.equal(room:wait_var("count", SIZE), SIZE)
  room:update_var("list", function(list)
    list = list or {}
    table.insert(list, session.worker_id)
    return list
  end)
  local list = room:wait_var("list", function(value)
    return value and #value == SIZE
  end)
  for _, id in ipairs(list) do
    cases.equal(id // SIZE, room.id)
  end
end)

cases.add("set_var and del_var", function(session)
  local room = session.room
  if session.role == "speaker" then
    room:set_var("phase", "open")
    room:wait_var("seen", SIZE - 1)
    room:del_var("phase")
  else
    cases.equal(room:wait_var("phase"), "open")
    room:add_var("seen", 1)
    room:wait_var("phase", function(value) return value == nil end)
  end
end)

cases.add("a notifier of a room has its members", function(session)
  local said = session.room:notifier("said")
  local text = "room " .. session.room.id
  if session.role == "speaker" then
    said:written(text)
    said:wait_for_readers()
    cases.equal(session.room:get_var("heard"), SIZE - 1)
  else
    cases.equal(said:wait_for_writer(), text)
    session.room:add_var("heard", 1)
    said:one_read()
  end
end)

cases.add("get_var of a constructor is the object of the room", function(session)
  local room = session.room
  local a = room:get_var("same", molo.notifier)
  local b = room:notifier("same")
  cases.equal(a == b, true)
  cases.equal(a == molo.notifier("same"), false)
  cases.equal(tostring(a), ("notifier 'same' (room %d)"):format(room.id))
end)

cases.add("every type of object", function(session)
  local room = session.room
  local options = { limiter = { rate = 10 } }
  for _, type in ipairs { "barrier", "condition", "event", "limiter", "lock",
                          "notifier", "queue", "semaphore" } do
    local name = "a " .. type
    cases.equal(tostring(room[type](room, name, options[type])),
                ("%s '%s' (room %d)"):format(type, name, room.id))
    cases.equal(tostring(molo[type](name)), ("%s '%s'"):format(type, name))
  end
end)

cases.add("a barrier of a room has its members", function(session)
  local index = session.room:barrier("meet"):wait()
  cases.equal(index, session.seat)
  local ids = session.room:barrier("swap"):exchange(session.worker_id)
  cases.equal(ids.n, SIZE)
  for i = 1, SIZE do
    cases.equal(ids[i], session.room.id * SIZE + i - 1)
  end
end)

cases.add("a lock of a room does not hold up others", function(session)
  local lock = session.room:lock("door")
  lock:acquire()
  if session.room:add_var("through", 1) == 1 then
    -- The first of each room has it at the same time.
    molo.add_var("inside", 1)
    cases.equal(molo.wait_var("inside", 2), 2)
  end
  lock:release()
end)

cases.add("options count for all in the room", function(session)
  local room = session.room
  room:notifier("few", { readers = 1 })
  room:add_var("made few", 1)
  room:wait_var("made few", SIZE)
  cases.misuse("'few' readers = 2", room.notifier, room, "few", { readers = 2 })
  molo.notifier("few", { readers = 2 })
end)

cases.add("readers are those of the room", function(session)
  local crowd = session.room:notifier("crowd", { readers = SIZE })
  cases.misuse("'crowd' wants 3 readers", crowd.written, crowd, 1)
end)

cases.add("handles of another room", function(session)
  local room = session.room
  -- They are values, and so they get into the wrong hands.
  molo.get_var("handle " .. room.id, function() return room:notifier("own") end)
  local other = molo.wait_var("handle " .. (1 - room.id))
  cases.misuse(
    ("notifier 'own' is private to room %d: worker %d plays in room %d"):format(
      1 - room.id, session.worker_id, room.id),
    other.written, other, 1)
end)

cases.add("a lockstep object of everybody belongs to one room", function(session)
  local all = molo.notifier("everybody's")
  local ok, err = pcall(all.written, all, 1, { round = session.seat + 1 })
  molo.add_var(ok and "may" or "may not", 1)
  if not ok then
    cases.equal(err:find("session.room:notifier", 1, true) ~= nil, true)
  end
  cases.equal(molo.wait_var("may", SIZE), SIZE)
  cases.equal(molo.wait_var("may not", SIZE), SIZE)
end)

cases.add("misuse of a room", function(session)
  local room = session.room
  cases.misuse("a room has no 'notify'", function() return room.notify end)
  cases.misuse("a room has no 'notifer': did you mean 'notifier'?",
               function() return room.notifer end)
  cases.misuse("a room cannot be assigned to", function() room.id = 3 end)
  cases.misuse("session.room:notifier(...) colon", room.notifier, "said")
  cases.misuse("session.room:get_var(...) colon", room.get_var, "x", "said")
  for _, name in ipairs{ "get_var", "set_var", "add_var", "del_var",
                         "update_var", "wait_var" } do
    cases.misuse(("%s: session.room:%s(...) colon"):format(name, name),
                 room[name], "x", name == "update_var" and print or 1)
  end
  cases.misuse("name", room.notifier, room)
  cases.misuse("name", room.set_var, room, nil, 1)
  cases.raises("userdata", molo.set_var, "room", room)
end)

cases.add("an error of a variable names it", function(session)
  local err = cases.raises("variable 'never' (room", session.room.wait_var,
    session.room, "never", 1, { timeout = 0.01 })
  cases.equal(err.kind, "timeout")
  cases.equal(err.name, "never")
end)

cases.start({ workers = 2 * SIZE }, {
  cast = { { "speaker", 1 }, { "listener", SIZE - 1 } },
})
