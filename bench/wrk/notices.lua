-- Webhooks that are made and signed already, at a pace; each.lua, with a signature, a blank and a body a line.
-- One argument more: requests a second for this thread.

dofile("pace.lua")
dofile("each.lua")

local read_all = init

function make_request(method, text)
  local signature, body = text:match("^(%S+) (.+)$")
  local headers = { ["Content-Type"] = "application/json", ["Stripe-Signature"] = signature }
  return wrk.format(method, nil, headers, body)
end

function init(arguments)
  read_all(arguments)
  keep_pace(tonumber(arguments[4]))
end
