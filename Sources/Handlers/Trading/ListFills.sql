-- name: listFills :many
-- import: Generated
-- in: bot_id text?, instance_id text?, symbol text?, trade_id text?, from timestamptz?, to timestamptz?
-- in: after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, instance_id text, bot_id text?, fill_id text, order_id text?, trade_id text?, venue text, account_id text
-- out: symbol text, side text(Side), quantity numeric, price numeric, quote_currency text?, fee numeric?, fee_currency text?
-- out: liquidity text(Liquidity)?, ts timestamptz, received_at timestamptz
SELECT
    ordinal, instance_id, bot_id, fill_id, order_id, trade_id, venue, account_id, symbol, side, quantity, price, quote_currency, fee,
    fee_currency, liquidity, ts, received_at
FROM fills
LEFT JOIN instances USING (instance_id)
WHERE (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:trade_id IS NULL OR trade_id = :trade_id)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
    AND (ts, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY ts DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countFills :one
-- in: bot_id text?, instance_id text?, symbol text?, trade_id text?, from timestamptz?, to timestamptz?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM fills
    WHERE (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
        AND (:trade_id IS NULL OR trade_id = :trade_id)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
    LIMIT :most
) AS counted
