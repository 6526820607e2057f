-- session:events: server-sent events, and the connection that comes after one
-- that has ended.
local core = require "molo.core"
local native, open_stream = core.events, core.stream.open

local DEFAULT_RETRY = 3 -- seconds, as browsers wait
-- A server that is not there must not be asked in a loop without a rest, whatever
-- it said before.
local AFTER_FAILURE = 0.1

-- What may be over soon: another attempt makes sense.
local OF_CONNECTING = { dns = true, connect = true, reset = true, timeout = true }
local OF_READING = { reset = true, protocol = true }

local NEXT_OPTIONS = { "timeout" }

local Events = {}

local function is(self)
  if getmetatable(self) ~= Events then
    core.misuse("call it on what session:events returned, with a colon: events:next()")
  end
end

-- Opens a connection. An answer without content says that there is no more.
local function connect(self)
  self.parser:restart()
  self.stream = open_stream(self.session, "GET", self.url, self.options, true,
                            self.parser:last_id())
  self.parser:belongs(self.stream:about())
  if self.stream:response().status == 204 then
    self.left = 0
  end
end

local function pause(self, seconds, deadline)
  if deadline and core.now() + seconds > deadline then
    core.sleep(math.max(deadline - core.now(), 0))
    native.late(self.url, self.patience)
  end
  core.sleep(seconds)
end

-- False: it is over. Raises what the last attempt raised.
local function reconnect(self, deadline)
  local least = 0
  while not self.closed and self.left > 0 do
    self.left = self.left - 1
    pause(self, math.max(self.parser:retry() or DEFAULT_RETRY, least), deadline)
    least = AFTER_FAILURE
    local ok, err = pcall(connect, self)
    if ok then
      return true
    elseif self.left == 0 or not OF_CONNECTING[core.error_kind(err)] then
      error(err, 0)
    end
  end
  return false
end

local function read(self, deadline)
  local ok, chunk = pcall(self.stream.read, self.stream,
                          deadline and math.max(deadline - core.now(), 0))
  if not ok then
    if self.left == 0 or not OF_READING[core.error_kind(chunk)] then
      error(chunk, 0)
    end
    chunk = nil
  end
  if chunk then
    self.parser:feed(chunk)
  elseif chunk == false then
    native.late(self.url, self.patience)
  end
  return chunk ~= nil
end

local function next_event(self, deadline)
  while not self.closed do
    local event = self.parser:next()
    if event then
      return event
    elseif not read(self, deadline) and not reconnect(self, deadline) then
      return nil
    end
  end
end

local methods = core.strict({}, "stream of events has no method")

function methods.next(self, options)
  is(self)
  local timeout, deadline = core.check_options(options, "next", NEXT_OPTIONS).timeout, nil
  if timeout ~= nil then
    self.patience = core.seconds(timeout, "next: timeout")
    deadline = core.now() + self.patience
  end
  return next_event(self, deadline)
end

function methods.close(self)
  is(self)
  self.closed = true
  self.stream:close()
end

function methods.response(self)
  is(self)
  return self.stream:response()
end

Events.__index = methods
Events.__name = "molo.events"
Events.__close = methods.close
Events.__call = function(self)
  return next_event(self)
end

local function reconnects(value)
  if value == nil or value == false then
    return 0
  elseif value == true then
    return math.huge
  elseif math.type(value) ~= "integer" or value < 0 then
    core.misuse("reconnect: expected true, false or how often at most, got " .. tostring(value))
  end
  return value
end

function core.session.events(session, url, options)
  local own = {}
  if type(url) ~= "string" then
    core.misuse("session:events: expected a URL, got " .. type(url))
  end
  if options ~= nil and type(options) ~= "table" then
    core.misuse("session:events: expected options, got " .. type(options))
  end
  for name, value in next, options or {} do
    own[name] = value
  end
  own.reconnect = nil
  for _, name in ipairs{ "sink", "expect" } do
    if own[name] ~= nil then
      core.misuse(("session:events has no option '%s': it wants status 200 and "
        .. "gives events"):format(name))
    end
  end
  local self = setmetatable({
    session = session,
    url = url,
    options = own,
    left = reconnects(options and options.reconnect),
    parser = native.parser(),
    closed = false,
  }, Events)
  connect(self)
  return self
end

core.session.sse = core.session.events

return native
