-- The public module: local molo = require "molo"
local core = require "molo.core"
local eventually = require "molo.eventually"
local metric = require "molo.metric"
local task = require "molo.task"
local var = require "molo.var"
require "molo.batch" -- adds to the session
require "molo.stream"
require "molo.events"

local molo = {
  -- registering
  scenario = core.scenario,
  global_setup = core.global_setup,
  setup = core.setup,
  setup_session = core.setup_session,
  teardown_session = core.teardown_session,
  teardown = core.teardown,
  global_teardown = core.global_teardown,
  on = core.on,
  options = core.options,
  scenario_picker = core.scenario_picker,
  -- in a run
  sleep = core.sleep,
  now = core.now,
  check = core.check,
  defer = core.defer,
  eventually = eventually.eventually,
  expect = core.expect,
  fail = core.fail,
  secret = core.secret,
  service = core.service,
  stop = core.stop,
  abort = core.abort,
  log = core.log,
  -- measuring
  counter = core.metric.counter,
  gauge = core.metric.gauge,
  rate = core.metric.rate,
  trend = core.metric.trend,
  transaction = metric.transaction,
  -- helpers
  data = core.data,
  base64 = core.base64,
  hash = core.hash,
  hmac = core.hmac,
  json = core.json,
  url = core.url,
  uuid = core.uuid,
  -- acting together
  barrier = core.sync.barrier,
  condition = core.sync.condition,
  event = core.sync.event,
  limiter = core.sync.limiter,
  lock = core.sync.lock,
  notifier = core.sync.notifier,
  queue = core.sync.queue,
  semaphore = core.sync.semaphore,
  get_var = var.get_var,
  set_var = var.set_var,
  add_var = var.add_var,
  del_var = var.del_var,
  update_var = var.update_var,
  wait_var = var.wait_var,
  -- tasks inside one run
  all = task.all,
  any = task.any,
  hold_task = task.hold_task,
  session = task.session,
  spawn = task.spawn,
  task_group = task.task_group,
  timeout = task.timeout,
}

local function results_or_error(ok, ...)
  if ok then
    return ...
  end
  local err = ...
  local kind = core.error_kind(err)
  if kind == "stopped" or kind == "cancelled" then
    error(err, 0)
  end
  return nil, err
end

function molo.try(fn, ...)
  if type(fn) ~= "function" then
    core.misuse("molo.try: expected a function and its arguments, such as "
      .. "molo.try(session.get, session, url), got " .. type(fn))
  end
  return results_or_error(pcall(fn, ...))
end

molo.env = setmetatable({}, {
  __index = function(_, name)
    return core.getenv(name)
  end,
  __newindex = function()
    core.misuse("molo.env cannot be assigned: use -e NAME=VALUE")
  end,
})

for _, name in ipairs { "base64", "data", "json", "url" } do
  core.strict(molo[name], "molo." .. name .. " has no function")
end
return core.strict(molo, "molo has no function")
