-- Requests for wrk: the mixed traffic of 1,000 instances and a user: heartbeats, metrics, costs, positions, executions, polls, and views.
-- Each of 50 connections pauses 50 ms on average between requests, which gives about 1,000 requests per second.
local headers = { ["Content-Type"] = "application/json", ["X-Admin-Token"] = "benchmark" }
local counter = math.random(0, 999)

local function time() return os.date("!%Y-%m-%dT%H:%M:%SZ") end

local function post(path, text) return wrk.format("POST", path, headers, text) end

local views = { "/bots?page_size=50", "/portfolio/exposure", "/analytics/net-pnl", "/analytics/execution-quality", "/alerts", "/metrics" }

function request()
    counter = counter + 1
    local i = counter * 7 % 1000
    local kind = counter % 20
    if kind < 9 then
        return post("/ingest/heartbeat", string.format(
            '{"instance_id":"i%d","bot_id":"b%d","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT","version":"1","timestamp":"%s"}',
            i, i % 50, time()))
    elseif kind < 13 then
        return post("/ingest/metrics", string.format(
            '[{"instance_id":"i%d","symbol":"BTCUSDT","metric_type":"equity","value":%d.5,"timestamp":"%s"},'
            .. '{"instance_id":"i%d","symbol":"BTCUSDT","metric_type":"realized_pnl","value":%d.25,"timestamp":"%s"}]',
            i, counter % 1000, time(), i, counter % 500, time()))
    elseif kind < 15 then
        return post("/ingest/costs", string.format(
            '{"instance_id":"i%d","entry_id":"e%d-%d","symbol":"S%d","cost_type":"FEE","amount":0.001,"timestamp":"%s"}',
            i, counter, math.random(1, 1e9), i % 20, time()))
    elseif kind < 17 then
        return post("/ingest/positions", string.format(
            '{"instance_id":"i%d","symbol":"S%d","net_exposure":%d.5,"gross_exposure":%d.5,"updated_at":"%s"}',
            i, counter % 20, i, i, time()))
    elseif kind == 17 then
        return post("/ingest/execution-quality", string.format(
            '{"instance_id":"i%d","symbol":"S%d","slippage_bps":%.2f,"latency_ms":%d,"fill_ratio":0.97,"timestamp":"%s"}',
            i, i % 20, math.random() * 10, math.random(10, 300), time()))
    elseif kind == 18 then
        return wrk.format("GET", "/instances/i" .. i .. "/commands/pending", headers)
    end
    return wrk.format("GET", views[counter % #views + 1], headers)
end

function delay() return math.random(0, 100) end

function response(status, headers, body)
    if status >= 300 then print("status " .. status .. " " .. body:sub(1, 200)) end
end
