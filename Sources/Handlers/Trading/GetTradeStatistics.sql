-- The closed trades of a range by a key and their currency. Amounts are null if one of the group's trades has none.
-- name: getTradeStatistics :many
-- import: Generated
-- in: group_by text(TradeGroup), instance_id text?, symbol text?, mode text(RuntimeMode)?, from timestamptz, to timestamptz, limit int8
-- out: key text?, currency text, trades int8, winning int8, losing int8, profit numeric?, fees numeric?, best numeric?
-- out: worst numeric?, gross_profit numeric?, gross_loss numeric?, volume numeric, average_seconds float8
WITH closed AS (
    SELECT
        trades.*,
        CASE :group_by
            WHEN 'SYMBOL' THEN symbol
            WHEN 'DAY' THEN to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            WHEN 'STRATEGY' THEN nullif(concat_ws(' ', strategy_name, strategy_version), '')
            WHEN 'BOT' THEN bot_id
            WHEN 'INSTANCE' THEN instance_id
            WHEN 'ACCOUNT' THEN venue || ' ' || account_id
            WHEN 'EXIT_REASON' THEN exit_reason
        END AS key
    FROM trades
    LEFT JOIN instances USING (instance_id)
    WHERE status = 'CLOSED'
        AND closed_at >= :from
        AND closed_at < :to
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
        AND (:mode IS NULL OR runtime_mode = :mode)
)
SELECT
    key, currency, count(*) AS trades, count(*) FILTER (WHERE profit > 0) AS winning, count(*) FILTER (WHERE profit < 0) AS losing,
    CASE WHEN count(profit) = count(*) THEN sum(profit) END AS profit,
    CASE WHEN count(fees) = count(*) THEN sum(fees) END AS fees,
    max(profit) AS best, min(profit) AS worst,
    CASE WHEN count(profit) = count(*) THEN coalesce(sum(profit) FILTER (WHERE profit > 0), 0) END AS gross_profit,
    CASE WHEN count(profit) = count(*) THEN coalesce(sum(profit) FILTER (WHERE profit < 0), 0) END AS gross_loss,
    sum(entry_quantity * entry_price) AS volume,
    avg(greatest(extract(epoch FROM closed_at - opened_at), 0))::float8 AS average_seconds
FROM closed
GROUP BY key, currency
ORDER BY
    CASE WHEN :group_by = 'DAY' THEN key END DESC,
    abs(sum(profit)) DESC NULLS LAST,
    key,
    currency
LIMIT :limit
