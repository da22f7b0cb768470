-- What is held in all, by symbol and by mode, all of one moment. A row has a symbol, a mode, or neither.
-- name: exposure :many
-- import: Generated
-- in: mode text(RuntimeMode)?, stale_seconds int8
-- out: generated_at timestamptz, symbol text?, runtime_mode text(RuntimeMode)?, net numeric, gross numeric, positions int8
-- out: symbols int8, stale_net numeric, stale_gross numeric, stale_positions int8
WITH held AS (
    SELECT
        position.symbol,
        live.runtime_mode,
        position.net_exposure,
        position.gross_exposure,
        live.last_seen < now() - :stale_seconds * interval '1 second' AS is_stale
    FROM positions AS position
    JOIN instance_live AS live USING (instance_id)
    WHERE :mode IS NULL OR live.runtime_mode = :mode
)
SELECT
    now(),
    symbol,
    runtime_mode,
    coalesce(sum(net_exposure), 0),
    coalesce(sum(gross_exposure), 0),
    count(*),
    count(DISTINCT symbol),
    coalesce(sum(net_exposure) FILTER (WHERE is_stale), 0),
    coalesce(sum(gross_exposure) FILTER (WHERE is_stale), 0),
    count(*) FILTER (WHERE is_stale)
FROM held
GROUP BY GROUPING SETS ((symbol), (runtime_mode), ())
ORDER BY symbol, runtime_mode

-- The newest equity of each instance and symbol, summed: in the books' own currency, or in the only one there is.
-- name: latestEquity :one
-- import: Generated
-- in: mode text(RuntimeMode)?
-- out: equity numeric
WITH series AS MATERIALIZED (
    SELECT series_id, currency
    FROM metric_series AS series
    JOIN instance_live AS live USING (instance_id)
    WHERE series.metric_type = 'equity'
        AND (:mode IS NULL OR live.runtime_mode = :mode)
)
SELECT coalesce(sum(newest.value), 0)
FROM series
CROSS JOIN LATERAL (
    SELECT value
    FROM metric_samples
    WHERE series_id = series.series_id
    ORDER BY ts DESC
    LIMIT 1
) AS newest
WHERE currency = (SELECT main_currency(array_agg(currency)) FROM series)
