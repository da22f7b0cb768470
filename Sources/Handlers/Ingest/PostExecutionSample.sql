-- name: recordExecutionSamples :batch
-- row: instance_id text, symbol text, slippage_bps numeric, latency_ms numeric, fill_ratio numeric, ts timestamptz
-- out: ordinal int8, fate text(IngestFate)
WITH sample AS MATERIALIZED (
    SELECT sample.*, instances.instance_id IS NOT NULL AS is_known
    FROM unnest(:instance_id, :symbol, :slippage_bps, :latency_ms, :fill_ratio, :ts)
        WITH ORDINALITY AS sample (instance_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, ordinal)
    LEFT JOIN instances USING (instance_id)
),
stored AS (
    INSERT INTO execution_samples (instance_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at)
    SELECT instance_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, statement_timestamp()
    FROM sample
    WHERE is_known
    ORDER BY ordinal
)
SELECT ordinal, CASE WHEN is_known THEN 'stored' ELSE 'unknown' END
FROM sample
