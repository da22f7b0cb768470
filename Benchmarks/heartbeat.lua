-- Requests for wrk: heartbeats of 1,000 instances in turn. They are formatted again once per second, when the timestamp changes.
-- PAUSE: the average pause between requests of a connection, in milliseconds.
-- HALF: 0 or 1, to send only that half of the instances, so that two clients never share an instance.
local beat = '{"instance_id":"i%d","bot_id":"b%d","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT",'
    .. '"version":"2.4.1","timestamp":"%s","metadata":{"host":"fra-3"}}'
local headers = { ["Content-Type"] = "application/json" }
local pause = tonumber(os.getenv("PAUSE"))
local half = tonumber(os.getenv("HALF"))
local first, last = half == 1 and 500 or 0, half == 0 and 499 or 999
local counter = 0
local second, requests = 0, {}

local function renew(now)
    second = now
    local time = os.date("!%Y-%m-%dT%H:%M:%SZ", now)
    for i = first, last do
        requests[i] = wrk.format("POST", "/ingest/heartbeat", headers, string.format(beat, i, i % 50, time))
    end
end

function request()
    local now = os.time()
    if now ~= second then renew(now) end
    counter = (counter + 7) % (last - first + 1)
    return requests[first + counter]
end

if pause then
    function delay() return math.random(0, 2 * pause) end
end
