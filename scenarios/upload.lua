-- Uploads: a form with files from memory and from disk, a file as a body, and a
-- download that is looked at while it arrives and not kept.
--
--   molo serve
--   molo run scenarios/upload.lua -w 5 -r 2
local molo = require "molo"

molo.options {
  base_url = "http://127.0.0.1:8642",
  session = { expect = 200 },
}

molo.scenario("upload", function(session)
  local answer = session:post("/upload", {
    form = { user = session.worker_id },
    files = {
      script = { path = "upload.lua", content_type = "text/x-lua" },
      note = { data = "step " .. session.step, filename = "note.txt" },
    },
  }):json()
  local note, script = answer.parts[2], answer.parts[3]
  molo.expect("the note arrived", note.filename == "note.txt"
    and note.content_type == "text/plain" and note.size == #("step " .. session.step))
  molo.expect("the script arrived", script.filename == "upload.lua")

  local raw = session:put("/upload", { body = { path = "upload.lua" } }):json()
  molo.expect("both have its size", raw.size == script.size, raw.size)

  local size, lines = 0, 0
  session:get("/bytes/270000", {
    sink = function(chunk)
      size = size + #chunk
      lines = lines + select(2, chunk:gsub("\n", ""))
    end,
  })
  molo.expect("all of it came", size == 270000 and lines == 10000, size)
end)
