-- name: listPositions :many
-- import: Generated
-- in: stale_seconds int8, bot_id text?, instance_id text?, exchange text?, symbol text?, mode text(RuntimeMode)?, currency text?
-- in: is_stale bool?, books text?, limit int8, offset int8
-- out: instance_id text, bot_id text, runtime_mode text(RuntimeMode), exchange text, symbol text, net_exposure numeric
-- out: gross_exposure numeric, currency text, updated_at timestamptz, is_stale bool
SELECT
    instance_id, bot_id, live.runtime_mode, exchange, positions.symbol, net_exposure, gross_exposure,
    named_currency(currency, :books) AS currency, updated_at, updated_at < (SELECT lost_before(:stale_seconds)) AS is_stale
FROM positions
JOIN instance_live AS live USING (instance_id)
JOIN instances USING (instance_id)
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR positions.symbol = :symbol)
    AND (:mode IS NULL OR live.runtime_mode = :mode)
    AND (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
    AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
    AND (:currency IS NULL OR named_currency(currency, :books) = :currency)
    AND (:is_stale IS NULL OR (updated_at < (SELECT lost_before(:stale_seconds))) = :is_stale)
ORDER BY positions.symbol, instance_id
LIMIT :limit
OFFSET :offset

-- name: countPositions :one
-- import: Generated
-- in: stale_seconds int8, bot_id text?, instance_id text?, exchange text?, symbol text?, mode text(RuntimeMode)?, currency text?
-- in: is_stale bool?, books text?
-- out: count int8
SELECT count(*)
FROM positions
JOIN instance_live AS live USING (instance_id)
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR positions.symbol = :symbol)
    AND (:mode IS NULL OR live.runtime_mode = :mode)
    AND (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
    AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
    AND (:currency IS NULL OR named_currency(currency, :books) = :currency)
    AND (:is_stale IS NULL OR (updated_at < (SELECT lost_before(:stale_seconds))) = :is_stale)
