-- A pace for wrk: requests sent as a crowd sends them, so many a second, whether or not the last was answered.
-- wrk knows a delay in whole milliseconds and no clock; hence the system's own.

local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } seatline_time;
int clock_gettime(int clock, seatline_time *time);
]]
local MONOTONIC = 1
local read = ffi.new("seatline_time")

local function now_ms()
  ffi.C.clock_gettime(MONOTONIC, read)
  return tonumber(read.seconds) * 1e3 + tonumber(read.nanoseconds) / 1e6
end

-- Each thread of wrk has an environment of its own, and so a share of the rate.
function keep_pace(rate_of_thread)
  local interval = 1e3 / rate_of_thread
  local due = now_ms()
  function delay()
    due = due + interval
    return math.max(0, math.floor(due - now_ms() + 0.5))
  end
end
