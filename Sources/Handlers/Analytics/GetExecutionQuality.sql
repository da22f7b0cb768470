-- Means from running sums, and percentiles from counted values, which have three digits; the latest samples are added.
-- name: executionQuality :one
-- in: symbol text?
-- out: generated_at timestamptz, samples int8, avg_slippage float8, avg_latency float8, avg_fill float8
-- out: p50_slippage float8, p95_slippage float8, p99_slippage float8
-- out: p50_latency float8, p95_latency float8, p99_latency float8
WITH recent AS MATERIALIZED (
    SELECT slippage_bps, latency_ms, fill_ratio
    FROM unsummed_executions
    WHERE :symbol IS NULL OR symbol = :symbol
),
total AS (
    SELECT sum(samples) AS samples, sum(slippage) AS slippage, sum(latency) AS latency, sum(fill) AS fill
    FROM (
        SELECT samples, slippage, latency, fill FROM execution_totals WHERE :symbol IS NULL OR symbol = :symbol
        UNION ALL
        SELECT 1, slippage_bps, latency_ms, fill_ratio FROM recent
    ) AS part
),
counted AS (
    SELECT measure, value, samples::float8 AS samples FROM execution_values WHERE symbol = coalesce(:symbol, '')
    UNION ALL
    SELECT measure, three_digits(value), 1
    FROM recent
    CROSS JOIN LATERAL (VALUES (1::int2, slippage_bps), (2::int2, latency_ms)) AS measured (measure, value)
),
-- The nearest rank: the first value at which the requested fraction is reached.
ranked AS (
    SELECT
        measure,
        value,
        sum(samples) OVER (PARTITION BY measure ORDER BY value) / sum(samples) OVER (PARTITION BY measure) AS share
    FROM counted
)
SELECT
    now() AS generated_at,
    coalesce(min(samples), 0)::int8 AS samples,
    coalesce(min(total.slippage / samples), 0)::float8 AS avg_slippage,
    coalesce(min(total.latency / samples), 0)::float8 AS avg_latency,
    coalesce(min(total.fill / samples), 0)::float8 AS avg_fill,
    coalesce(min(value) FILTER (WHERE measure = 1 AND share >= 0.5), 0) AS p50_slippage,
    coalesce(min(value) FILTER (WHERE measure = 1 AND share >= 0.95), 0) AS p95_slippage,
    coalesce(min(value) FILTER (WHERE measure = 1 AND share >= 0.99), 0) AS p99_slippage,
    coalesce(min(value) FILTER (WHERE measure = 2 AND share >= 0.5), 0) AS p50_latency,
    coalesce(min(value) FILTER (WHERE measure = 2 AND share >= 0.95), 0) AS p95_latency,
    coalesce(min(value) FILTER (WHERE measure = 2 AND share >= 0.99), 0) AS p99_latency
FROM total
LEFT JOIN ranked ON true
