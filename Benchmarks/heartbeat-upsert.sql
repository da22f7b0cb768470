\set n random(0, 999)
INSERT INTO instance_live AS live
    (instance_id, runtime_mode, exchange, symbol, version, metadata, last_seen, last_received_at)
VALUES ('i' || :n, 'LIVE', 'binance', 'BTCUSDT', '2.4.1', '{"host":"fra-3"}', statement_timestamp(), statement_timestamp())
ON CONFLICT (instance_id) DO UPDATE SET
    runtime_mode = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.runtime_mode ELSE live.runtime_mode END,
    exchange = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.exchange ELSE live.exchange END,
    symbol = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.symbol ELSE live.symbol END,
    version = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.version ELSE live.version END,
    metadata = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.metadata ELSE live.metadata END,
    last_seen = greatest(excluded.last_seen, live.last_seen),
    last_received_at = greatest(excluded.last_received_at, live.last_received_at);
