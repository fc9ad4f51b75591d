-- POST /bookings for a seat of a random show, or /bookings/batch for so many.
-- Arguments: first show, last show, seats of each, a seed, requests a second for this thread (0: all it can),
-- bookings a batch (0: one by one), threads that share the seats among them, one after the other (0: at random).

dofile("pace.lua")

local numbers = 0

function setup(thread)
  numbers = numbers + 1
  thread:set("number", numbers)
end

function init(arguments)
  first, last, seats = tonumber(arguments[1]), tonumber(arguments[2]), tonumber(arguments[3])
  size, sharing = tonumber(arguments[6]), tonumber(arguments[7])
  turn = number - 1
  math.randomseed(tonumber(arguments[4]) * 64 + number)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  local rate = tonumber(arguments[5])
  if rate > 0 then keep_pace(rate) end
end

local function choose_seat()
  if sharing == 0 then return math.random(seats) end
  local seat = turn % seats + 1
  turn = turn + sharing
  return seat
end

local function ask()
  return string.format('{"show_id":%d,"seats":["%d"]}', math.random(first, last), choose_seat())
end

function request()
  if size == 0 then return wrk.format(nil, nil, nil, ask()) end
  local items = {}
  for index = 1, size do items[index] = ask() end
  return wrk.format(nil, nil, nil, '{"bookings":[' .. table.concat(items, ",") .. ']}')
end
