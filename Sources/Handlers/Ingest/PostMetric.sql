-- Stores samples; the same series and time again replaces the value.
-- name: recordMetricSamples :batch
-- row: instance_id text, metric_type text, symbol text, currency text, ts timestamptz, value numeric
-- out: ordinal int8, is_known bool
WITH sample AS MATERIALIZED (
    SELECT sample.*, instances.instance_id IS NOT NULL AS is_known
    FROM unnest(:instance_id, :metric_type, :symbol, :currency, :ts, :value)
        WITH ORDINALITY AS sample (instance_id, metric_type, symbol, currency, ts, value, ordinal)
    LEFT JOIN instances USING (instance_id)
),
-- Another server may add the series at the same moment. The update changes nothing; it makes the row's number known here.
new_series AS (
    INSERT INTO metric_series (instance_id, metric_type, symbol, currency)
    SELECT DISTINCT instance_id, metric_type, symbol, currency
    FROM sample
    WHERE is_known
        AND NOT EXISTS (
            SELECT FROM metric_series AS known
            WHERE (known.instance_id, known.metric_type, known.symbol, known.currency)
                = (sample.instance_id, sample.metric_type, sample.symbol, sample.currency)
        )
    ORDER BY instance_id, metric_type, symbol, currency
    ON CONFLICT (instance_id, metric_type, symbol, currency) DO UPDATE SET symbol = excluded.symbol
    RETURNING series_id, instance_id, metric_type, symbol, currency
),
series AS (
    SELECT series_id, instance_id, metric_type, symbol, currency
    FROM metric_series
    WHERE (instance_id, metric_type, symbol, currency) IN (SELECT instance_id, metric_type, symbol, currency FROM sample)
    UNION ALL
    SELECT series_id, instance_id, metric_type, symbol, currency
    FROM new_series
),
stored AS (
    INSERT INTO metric_samples (series_id, ts, value)
    SELECT DISTINCT ON (series_id, ts) series_id, ts, value
    FROM sample
    JOIN series USING (instance_id, metric_type, symbol, currency)
    ORDER BY series_id, ts, ordinal DESC
    ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value
)
SELECT ordinal, is_known
FROM sample
