-- A REST interface: verbs, URL templates, JSON both ways, expected statuses,
-- checks that are counted and expectations that fail the run.
--
--   molo serve
--   molo run scenarios/rest.lua -w 5 -r 20
local molo = require "molo"

molo.options {
  base_url = "http://127.0.0.1:8642",
  session = {
    timeout = "10s",
    headers = { Accept = "application/json" },
    max_body = 1000000, -- an answer beyond that is a fault
  },
  thresholds = { "http_req_failed:rate < 1%", "checks:rate > 99%" },
}

molo.scenario("rest", function(session)
  local id = session.worker_id

  -- In results this is one endpoint, /pad/item-{id}, whatever the id is.
  session:put("/pad/item-{id}", {
    vars = { id = id },
    json = { owner = id, tags = { "new", "cheap" }, price = 9007199254740993 },
    expect = 200,
  })
  local item = session:get("/pad/item-{id}", { vars = { id = id } }):json()
  molo.expect("whole numbers stay whole", item.price == 9007199254740993)
  molo.expect("a list stays a list", #item.tags == 2)

  -- The query is encoded; /echo tells what came.
  local found = session:get("/echo", { query = { q = "tea & biscuits", page = 2 } })
  molo.check("found", found.ok and found:json().query.q == "tea & biscuits")
  molo.check("soon enough", found.elapsed < 5)

  -- A form, a body as it is, and any other method.
  local form = session:post("/echo", { form = { user = "ann", city = "Ålesund" } })
  molo.check("form", form:json().headers["Content-Type"] == "application/x-www-form-urlencoded")
  session:patch("/echo", { body = "name=new", headers = { ["Content-Type"] = "text/plain" } })
  session:delete("/echo", { name = "delete an item" })
  local verb = session:request("PURGE", "/echo"):json()
  molo.expect("any method", verb.method == "PURGE")

  -- Statuses that are no failure here.
  local gone = session:get("/status/404", { expect = { 200, 404 } })
  molo.expect("is gone", gone.status == 404 and not gone.ok)

  -- Only that it came, not what it was.
  local large = session:get("/bytes/100000", { discard = true })
  molo.expect("nothing kept", large.body == "" and large.bytes_received > 100000)
end)
