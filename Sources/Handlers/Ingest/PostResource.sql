-- Stores the use of machines: two samples for each row, or none.
-- name: recordResources :batch
-- row: instance_id text, cpu_pct numeric, memory_pct numeric, ts timestamptz
-- out: ordinal int8, is_known bool
WITH report AS MATERIALIZED (
    SELECT report.*, instances.instance_id IS NOT NULL AS is_known
    FROM unnest(:instance_id, :cpu_pct, :memory_pct, :ts)
        WITH ORDINALITY AS report (instance_id, cpu_pct, memory_pct, ts, ordinal)
    LEFT JOIN instances USING (instance_id)
),
sample AS (
    SELECT instance_id, metric_type, ts, value, ordinal
    FROM report
    CROSS JOIN LATERAL (VALUES ('resource_cpu_pct', cpu_pct), ('resource_memory_pct', memory_pct)) AS part (metric_type, value)
    WHERE is_known
),
-- Another server may add the series at the same moment. The update changes nothing; it makes the row's number known here.
series AS (
    INSERT INTO metric_series AS known (instance_id, metric_type, symbol)
    SELECT DISTINCT instance_id, metric_type, 'system'
    FROM sample
    ORDER BY instance_id, metric_type
    ON CONFLICT (instance_id, metric_type, symbol, currency) DO UPDATE SET symbol = known.symbol
    RETURNING series_id, instance_id, metric_type
),
stored AS (
    INSERT INTO metric_samples (series_id, ts, value)
    SELECT DISTINCT ON (series_id, ts) series_id, ts, value
    FROM sample
    JOIN series USING (instance_id, metric_type)
    ORDER BY series_id, ts, ordinal DESC
    ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value
)
SELECT ordinal, is_known
FROM report
