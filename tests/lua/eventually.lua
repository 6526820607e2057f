-- molo.eventually: what counts as not yet, what it returns, what it raises.
local molo = require "molo"
local cases = require "cases"

local raised = cases.raised

cases.add("a true value ends it: all results", function()
  local calls = 0
  local results = table.pack(molo.eventually(function()
    calls = calls + 1
    if calls < 3 then return false end
    return "yes", nil, 3
  end, { every = 0.001 }))
  cases.equal(results, { "yes", nil, 3, n = 3 })
  cases.equal(calls, 3)
end)

cases.add("a failed expectation is not yet", function()
  local calls = 0
  cases.equal(molo.eventually(function()
    calls = calls + 1
    molo.expect("third", calls == 3, calls)
    return calls
  end, { every = 0.001 }), 3)
end)

cases.add("so is a failed assert", function()
  local calls = 0
  molo.eventually(function()
    calls = calls + 1
    assert(calls == 2)
    return true
  end, { every = 0.001 })
  cases.equal(calls, 2)
end)

cases.add("any other error is one at once", function()
  local calls = 0
  local err = raised(molo.eventually, function()
    calls = calls + 1
    error("broken")
  end)
  cases.equal(calls, 1)
  cases.equal(err.kind, "script")
  cases.equal(err.message, "broken")
end)

cases.add("a timeout carries the last value", function()
  local line = debug.getinfo(1, "l").currentline + 1
  local ok, err = pcall(function() molo.eventually(function() return nil end, { timeout = 0 }) end)
  cases.equal(ok, false)
  cases.equal(err.kind, "timeout")
  cases.equal(err.message, "molo.eventually: what was waited for did not come true within "
    .. "0 s: the last of 1 attempt returned nil")
  cases.equal(err.last, nil)
  cases.equal(err.attempts, 1)
  cases.equal(err.where:match(":(%d+)$"), tostring(line))
end)

cases.add("... or the last error, and the description", function()
  local err = raised(molo.eventually, function()
    molo.expect("ready", false, "still starting")
  end, { timeout = "20ms", every = "5ms", desc = "the shop is open" })
  cases.equal(err.message:gsub("%d+ attempts?", "N attempts"),
              "molo.eventually: 'the shop is open' did not come true within 20 ms: the last of "
              .. "N attempts failed with check: ready: still starting")
  cases.equal(err.last.kind, "check")
end)

cases.add("an attempt that hangs is cut off", function()
  local err = raised(molo.eventually, function() molo.sleep(60) end, { timeout = 0.01 })
  cases.equal(err.kind, "timeout")
  cases.equal(err.message, "molo.eventually: what was waited for did not come true within "
    .. "10 ms: the first attempt did not end")
  cases.equal(err.attempts, 0)
end)

cases.add("a timeout of the function itself is its own", function()
  local err = raised(molo.eventually, function() molo.timeout(0.005, molo.sleep, 60) end)
  cases.equal(err.message, "molo.timeout: 5 ms are over")
end)

cases.add("it can be cancelled", function()
  local err = raised(molo.timeout, 0.02, molo.eventually, function() return false end)
  cases.equal(err.kind, "timeout")
  cases.equal(err.message, "molo.timeout: 20 ms are over")
end)

cases.add("they nest; a timeout inside is an error of its own", function()
  local outer, inner = 0, 0
  cases.equal(molo.eventually(function()
    outer = outer + 1
    return molo.eventually(function()
      inner = inner + 1
      return inner > 1 and "inner"
    end, { every = 0.001 }) and outer > 1 and "both"
  end, { every = 0.001 }), "both")
  cases.equal({ outer, inner }, { 2, 3 })
  local err = raised(molo.eventually, function()
    return molo.eventually(function() return false end, { timeout = 0, desc = "inside" })
  end)
  cases.equal(err.message:match("'inside'"), "'inside'")
end)

cases.add("what is no option is misuse", function()
  local fn = function() return true end
  cases.misuse("molo.eventually: expected a function, got nil", molo.eventually)
  cases.misuse("molo.eventually: unknown option 'evry': did you mean 'every'?",
               molo.eventually, fn, { evry = 1 })
  cases.misuse("molo.eventually: unknown option 'text' (there are: every, timeout, desc)",
               molo.eventually, fn, { text = "x" })
  cases.misuse("molo.eventually: every: expected a time", molo.eventually, fn,
               { every = true })
  cases.misuse("molo.eventually: timeout: a time cannot be negative", molo.eventually, fn,
               { timeout = -1 })
  cases.misuse("molo.eventually: desc must be a string, got number", molo.eventually, fn,
               { desc = 1 })
  cases.misuse("molo.eventually: options must be a table, got number", molo.eventually, fn, 3)
end)

cases.start { workers = 2 }
