-- Requests for wrk: arrays of 100 samples of one instance, ten for each of ten metrics. The requests use 100 instances in turn.
local headers = { ["Content-Type"] = "application/json" }
local start, counter = os.time(), 0
local parts = {}
for instance = 0, 99 do
    local members = {}
    for metric = 0, 9 do
        members[metric] = string.format(
            '{"instance_id":"i%d","symbol":"BTCUSDT","metric_type":"m%d","value":%d.25,"timestamp":"', instance, metric, metric * 1000
        )
    end
    parts[instance] = members
end

function request()
    local instance, round = counter % 100, math.floor(counter / 100)
    counter = counter + 1
    local texts, n = {}, 0
    for i = 0, 9 do
        -- One sample every 5 ms.
        local tick = round * 10 + i
        local time = os.date("!%Y-%m-%dT%H:%M:%S", start + math.floor(tick / 200)) .. string.format(".%03dZ\"}", tick % 200 * 5)
        for metric = 0, 9 do
            n = n + 1
            texts[n] = parts[instance][metric] .. time
        end
    end
    return wrk.format("POST", "/ingest/metrics", headers, "[" .. table.concat(texts, ",") .. "]")
end

function response(status, headers, body)
    if status ~= 202 or body:find('"rejected":[1-9]') then print("status " .. status .. " " .. body:sub(1, 200)) end
end
