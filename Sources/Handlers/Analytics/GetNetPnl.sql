-- What was earned by currency, and by mode of each, all of one moment. The row without a mode is its currency's total; an empty currency
-- is the books' own. Nothing earned is no row.
-- name: netPnl :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?
-- out: currency text, runtime_mode text(RuntimeMode)?, realized numeric, unrealized numeric, fees numeric, funding numeric
-- out: net numeric
WITH earned AS (
    -- The newest value of each instance and symbol.
    SELECT series.instance_id, series.metric_type AS kind, series.currency, newest.value
    FROM metric_series AS series
    JOIN metric_latest AS newest USING (series_id)
    WHERE series.metric_type IN ('realized_pnl', 'unrealized_pnl')
        AND (:symbol IS NULL OR series.symbol = :symbol)
    UNION ALL
    SELECT instance_id, cost_type, currency, amount
    FROM cost_sums
    WHERE :symbol IS NULL OR symbol = :symbol
),
part AS (
    SELECT
        currency,
        live.runtime_mode,
        coalesce(sum(value) FILTER (WHERE kind = 'realized_pnl'), 0) AS realized,
        coalesce(sum(value) FILTER (WHERE kind = 'unrealized_pnl'), 0) AS unrealized,
        coalesce(sum(value) FILTER (WHERE kind = 'FEE'), 0) AS fees,
        coalesce(sum(value) FILTER (WHERE kind = 'FUNDING'), 0) AS funding
    FROM earned
    JOIN instance_modes AS live USING (instance_id)
    WHERE :mode IS NULL OR live.runtime_mode = :mode
    GROUP BY GROUPING SETS ((currency, live.runtime_mode), (currency))
)
SELECT currency, runtime_mode, realized, unrealized, fees, funding, realized + unrealized - fees + funding
FROM part
ORDER BY currency, runtime_mode
