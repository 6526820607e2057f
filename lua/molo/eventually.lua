-- molo.eventually: asks again and again until the answer is yes.
local core = require "molo.core"
local native = core.task

local EVERY, TIMEOUT = 0.1, 10

local OPTIONS = { "every", "timeout", "desc" }

-- In seconds; misuse unless it is a time.
local function time_option(options, name, default)
  local value = options[name]
  if value == nil then
    return default
  end
  return core.seconds(value, "molo.eventually: " .. name)
end

-- One attempt, which has no longer than `left`: its outcome; whether its time
-- was over; the attempt.
local function try(fn, left)
  local attempt <close> = core.attempt_begin()
  local scope <close> = native.timeout_scope(left)
  local outcome = table.pack(xpcall(fn, native.complete))
  return outcome, native.group_body_over(scope), attempt
end

-- "not yet" is a false value, or a failed expectation; another error is one of
-- the whole wait.
local function is_not_yet(outcome)
  if outcome[1] then
    return not outcome[2]
  end
  return core.error_kind(outcome[2]) == "check"
end

local function describe(last)
  if core.error_kind(last) then
    return "failed with " .. core.error_text(last)
  end
  return "returned " .. core.error_text(last)
end

local function fail(options, timeout, attempts, last)
  local what = options.desc and ("'" .. options.desc .. "'") or "what was waited for"
  local seen = attempts == 0 and "the first attempt did not end"
    or ("the last of %d attempt%s %s"):format(attempts, attempts == 1 and "" or "s",
                                             describe(last))
  local err = native.failure("timeout",
    ("molo.eventually: %s did not come true within %s: %s"):format(what,
      core.duration_text(timeout), seen))
  err.last, err.attempts = last, attempts
  error(err, 0)
end

local function eventually(fn, options)
  if type(fn) ~= "function" then
    core.misuse("molo.eventually: expected a function, got " .. type(fn))
  end
  options = core.check_options(options, "molo.eventually", OPTIONS)
  if options.desc ~= nil and type(options.desc) ~= "string" then
    core.misuse("molo.eventually: desc must be a string, got " .. type(options.desc))
  end
  local every = time_option(options, "every", EVERY)
  local timeout = time_option(options, "timeout", TIMEOUT)
  local deadline = core.clock() + timeout
  local attempts, last, last_attempt = 0, nil, nil
  while true do
    local left = math.max(deadline - core.clock(), 0)
    local outcome, late, attempt = try(fn, left)
    if not late then
      attempts = attempts + 1
      last, last_attempt = outcome[2], attempt
      if not is_not_yet(outcome) then
        core.attempt_count(attempt)
        if not outcome[1] then
          error(outcome[2], 0)
        end
        return table.unpack(outcome, 2, outcome.n)
      end
    end
    if late or left == 0 then
      if last_attempt then
        core.attempt_count(last_attempt)
      end
      fail(options, timeout, attempts, last)
    end
    core.sleep(math.min(every, math.max(deadline - core.clock(), 0)))
  end
end

return { eventually = eventually }
