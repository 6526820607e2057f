-- Data from files: an account for each worker, words that all go through
-- together, and orders drawn at random.
--
--   molo serve
--   molo run scenarios/feeders.lua -w 5 -r 8
--
-- There are five accounts, and no two workers get the same: a sixth worker
-- would end without a run.
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

-- Paths are relative to this file.
local users = molo.data.csv("data/users.csv", { order = "unique" })
local words = molo.data.lines("data/words.txt", { order = "shuffled" })
local orders = molo.data.json("data/orders.ndjson", { order = "random" })

-- Once for each worker, before its first run.
molo.setup_session(function(session)
  local user = users:next()
  session:configure { auth = { user = user.name, password = user.password } }
  session.state.user = user
end)

molo.scenario("shop", function(session)
  -- Over all workers, each word is looked for equally often.
  local word = words:next()
  local found = session:get("/echo", { query = { q = word }, name = "/search" })
  molo.expect("the search is answered", found.ok)

  local order = orders:next()
  order.user = session.state.user.name -- a copy: the next one has no user
  local sent = session:post("/echo", { json = order, name = "/orders" })
  local echoed = molo.json.decode(sent:json().body)
  molo.expect("the order arrived", echoed.item == order.item)
end)
