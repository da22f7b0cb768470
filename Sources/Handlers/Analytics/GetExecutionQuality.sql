-- name: executionQuality :one
-- in: symbol text?
-- out: generated_at timestamptz, samples int8, avg_slippage float8, avg_latency float8, avg_fill float8
-- out: p50_slippage float8, p95_slippage float8, p99_slippage float8
-- out: p50_latency float8, p95_latency float8, p99_latency float8
-- percentile_disc is the nearest rank (PostgreSQL manual, 9.21, "Ordered-Set Aggregate Functions").
SELECT
    now(),
    count(*),
    coalesce(avg(slippage_bps), 0)::float8,
    coalesce(avg(latency_ms), 0)::float8,
    coalesce(avg(fill_ratio), 0)::float8,
    coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY slippage_bps), 0)::float8,
    coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY slippage_bps), 0)::float8,
    coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY slippage_bps), 0)::float8,
    coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms), 0)::float8,
    coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms), 0)::float8,
    coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_ms), 0)::float8
FROM execution_samples
WHERE :symbol IS NULL OR symbol = :symbol
