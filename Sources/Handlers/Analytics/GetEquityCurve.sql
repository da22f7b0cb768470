-- The equity over time, and the distance of each point below the highest so far. With a step, the last point of each step; steps are
-- counted from 1970, so that they are the same for every caller. If there is no point, one row without a time.
-- name: equityCurve :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?, books text?, from timestamptz?, to timestamptz?, step_seconds int8?
-- in: limit int8
-- out: currency text?, other_currencies text[], resolution text(EquityResolution), ts timestamptz?, equity numeric?, fall float8?
WITH history AS MATERIALIZED (
    SELECT currency, other_currencies, resolution, ts, equity, peak
    FROM equity_history(:symbol, :mode, :currency, :books)
)
SELECT curve.currency, curve.other_currencies, curve.resolution, point.ts, point.equity, point.fall
FROM (SELECT currency, other_currencies, resolution FROM history LIMIT 1) AS curve
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (1)
        CASE
            WHEN :step_seconds IS NULL THEN history.ts
            ELSE date_bin(:step_seconds * interval '1 second', history.ts, 'epoch'::timestamptz)
        END AS ts,
        equity,
        CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8 AS fall
    FROM history
    WHERE history.ts IS NOT NULL
        AND (:from IS NULL OR history.ts >= :from)
        AND (:to IS NULL OR history.ts < :to)
    ORDER BY 1, history.ts DESC
    LIMIT :limit
) AS point ON true
ORDER BY point.ts
