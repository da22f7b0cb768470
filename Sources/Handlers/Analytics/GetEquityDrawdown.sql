-- How far the equity has fallen from its peaks.
-- name: equityDrawdown :one
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?
-- out: generated_at timestamptz, currency text, samples int8, peak numeric, latest numeric, max_fall numeric
-- out: max_fraction float8, current_fraction float8
WITH fall AS (
    SELECT
        currency, ts, samples, equity, peak, peak - equity AS depth,
        CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END AS fraction
    FROM equity_points(:symbol, :mode, :currency)
)
SELECT
    now(),
    min(currency),
    coalesce(sum(samples), 0)::int8,
    coalesce(max(peak), 0),
    coalesce((array_agg(equity ORDER BY ts DESC))[1], 0),
    coalesce(max(depth), 0),
    max(fraction)::float8,
    (array_agg(fraction ORDER BY ts DESC))[1]::float8
FROM fall
