-- The parts of the net PnL, by instance, symbol and currency.
-- name: netPnlParts :many
-- import: Generated
-- in: instance_id text?, symbol text?, mode text(RuntimeMode)?, currency text?, books text?, limit int8, offset int8
-- out: total int8, instance_id text, symbol text, runtime_mode text(RuntimeMode), currency text, realized numeric
-- out: realized_at timestamptz?, unrealized numeric, unrealized_at timestamptz?, fees numeric, fee_entries int8
-- out: funding numeric, funding_entries int8, net numeric
WITH earned AS (
    SELECT series.instance_id, series.symbol, named_currency(series.currency, :books) AS currency, series.metric_type AS kind, newest.value, newest.ts, 1 AS entries
    FROM metric_series AS series
    JOIN metric_latest AS newest USING (series_id)
    WHERE series.metric_type IN ('realized_pnl', 'unrealized_pnl')
    UNION ALL
    SELECT instance_id, symbol, named_currency(currency, :books), cost_type, amount, last_at, entries
    FROM cost_sums
),
part AS (
    SELECT
        instance_id,
        earned.symbol,
        live.runtime_mode,
        currency,
        coalesce(sum(value) FILTER (WHERE kind = 'realized_pnl'), 0) AS realized,
        max(ts) FILTER (WHERE kind = 'realized_pnl') AS realized_at,
        coalesce(sum(value) FILTER (WHERE kind = 'unrealized_pnl'), 0) AS unrealized,
        max(ts) FILTER (WHERE kind = 'unrealized_pnl') AS unrealized_at,
        coalesce(sum(value) FILTER (WHERE kind = 'FEE'), 0) AS fees,
        coalesce(sum(entries) FILTER (WHERE kind = 'FEE'), 0) AS fee_entries,
        coalesce(sum(value) FILTER (WHERE kind = 'FUNDING'), 0) AS funding,
        coalesce(sum(entries) FILTER (WHERE kind = 'FUNDING'), 0) AS funding_entries
    FROM earned
    JOIN instance_modes AS live USING (instance_id)
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR earned.symbol = :symbol)
        AND (:mode IS NULL OR live.runtime_mode = :mode)
        AND (:currency IS NULL OR currency = :currency)
    GROUP BY instance_id, earned.symbol, live.runtime_mode, currency
)
SELECT
    count(*) OVER () AS total, instance_id, symbol, runtime_mode, currency, realized, realized_at, unrealized, unrealized_at, fees,
    fee_entries::int8, funding, funding_entries::int8, realized + unrealized - fees + funding AS net
FROM part
ORDER BY instance_id, symbol, currency
LIMIT :limit
OFFSET :offset
