-- POST /bookings for a random seat of a random show, or /bookings/batch for so many.
-- Arguments: first show, last show, seats of each, a seed, requests a second for this thread (0: all it can),
-- bookings a batch (0: one by one).

dofile("pace.lua")

local numbers = 0

function setup(thread)
  numbers = numbers + 1
  thread:set("number", numbers)
end

function init(arguments)
  first, last, seats = tonumber(arguments[1]), tonumber(arguments[2]), tonumber(arguments[3])
  size = tonumber(arguments[6])
  math.randomseed(tonumber(arguments[4]) * 64 + number)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  local rate = tonumber(arguments[5])
  if rate > 0 then keep_pace(rate) end
end

local function ask()
  return string.format('{"show_id":%d,"seats":["%d"]}', math.random(first, last), math.random(seats))
end

function request()
  if size == 0 then return wrk.format(nil, nil, nil, ask()) end
  local items = {}
  for index = 1, size do items[index] = ask() end
  return wrk.format(nil, nil, nil, '{"bookings":[' .. table.concat(items, ",") .. ']}')
end
