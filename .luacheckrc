std = "lua54"
max_line_length = 100
-- A scenario or a callback is given more than it needs.
unused_args = false
-- Names such as "_held" are there to be closed.
ignore = { "211/_.*", "231/_.*" }

-- They test what happens to those who use globals.
files["tests/lua/globals.lua"].ignore = { "111", "113", "122", "143" }
files["tests/lua/*.lua"].ignore = { "211/_.*", "542" }
