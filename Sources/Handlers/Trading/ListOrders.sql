-- name: listOrders :many
-- import: Generated
-- in: bot_id text?, instance_id text?, symbol text?, status text(OrderStatus)?, from timestamptz?, to timestamptz?
-- in: after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, instance_id text, bot_id text, order_id text, trade_id text?, venue text, account_id text, symbol text
-- out: side text(Side), order_type text, status text(OrderStatus), quantity numeric, filled_quantity numeric, price numeric?
-- out: average_price numeric?, is_reduce_only bool?, tag text?, created_at timestamptz, updated_at timestamptz
SELECT
    ordinal, instance_id, bot_id, order_id, trade_id, venue, account_id, symbol, side, order_type, status, quantity, filled_quantity, price,
    average_price, is_reduce_only, tag, orders.created_at, updated_at
FROM orders
JOIN instances USING (instance_id)
WHERE (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:status IS NULL OR status = :status)
    AND (:from IS NULL OR orders.created_at >= :from)
    AND (:to IS NULL OR orders.created_at < :to)
    AND (orders.created_at, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY orders.created_at DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countOrders :one
-- import: Generated
-- in: bot_id text?, instance_id text?, symbol text?, status text(OrderStatus)?, from timestamptz?, to timestamptz?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM orders
    WHERE (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
        AND (:status IS NULL OR status = :status)
        AND (:from IS NULL OR created_at >= :from)
        AND (:to IS NULL OR created_at < :to)
    LIMIT :most
) AS counted
