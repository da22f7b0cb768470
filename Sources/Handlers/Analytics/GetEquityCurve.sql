-- The equity over time, and the distance of each point below the highest so far. With a step, the last point of each step; steps are
-- counted from 1970, so that they are the same for every caller. If there is no point, one row without a time.
-- name: equityCurve :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?, books text?, from timestamptz?, to timestamptz?, step_seconds int8?
-- in: limit int8
-- out: currency text?, other_currencies text[], resolution text(EquityResolution), peak numeric?, deepest float8?, ts timestamptz?
-- out: equity numeric?, fall float8?
WITH history AS MATERIALIZED (
    SELECT
        currency, other_currencies, resolution, ts, equity, peak, CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8 AS fall
    FROM equity_history(:symbol, :mode, :currency, :books)
),
meant AS MATERIALIZED (
    SELECT *
    FROM history
    WHERE ts IS NOT NULL
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
)
SELECT
    curve.currency, curve.other_currencies, curve.resolution,
    (SELECT max(peak) FROM meant) AS peak,
    (SELECT max(fall) FROM meant) AS deepest,
    point.ts, point.equity, point.fall
FROM (SELECT currency, other_currencies, resolution FROM history LIMIT 1) AS curve
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (1)
        CASE
            WHEN :step_seconds IS NULL THEN meant.ts
            ELSE date_bin(:step_seconds * interval '1 second', meant.ts, 'epoch'::timestamptz)
        END AS ts,
        equity,
        fall
    FROM meant
    ORDER BY 1, meant.ts DESC
    LIMIT :limit
) AS point ON true
ORDER BY point.ts
