-- name: pnlWaterfall :many
-- import: Generated
-- in: day text, mode text(RuntimeMode)?, currency text?, books text?
-- out: currency text, realized numeric, realized_instances int8, unrealized numeric, unrealized_instances int8, fees numeric
-- out: fee_instances int8, funding numeric, funding_instances int8, net numeric
SELECT
    currency, realized, realized_instances, unrealized, unrealized_instances, fees, fee_instances, funding, funding_instances,
    realized + unrealized - fees + funding AS net
FROM (
    SELECT
        named_currency(currency, :books) AS currency,
        sum(realized) AS realized,
        count(DISTINCT instance_id) FILTER (WHERE realized <> 0) AS realized_instances,
        sum(unrealized) AS unrealized,
        count(DISTINCT instance_id) FILTER (WHERE unrealized <> 0) AS unrealized_instances,
        sum(fees) AS fees,
        count(DISTINCT instance_id) FILTER (WHERE fees <> 0) AS fee_instances,
        sum(funding) AS funding,
        count(DISTINCT instance_id) FILTER (WHERE funding <> 0) AS funding_instances
    FROM pnl_changes
    WHERE day = :day::date
        AND (:mode IS NULL OR runtime_mode = :mode)
        AND (:currency IS NULL OR named_currency(currency, :books) = :currency)
        AND (realized, unrealized, fees, funding) <> (0, 0, 0, 0)
    GROUP BY 1
) AS changed
ORDER BY currency
