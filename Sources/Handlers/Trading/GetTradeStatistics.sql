-- The trades by a key and their currency: the closed ones of a range, and the open ones unless the key is that of an end. An amount is null if
-- one of its trades has none.
-- name: getTradeStatistics :many
-- import: Generated
-- in: group_by text(TradeGroup), bot_id text?, instance_id text?, symbol text?, mode text(RuntimeMode)?, account_id text?
-- in: currency text?, from timestamptz, to timestamptz, limit int8
-- out: key text?, currency text, trades int8, winning int8, losing int8, profit numeric?, fees numeric?, best numeric?
-- out: worst numeric?, gross_profit numeric?, gross_loss numeric?, volume numeric, average_seconds float8?, open_trades int8?
-- out: unrealized_profit numeric?
WITH selected AS (
    SELECT
        currency, unrealized_profit, entry_quantity, entry_price, opened_at, closed_at,
        CASE WHEN status = 'CLOSED' THEN profit END AS profit,
        CASE WHEN status = 'CLOSED' THEN fees END AS fees,
        CASE :group_by
            WHEN 'SYMBOL' THEN symbol
            WHEN 'DAY' THEN to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            WHEN 'WEEK' THEN to_char(closed_at AT TIME ZONE 'UTC', 'IYYY-"W"IW')
            WHEN 'MONTH' THEN to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM')
            WHEN 'STRATEGY' THEN nullif(concat_ws(' ', strategy_name, strategy_version), '')
            WHEN 'BOT' THEN bot_id
            WHEN 'INSTANCE' THEN instance_id
            WHEN 'ACCOUNT' THEN venue || ' ' || account_id
            WHEN 'EXIT_REASON' THEN exit_reason
        END AS key,
        is_of_end
    FROM trades
    LEFT JOIN instances USING (instance_id)
    CROSS JOIN (SELECT :group_by IN ('DAY', 'WEEK', 'MONTH', 'EXIT_REASON') AS is_of_end) AS kind
    WHERE (
            (status = 'CLOSED' AND closed_at >= :from AND closed_at < :to)
            OR (status = 'OPEN' AND NOT is_of_end)
        )
        AND (:bot_id IS NULL OR bot_id = :bot_id)
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
        AND (:mode IS NULL OR runtime_mode = :mode)
        AND (:account_id IS NULL OR account_id = :account_id)
        AND (:currency IS NULL OR currency = :currency)
)
SELECT
    key, currency, count(closed_at) AS trades, count(*) FILTER (WHERE profit > 0) AS winning, count(*) FILTER (WHERE profit < 0) AS losing,
    CASE WHEN count(profit) = count(closed_at) THEN coalesce(sum(profit), 0) END AS profit,
    CASE WHEN count(fees) = count(closed_at) THEN coalesce(sum(fees), 0) END AS fees,
    max(profit) AS best, min(profit) AS worst,
    CASE WHEN count(profit) = count(closed_at) THEN coalesce(sum(profit) FILTER (WHERE profit > 0), 0) END AS gross_profit,
    CASE WHEN count(profit) = count(closed_at) THEN coalesce(sum(profit) FILTER (WHERE profit < 0), 0) END AS gross_loss,
    coalesce(sum(entry_quantity * entry_price) FILTER (WHERE closed_at IS NOT NULL), 0) AS volume,
    (avg(greatest(extract(epoch FROM closed_at - opened_at), 0)) FILTER (WHERE closed_at IS NOT NULL))::float8 AS average_seconds,
    CASE WHEN NOT is_of_end THEN count(*) - count(closed_at) END AS open_trades,
    CASE
        WHEN NOT is_of_end AND count(*) FILTER (WHERE closed_at IS NULL AND unrealized_profit IS NULL) = 0
            THEN coalesce(sum(unrealized_profit), 0)
    END AS unrealized_profit
FROM selected
GROUP BY key, currency, is_of_end
ORDER BY
    CASE WHEN :group_by IN ('DAY', 'WEEK', 'MONTH') THEN key END DESC,
    abs(sum(profit)) DESC NULLS LAST,
    key,
    currency
LIMIT :limit
