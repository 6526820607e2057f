-- Matchmaking: workers meet in rooms of two and play a game against each other,
-- move by move. What one plays, the other must see.
--
--   molo serve
--   molo run scenarios/match.lua -w 10 -r 5
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local MOVES = 3

local function move(session, mine, text)
  local game = "/chat/game-" .. session.room.id
  local answer = session:post(game, { body = text, name = "/chat/{game}", expect = 200 })
  mine:written { number = answer:json().number, text = text }
end

local function see(session, theirs)
  local news = theirs:wait_for_writer()
  local list = session:get("/chat/game-" .. session.room.id, {
    query = { after = news.number - 1 },
    name = "/chat/{game}",
    expect = 200,
  }):json()
  molo.expect("saw the move", list[1].text == news.text, list[1].text)
end

molo.scenario("game", {
  cast = { { "white", 1 }, { "black", 1 } },
}, function(session)
  session.room:barrier("ready"):wait()
  local mine = session.room:notifier(session.role)
  local theirs = session.room:notifier(session.role == "white" and "black" or "white")
  for i = 1, MOVES do
    if session.role == "white" then
      move(session, mine, "white " .. i)
      see(session, theirs)
    else
      see(session, theirs)
      move(session, mine, "black " .. i)
    end
  end
end)
