-- The net PnL, all of one moment. A row with a currency has its figures, and the rate that converts them. The other rows are converted and
-- summed: one per mode, and the total with neither. An amount without a rate makes their figures null. Without earnings, there is no row.
-- name: netPnl :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?, books text?, rate_seconds int8
-- out: total_currency text?, currency text?, runtime_mode text(RuntimeMode)?, rate numeric?, rate_at timestamptz?, rate_age int8?
-- out: realized numeric?, unrealized numeric?, fees numeric?, funding numeric?, net numeric?
WITH earned AS (
    -- The newest value of each instance and symbol.
    SELECT named_currency(series.currency, :books) AS currency, live.runtime_mode, series.metric_type AS kind, sum(newest.value) AS amount
    FROM metric_series AS series
    JOIN metric_latest AS newest USING (series_id)
    JOIN instance_modes AS live USING (instance_id)
    WHERE series.metric_type IN ('realized_pnl', 'unrealized_pnl')
        AND (:symbol IS NULL OR series.symbol = :symbol)
        AND (:mode IS NULL OR live.runtime_mode = :mode)
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT named_currency(costs.currency, :books), live.runtime_mode, costs.cost_type, sum(costs.amount)
    FROM cost_sums AS costs
    JOIN instance_modes AS live USING (instance_id)
    WHERE (:symbol IS NULL OR costs.symbol = :symbol)
        AND (:mode IS NULL OR live.runtime_mode = :mode)
    GROUP BY 1, 2, 3
),
part AS MATERIALIZED (
    SELECT
        currency,
        runtime_mode,
        coalesce(sum(amount) FILTER (WHERE kind = 'realized_pnl'), 0) AS realized,
        coalesce(sum(amount) FILTER (WHERE kind = 'unrealized_pnl'), 0) AS unrealized,
        coalesce(sum(amount) FILTER (WHERE kind = 'FEE'), 0) AS fees,
        coalesce(sum(amount) FILTER (WHERE kind = 'FUNDING'), 0) AS funding
    FROM earned
    WHERE :currency IS NULL OR currency = :currency
    GROUP BY GROUPING SETS ((currency, runtime_mode), (currency))
),
-- A currency whose amounts are 0 does not count if there are others.
total AS (
    SELECT coalesce(
        total_currency(array_agg(currency) FILTER (WHERE (realized, unrealized, fees, funding) <> (0, 0, 0, 0)), :books),
        total_currency(array_agg(currency), :books)
    ) AS currency
    FROM part
),
valued AS (
    SELECT
        part.*, total.currency AS total_currency, CASE WHEN part.currency = total.currency THEN 1 ELSE known.rate END AS rate,
        known.ts AS rate_at, known.age_seconds AS rate_age
    FROM part
    CROSS JOIN total
    LEFT JOIN usable_rates(:books, :rate_seconds) AS known ON known.currency = part.currency
),
line AS (
    SELECT total_currency, currency, NULL AS runtime_mode, rate, rate_at, rate_age, realized, unrealized, fees, funding
    FROM valued
    WHERE runtime_mode IS NULL
    UNION ALL
    SELECT
        min(total_currency), NULL, runtime_mode, NULL, NULL, NULL, nullif(sum(in_books(realized, rate)), 'NaN'),
        nullif(sum(in_books(unrealized, rate)), 'NaN'), nullif(sum(in_books(fees, rate)), 'NaN'),
        nullif(sum(in_books(funding, rate)), 'NaN')
    FROM valued
    GROUP BY runtime_mode
)
SELECT
    total_currency, currency, runtime_mode, rate, rate_at, rate_age, realized, unrealized, fees, funding,
    realized + unrealized - fees + funding AS net
FROM line
ORDER BY currency, runtime_mode
