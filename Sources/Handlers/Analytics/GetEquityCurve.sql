-- How the equity went, and how far each point is below the highest so far. With a step, the last point of each; steps are counted from
-- 1970, so that they are the same for every caller.
-- name: equityCurve :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?, from timestamptz?, to timestamptz?, step_seconds int8?, limit int8
-- out: currency text, ts timestamptz, equity numeric, fall float8
SELECT DISTINCT ON (2)
    currency,
    CASE WHEN :step_seconds IS NULL THEN ts ELSE date_bin(:step_seconds * interval '1 second', ts, 'epoch'::timestamptz) END,
    equity,
    CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8
FROM equity_points(:symbol, :mode, :currency)
WHERE ts IS NOT NULL
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
ORDER BY 2, ts DESC
LIMIT :limit
