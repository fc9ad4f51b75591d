-- One path after the other, each thread its share of them, and again from the first after the last.
-- Arguments: a file with a path a line, the method, the number of threads.

local numbers = 0

function setup(thread)
  numbers = numbers + 1
  thread:set("number", numbers)
end

function make_request(method, path)
  return wrk.format(method, path)
end

function init(arguments)
  requests, turn = {}, 0
  local line, threads = 0, tonumber(arguments[3])
  for text in io.lines(arguments[1]) do
    line = line + 1
    if line % threads == number % threads then table.insert(requests, make_request(arguments[2], text)) end
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
