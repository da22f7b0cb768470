-- The decline of the equity from its peaks; null figures without samples.
-- name: equityDrawdown :one
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?, books text?
-- out: generated_at timestamptz, currency text?, other_currencies text[], resolution text(EquityResolution), samples int8
-- out: peak numeric?, latest numeric?, max_fall numeric?, max_fraction float8?, current_fraction float8?
WITH fall AS (
    SELECT
        currency, other_currencies, resolution, ts, samples, equity, peak, peak - equity AS depth,
        CASE WHEN peak > 0 THEN (peak - equity) / peak WHEN peak <= 0 THEN 0 END AS fraction
    FROM equity_history(:symbol, :mode, :currency, :books)
)
SELECT
    now(),
    min(currency),
    min(other_currencies),
    min(resolution),
    coalesce(sum(samples), 0)::int8,
    max(peak),
    (array_agg(equity ORDER BY ts DESC))[1],
    max(depth),
    max(fraction)::float8,
    (array_agg(fraction ORDER BY ts DESC))[1]::float8
FROM fall
