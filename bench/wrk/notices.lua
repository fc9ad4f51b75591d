-- POST webhooks that are made and signed already, at a pace, each thread its share of them.
-- Arguments: a file with a signature, a blank and a body a line; the number of threads; requests a second for this thread.

dofile("pace.lua")

local numbers = 0

function setup(thread)
  numbers = numbers + 1
  thread:set("number", numbers)
end

function init(arguments)
  requests, turn = {}, 0
  local line, threads = 0, tonumber(arguments[2])
  for text in io.lines(arguments[1]) do
    line = line + 1
    if line % threads == number % threads then
      local signature, body = text:match("^(%S+) (.+)$")
      local headers = { ["Content-Type"] = "application/json", ["Stripe-Signature"] = signature }
      table.insert(requests, wrk.format("POST", nil, headers, body))
    end
  end
  keep_pace(tonumber(arguments[3]))
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
