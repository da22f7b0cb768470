-- name: listExecutionSamples :many
-- import: Generated
-- in: bot_id text?, instance_id text?, exchange text?, symbol text?, mode text(RuntimeMode)?, from timestamptz?, to timestamptz?
-- in: after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, instance_id text, symbol text, slippage_bps numeric, latency_ms numeric, fill_ratio numeric
-- out: ts timestamptz, received_at timestamptz
SELECT ordinal, instance_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at
FROM execution_samples
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
    AND (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
    AND (:exchange IS NULL OR instance_id IN (SELECT instance_id FROM instance_live WHERE exchange_key(exchange) = exchange_key(:exchange)))
    AND (:mode IS NULL OR instance_id IN (SELECT instance_id FROM instance_modes WHERE runtime_mode = :mode))
    AND (ts, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY ts DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countExecutionSamples :one
-- import: Generated
-- in: bot_id text?, instance_id text?, exchange text?, symbol text?, mode text(RuntimeMode)?, from timestamptz?, to timestamptz?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM execution_samples
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
        AND (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
        AND (:exchange IS NULL OR instance_id IN (SELECT instance_id FROM instance_live WHERE exchange_key(exchange) = exchange_key(:exchange)))
        AND (:mode IS NULL OR instance_id IN (SELECT instance_id FROM instance_modes WHERE runtime_mode = :mode))
    LIMIT :most
) AS counted
