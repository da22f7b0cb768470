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
    now() AS generated_at,
    min(currency) AS currency,
    min(other_currencies) AS other_currencies,
    min(resolution) AS resolution,
    coalesce(sum(samples), 0)::int8 AS samples,
    max(peak) AS peak,
    (array_agg(equity ORDER BY ts DESC))[1] AS latest,
    max(depth) AS max_fall,
    max(fraction)::float8 AS max_fraction,
    (array_agg(fraction ORDER BY ts DESC))[1]::float8 AS current_fraction
FROM fall
