-- The equity that was noted, and how far each point is below the highest of those that are listed. With a step, the last point of each; steps
-- are counted from 1970, so that they are the same for every caller.
-- name: fleetEquity :many
-- import: Generated
-- in: mode text(RuntimeMode)?, currency text?, from timestamptz?, to timestamptz?, step_seconds int8, limit int8
-- out: currency text, ts timestamptz, equity numeric, fall float8
WITH noted AS MATERIALIZED (
    SELECT currency, ts, sum(equity) AS equity
    FROM fleet_equity
    WHERE (:mode IS NULL OR runtime_mode = :mode)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
    GROUP BY currency, ts
),
meant AS MATERIALIZED (
    SELECT *, max(equity) OVER (ORDER BY ts) AS peak
    FROM noted
    WHERE currency = coalesce(:currency, (SELECT main_currency(array_agg(DISTINCT known.currency)) FROM noted AS known))
)
SELECT DISTINCT ON (2)
    currency,
    date_bin(:step_seconds::int8 * interval '1 second', ts, 'epoch'::timestamptz),
    equity,
    CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8
FROM meant
ORDER BY 2, ts DESC
LIMIT :limit
