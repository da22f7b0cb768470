-- Stores samples. A sample with an id is stored once for its time; the same id with different content is rejected.
-- name: recordExecutionSamples :batch
-- row: instance_id text, sample_id text?, symbol text, slippage_bps numeric, latency_ms numeric, fill_ratio numeric, ts timestamptz
-- row: ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH sample AS MATERIALIZED (
    SELECT
        sample.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        ts > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead,
        -- If a batch has several samples with one id, the first is stored.
        sample_id IS NULL OR row_number() OVER (PARTITION BY instance_id, sample_id, ts ORDER BY ordinal) = 1 AS is_first
    FROM unnest(:instance_id, :sample_id, :symbol, :slippage_bps, :latency_ms, :fill_ratio, :ts, :ahead_seconds)
        WITH ORDINALITY AS sample (instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, ahead_seconds, ordinal)
    LEFT JOIN instances USING (instance_id)
),
mark AS MATERIALIZED (
    SELECT greatest(pg_current_xact_id(), (SELECT xid FROM sum_horizons WHERE name = 'executions')) AS xid
),
-- Another server may store the sample at the same moment. The update changes nothing; it makes the stored sample visible here.
stored AS (
    INSERT INTO execution_samples AS kept
        (instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at, xid)
    SELECT instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, statement_timestamp(), mark.xid
    FROM sample
    CROSS JOIN mark
    WHERE is_known
        AND NOT is_ahead
        AND is_first
    ORDER BY instance_id, sample_id, ts, ordinal
    ON CONFLICT (instance_id, sample_id, ts) DO UPDATE SET sample_id = kept.sample_id
    RETURNING instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts,
        xid = (SELECT xid FROM mark) AS is_new
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN is_ahead THEN 'ahead'
        WHEN sample.sample_id IS NULL THEN 'stored'
        WHEN (stored.symbol, stored.slippage_bps, stored.latency_ms, stored.fill_ratio)
            IS DISTINCT FROM (sample.symbol, sample.slippage_bps, sample.latency_ms, sample.fill_ratio)
            THEN 'conflict'
        WHEN stored.is_new AND is_first THEN 'stored'
        ELSE 'duplicate'
    END AS outcome
FROM sample
LEFT JOIN stored USING (instance_id, sample_id, ts)
