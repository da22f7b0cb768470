-- name: listReconcileResults :many
-- import: Generated
-- in: bot_id text?, instance_id text?, exchange text?, mode text(RuntimeMode)?, status text(ReconcileStatus)?, from timestamptz?
-- in: to timestamptz?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: reconcile_id uuid, instance_id text, exchange_equity numeric, internal_equity numeric, difference numeric
-- out: status text(ReconcileStatus), ts timestamptz, reported_status text(ReconcileStatus), is_difference_wrong bool
SELECT reconcile_id, instance_id, exchange_equity, internal_equity, difference, status, ts, reported_status, is_difference_wrong
FROM reconcile_results
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:status IS NULL OR status = :status)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
    AND (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
    AND (:exchange IS NULL OR instance_id IN (SELECT instance_id FROM instance_live WHERE exchange_key(exchange) = exchange_key(:exchange)))
    AND (:mode IS NULL OR instance_id IN (SELECT instance_id FROM instance_modes WHERE runtime_mode = :mode))
    AND (ts, reconcile_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY ts DESC, reconcile_id DESC
LIMIT :limit
OFFSET :offset

-- name: countReconcileResults :one
-- import: Generated
-- in: bot_id text?, instance_id text?, exchange text?, mode text(RuntimeMode)?, status text(ReconcileStatus)?, from timestamptz?
-- in: to timestamptz?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM reconcile_results
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:status IS NULL OR status = :status)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
        AND (:bot_id IS NULL OR instance_id IN (SELECT instance_id FROM instances WHERE bot_id = :bot_id))
        AND (:exchange IS NULL OR instance_id IN (SELECT instance_id FROM instance_live WHERE exchange_key(exchange) = exchange_key(:exchange)))
        AND (:mode IS NULL OR instance_id IN (SELECT instance_id FROM instance_modes WHERE runtime_mode = :mode))
    LIMIT :most
) AS counted
