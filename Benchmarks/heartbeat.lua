-- wrk's requests: heartbeats of a thousand instances, each request another one. They are made once a second, when their time changes.
-- With PAUSE in the environment each connection waits so many milliseconds between two of them; with START the instances begin there, so that
-- two clients do not report the same ones at the same time.
local beat = '{"instance_id":"i%d","bot_id":"b%d","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT",'
    .. '"version":"2.4.1","timestamp":"%s","metadata":{"host":"fra-3"}}'
local headers = { ["Content-Type"] = "application/json" }
local pause = tonumber(os.getenv("PAUSE"))
local counter = tonumber(os.getenv("START")) or 0
local second, requests = 0, {}

local function renew(now)
    second = now
    local time = os.date("!%Y-%m-%dT%H:%M:%SZ", now)
    for i = 0, 999 do
        requests[i] = wrk.format("POST", "/ingest/heartbeat", headers, string.format(beat, i, i % 50, time))
    end
end

function request()
    local now = os.time()
    if now ~= second then renew(now) end
    counter = (counter + 7) % 1000
    return requests[counter]
end

if pause then
    function delay() return math.random(0, 2 * pause) end
end
