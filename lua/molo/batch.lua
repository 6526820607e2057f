-- session:batch: several requests of one worker at once.
local core = require "molo.core"
local task = require "molo.task"
local native = core.task

local function check_calls(calls)
  if type(calls) ~= "table" then
    core.misuse("session:batch: expected a table of calls, got " .. type(calls))
  end
  for key, call in pairs(calls) do
    local where = ("session:batch: call '%s'"):format(tostring(key))
    if type(call) ~= "table" then
      core.misuse(("%s: expected {method, url, options}, got a %s")
        :format(where, type(call)))
    elseif type(call[1]) ~= "string" or type(call[2]) ~= "string" then
      core.misuse(where .. ": expected {method, url, options}, where method and "
        .. "url are strings")
    end
    for part in pairs(call) do
      if part ~= 1 and part ~= 2 and part ~= 3 then
        core.misuse(("%s: unknown part '%s': it is {method, url, options}")
          :format(where, tostring(part)))
      end
    end
  end
end

function core.session.batch(session, calls)
  check_calls(calls)
  local answers, errors = {}, {}
  task.task_group(function(group)
    for key, call in pairs(calls) do
      group:spawn(function()
        local ok, answer = xpcall(session.request, native.complete, session,
                                  call[1], call[2], call[3])
        local kind = not ok and core.error_kind(answer)
        if ok then
          answers[key] = answer
        elseif kind == "cancelled" or kind == "stopped" then
          error(answer, 0)
        else
          table.insert(errors, answer)
        end
      end)
    end
  end)
  local first = table.remove(errors, 1)
  if first then
    first.errors = errors
    error(first, 0)
  end
  return answers
end
