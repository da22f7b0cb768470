-- The recorded equity, and the distance of each point below the highest listed one so far. With a step, the last point of each step; steps
-- are counted from 1970, so that they are the same for every caller. If there is no point, one row without a time.
-- name: fleetEquity :many
-- import: Generated
-- in: mode text(RuntimeMode)?, currency text?, books text?, from timestamptz?, to timestamptz?, step_seconds int8, limit int8
-- out: currency text?, other_currencies text[], peak numeric?, deepest float8?, ts timestamptz?, equity numeric?, fall float8?
-- out: instances int8?
WITH noted AS MATERIALIZED (
    SELECT
        named_currency(currency, :books) AS currency,
        ts,
        sum(equity) AS equity,
        -- Unknown if it was not noted for a part.
        CASE WHEN count(*) = count(instances) THEN sum(instances)::int8 END AS instances
    FROM fleet_equity
    WHERE (:mode IS NULL OR runtime_mode = :mode)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
    GROUP BY 1, 2
),
known AS (
    SELECT array_agg(DISTINCT currency) AS currencies FROM noted
),
curve AS MATERIALIZED (
    SELECT currencies, coalesce(:currency, total_currency(currencies, :books)) AS currency FROM known
),
climbed AS (
    SELECT *, max(equity) OVER (ORDER BY ts) AS peak
    FROM noted
    WHERE currency = (SELECT curve.currency FROM curve)
),
meant AS MATERIALIZED (
    SELECT *, CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8 AS fall
    FROM climbed
)
SELECT
    curve.currency,
    ARRAY (SELECT other FROM unnest(currencies) AS other WHERE other IS DISTINCT FROM curve.currency ORDER BY other) AS other_currencies,
    (SELECT max(peak) FROM meant) AS peak,
    (SELECT max(fall) FROM meant) AS deepest,
    point.ts, point.equity, point.fall, point.instances
FROM curve
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (1)
        date_bin(:step_seconds::int8 * interval '1 second', meant.ts, 'epoch'::timestamptz) AS ts,
        equity,
        fall,
        instances
    FROM meant
    ORDER BY 1, meant.ts DESC
    LIMIT :limit
) AS point ON true
ORDER BY point.ts
