-- wrk's requests: heartbeats of a thousand instances, each request another one.
local beat = '{"instance_id":"i%d","bot_id":"b%d","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT",'
    .. '"version":"2.4.1","timestamp":"%s","metadata":{"host":"fra-3"}}'
local headers = { ["Content-Type"] = "application/json" }
local counter = math.random(0, 999)

function request()
    counter = (counter + 7) % 1000
    local body = string.format(beat, counter, counter % 50, os.date("!%Y-%m-%dT%H:%M:%SZ"))
    return wrk.format("POST", "/ingest/heartbeat", headers, body)
end

function response(status, headers, body)
    if status ~= 202 then print("status " .. status .. " " .. body) end
end
