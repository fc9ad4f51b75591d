-- Whole journeys: POST /bookings as book.lua does, and GET ?wait= for those that are PENDING, until they are not.
-- One argument more: the seconds to wait (0: nobody asks, and a booking that is PENDING has not arrived).
--
-- wrk does not say whose answer it is. But a connection sends its next request right after its answer, so a
-- queue of its thread keeps as many bookings under way as there are connections.

dofile("book.lua")

local threads = {}
local number_thread, begin, post = setup, init, request

function setup(thread)
  number_thread(thread)
  table.insert(threads, thread)
end

function init(arguments)
  begin(arguments)
  settled, unsettled, pending = 0, 0, {}
  wait = tonumber(arguments[8])
end

function request()
  local id = table.remove(pending)
  if id == nil then return post() end
  return wrk.format("GET", "/bookings/" .. id .. "?wait=" .. wait)
end

function response(status, headers, body)
  -- A refusal has a number there.
  local outcome = body:match('"status":"(%u+)"')
  if outcome == "PENDING" and wait > 0 then
    table.insert(pending, body:match('"id":"([^"]+)"'))
  elseif outcome == "PENDING" then
    unsettled = unsettled + 1
  elseif outcome then
    settled = settled + 1
  end
end

function done()
  local arrived, lost = 0, 0
  for _, thread in ipairs(threads) do
    arrived, lost = arrived + thread:get("settled"), lost + thread:get("unsettled")
  end
  print("settled: " .. arrived)
  print("unsettled: " .. lost)
end
