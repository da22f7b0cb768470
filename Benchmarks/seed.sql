-- Creates a fleet of 500 bots. 1,000 instances have a history of the last six days: 10 million metric samples, 1 million costs and 1 million
-- execution samples.
-- psql variables: instances (their number), traders (how many instances hold 50 positions each), from and to (the part of the history to
-- add, 0 to 1).
INSERT INTO bots (bot_id, name, strategy_name) SELECT 'b' || i, 'b' || i, 'unknown' FROM generate_series(0, 499) AS i ON CONFLICT DO NOTHING;
INSERT INTO instances (instance_id, bot_id) SELECT 'i' || i, 'b' || i % 500 FROM generate_series(0, :instances - 1) AS i ON CONFLICT DO NOTHING;
INSERT INTO instance_live (instance_id, runtime_mode, exchange, symbol, version, metadata, last_seen, last_received_at)
SELECT 'i' || i, CASE WHEN i % 3 = 0 THEN 'PAPER' ELSE 'LIVE' END, 'binance', 'BTCUSDT', '1', '{}', now() + interval '1 day', now()
FROM generate_series(0, :instances - 1) AS i
ON CONFLICT DO NOTHING;
INSERT INTO positions (instance_id, symbol, net_exposure, gross_exposure, updated_at, received_at, runtime_mode)
SELECT 'i' || i, 'S' || s, i * 1.25 - 600, i * 1.25, now(), now(), runtime_mode
FROM generate_series(0, :traders - 1) AS i
CROSS JOIN generate_series(0, 49) AS s
JOIN instance_live ON instance_id = 'i' || i
ON CONFLICT DO NOTHING;
INSERT INTO metric_series (instance_id, metric_type, symbol)
SELECT 'i' || i, type, 'S' || i % 50
FROM generate_series(0, 999) AS i
CROSS JOIN unnest(ARRAY ['realized_pnl', 'unrealized_pnl', 'equity']) AS type
ON CONFLICT DO NOTHING;
-- 3,333 samples for each of 3,000 series.
INSERT INTO metric_samples
SELECT series_id, date_trunc('minute', now()) - point * interval '150 s', point + 0.25
FROM generate_series((3333 * :from)::int4, (3333 * :to)::int4 - 1) AS point
CROSS JOIN metric_series;
INSERT INTO metric_latest
SELECT series_id, date_trunc('minute', now()), 0.25, date_trunc('minute', now()) - interval '1 hour' FROM metric_series
ON CONFLICT DO NOTHING;
-- Mark the equity series as not rolled up, so that the server rolls them up.
UPDATE metric_latest SET unrolled_from = '-infinity' WHERE series_id IN (SELECT series_id FROM metric_series WHERE metric_type = 'equity');
INSERT INTO cost_entries (instance_id, entry_id, symbol, cost_type, amount, ts, received_at)
SELECT 'i' || i % 1000, i, 'S' || i % 50, CASE WHEN i % 4 = 0 THEN 'FUNDING' ELSE 'FEE' END, i % 1000 * 0.001, now() - i * interval '500 ms', now()
FROM generate_series((1000000 * :from)::int4, (1000000 * :to)::int4 - 1) AS i;
INSERT INTO execution_samples (instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at)
SELECT
    'i' || i % 1000, i, 'S' || i % 50, round((random() * 20 - 5)::numeric, 4), round((10 + random() * 200)::numeric, 3),
    round(random()::numeric, 4), now() - i * interval '500 ms', now()
FROM generate_series((1000000 * :from)::int4, (1000000 * :to)::int4 - 1) AS i;
ANALYZE;
