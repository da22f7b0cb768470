-- How the equity went: at each time the newest value of every series, summed, and how far that is below its highest so far. With a step,
-- the last value of each; steps are counted from 1970, so that they are the same for every caller.
-- name: equityCurve :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?, from timestamptz?, to timestamptz?, step_seconds int8?, limit int8
-- out: currency text, ts timestamptz, equity numeric, fall float8
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
sample AS (
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
)
SELECT DISTINCT ON (2)
    meant.currency,
    CASE WHEN :step_seconds IS NULL THEN ts ELSE date_bin(:step_seconds * interval '1 second', ts, 'epoch'::timestamptz) END,
    equity,
    CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8
FROM point
CROSS JOIN meant
WHERE (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
ORDER BY 2, ts DESC
LIMIT :limit
