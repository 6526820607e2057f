-- Loaded by waiting.lua: a module that waits where it cannot.
local molo = require "molo"
molo.sleep(0.001)
return {}
