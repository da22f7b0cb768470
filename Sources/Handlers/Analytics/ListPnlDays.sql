-- name: pnlDays :many
-- import: Generated
-- in: mode text(RuntimeMode)?, currency text?, books text?, days int8
-- out: day text, currency text, realized numeric, unrealized numeric, fees numeric, funding numeric, net numeric
SELECT
    day::text, currency, realized, unrealized, fees, funding, realized + unrealized - fees + funding AS net
FROM (
    SELECT
        day, named_currency(currency, :books) AS currency, sum(realized) AS realized, sum(unrealized) AS unrealized, sum(fees) AS fees,
        sum(funding) AS funding
    FROM pnl_changes
    WHERE day > (now() AT TIME ZONE 'UTC')::date - :days::int4
        AND (:mode IS NULL OR runtime_mode = :mode)
        AND (:currency IS NULL OR named_currency(currency, :books) = :currency)
    GROUP BY 1, 2
) AS changed
WHERE (realized, unrealized, fees, funding) <> (0, 0, 0, 0)
ORDER BY day DESC, currency

-- name: pnlDay :many
-- import: Generated
-- in: day text, mode text(RuntimeMode)?, currency text?, books text?, limit int8, offset int8
-- out: instance_id text, bot_id text?, runtime_mode text(RuntimeMode), currency text
-- out: realized numeric, unrealized numeric, fees numeric, funding numeric, net numeric
SELECT
    changed.instance_id, bot_id, runtime_mode, named_currency(currency, :books) AS currency, realized, unrealized, fees, funding,
    realized + unrealized - fees + funding AS net
FROM pnl_changes AS changed
LEFT JOIN instances ON instances.instance_id = changed.instance_id AND deleted_at IS NULL
WHERE day = :day::date
    AND (:mode IS NULL OR runtime_mode = :mode)
    AND (:currency IS NULL OR named_currency(currency, :books) = :currency)
    AND (realized, unrealized, fees, funding) <> (0, 0, 0, 0)
ORDER BY named_currency(currency, :books), net, changed.instance_id
LIMIT :limit
OFFSET :offset

-- name: countPnlDay :one
-- import: Generated
-- in: day text, mode text(RuntimeMode)?, currency text?, books text?
-- out: count int8, as_of timestamptz?
SELECT count(*) AS count, (SELECT nullif(noted_at, '-infinity') FROM performance_horizon) AS as_of
FROM pnl_changes
WHERE day = :day::date
    AND (:mode IS NULL OR runtime_mode = :mode)
    AND (:currency IS NULL OR named_currency(currency, :books) = :currency)
    AND (realized, unrealized, fees, funding) <> (0, 0, 0, 0)

-- name: performanceTime :one
-- out: as_of timestamptz?
SELECT nullif(noted_at, '-infinity') AS as_of FROM performance_horizon
