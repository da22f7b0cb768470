-- What was earned in all and by mode, all of one moment. The row without a mode is the total.
-- name: netPnl :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?
-- out: generated_at timestamptz, runtime_mode text(RuntimeMode)?, realized numeric, unrealized numeric, fees numeric
-- out: funding numeric, net numeric
WITH earned AS (
    -- The newest value of each instance and symbol.
    SELECT series.instance_id, series.metric_type AS kind, newest.value
    FROM metric_series AS series
    CROSS JOIN LATERAL (
        SELECT value
        FROM metric_samples
        WHERE series_id = series.series_id
        ORDER BY ts DESC
        LIMIT 1
    ) AS newest
    WHERE series.metric_type IN ('realized_pnl', 'unrealized_pnl')
        AND (:symbol IS NULL OR series.symbol = :symbol)
    UNION ALL
    SELECT instance_id, cost_type, sum(amount)
    FROM cost_entries
    WHERE :symbol IS NULL OR symbol = :symbol
    GROUP BY instance_id, cost_type
),
part AS (
    SELECT
        live.runtime_mode,
        coalesce(sum(value) FILTER (WHERE kind = 'realized_pnl'), 0) AS realized,
        coalesce(sum(value) FILTER (WHERE kind = 'unrealized_pnl'), 0) AS unrealized,
        coalesce(sum(value) FILTER (WHERE kind = 'FEE'), 0) AS fees,
        coalesce(sum(value) FILTER (WHERE kind = 'FUNDING'), 0) AS funding
    FROM earned
    JOIN instance_live AS live USING (instance_id)
    WHERE :mode IS NULL OR live.runtime_mode = :mode
    GROUP BY GROUPING SETS ((live.runtime_mode), ())
)
SELECT now(), runtime_mode, realized, unrealized, fees, funding, realized + unrealized - fees + funding
FROM part
ORDER BY runtime_mode
