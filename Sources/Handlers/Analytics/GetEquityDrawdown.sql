-- The equity of a moment is the newest of each series, summed: a sample changes it by its difference to the one before.
-- name: equityDrawdown :one
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?
-- out: generated_at timestamptz, currency text, samples int8, peak numeric, latest numeric, max_fall numeric, max_fraction float8
-- out: current_fraction float8
WITH series AS MATERIALIZED (
    SELECT series_id, currency
    FROM metric_series AS series
    JOIN instance_live AS live USING (instance_id)
    WHERE series.metric_type = 'equity'
        AND (:symbol IS NULL OR series.symbol = :symbol)
        AND (:mode IS NULL OR live.runtime_mode = :mode)
),
meant AS MATERIALIZED (
    SELECT coalesce(:currency, (SELECT main_currency(array_agg(currency)) FROM series)) AS currency
),
sample AS MATERIALIZED (
    SELECT ts, value - coalesce(lag(value) OVER (PARTITION BY series_id ORDER BY ts), 0) AS change
    FROM metric_samples
    JOIN series USING (series_id)
    JOIN meant USING (currency)
),
total AS (
    SELECT ts, sum(sum(change)) OVER (ORDER BY ts) AS equity
    FROM sample
    GROUP BY ts
),
point AS (
    SELECT ts, equity, max(equity) OVER (ORDER BY ts) AS peak
    FROM total
),
fall AS (
    SELECT ts, equity, peak, peak - equity AS depth, CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END AS fraction
    FROM point
)
SELECT
    now(),
    (SELECT currency FROM meant),
    (SELECT count(*) FROM sample),
    coalesce(max(peak), 0),
    coalesce((array_agg(equity ORDER BY ts DESC))[1], 0),
    coalesce(max(depth), 0),
    coalesce(max(fraction), 0)::float8,
    coalesce((array_agg(fraction ORDER BY ts DESC))[1], 0)::float8
FROM fall
