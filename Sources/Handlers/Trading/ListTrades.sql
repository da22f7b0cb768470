-- name: listTrades :many
-- import: Generated
-- in: bot_id text?, instance_id text?, symbol text?, mode text(RuntimeMode)?, account_id text?, currency text?
-- in: status text(TradeStatus)?, from timestamptz?, to timestamptz?, after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, instance_id text, bot_id text?, trade_id text, runtime_mode text(RuntimeMode), venue text, account_id text
-- out: symbol text, side text(TradeSide), status text(TradeStatus), quantity numeric, entry_quantity numeric, entry_price numeric
-- out: exit_price numeric?, current_price numeric?, leverage numeric?, profit numeric?, unrealized_profit numeric?, fees numeric?
-- out: currency text, strategy_name text?, strategy_version text?, entry_tag text?, exit_reason text?, opened_at timestamptz
-- out: closed_at timestamptz?, updated_at timestamptz, last_at timestamptz
SELECT
    ordinal, instance_id, bot_id, trade_id, runtime_mode, venue, account_id, symbol, side, status, quantity, entry_quantity, entry_price,
    exit_price, current_price, leverage, profit, unrealized_profit, fees, currency, strategy_name, strategy_version, entry_tag, exit_reason,
    opened_at, closed_at, updated_at, last_at
FROM trades
LEFT JOIN instances USING (instance_id)
WHERE (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:mode IS NULL OR runtime_mode = :mode)
    AND (:account_id IS NULL OR account_id = :account_id)
    AND (:currency IS NULL OR currency = :currency)
    AND (:status IS NULL OR status = :status)
    AND (:from IS NULL OR last_at >= :from)
    AND (:to IS NULL OR last_at < :to)
    AND (last_at, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY last_at DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countTrades :one
-- import: Generated
-- in: bot_id text?, instance_id text?, symbol text?, mode text(RuntimeMode)?, account_id text?, currency text?
-- in: status text(TradeStatus)?, from timestamptz?, to timestamptz?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM trades
    WHERE (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
        AND (:mode IS NULL OR runtime_mode = :mode)
        AND (:account_id IS NULL OR account_id = :account_id)
        AND (:currency IS NULL OR currency = :currency)
        AND (:status IS NULL OR status = :status)
        AND (:from IS NULL OR last_at >= :from)
        AND (:to IS NULL OR last_at < :to)
    LIMIT :most
) AS counted
