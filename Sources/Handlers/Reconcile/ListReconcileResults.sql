-- name: listReconcileResults :many
-- import: Generated
-- in: instance_id text?, status text(ReconcileStatus)?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: reconcile_id uuid, instance_id text, exchange_equity numeric, internal_equity numeric, difference numeric
-- out: status text(ReconcileStatus), ts timestamptz, reported_status text(ReconcileStatus), is_difference_wrong bool
SELECT reconcile_id, instance_id, exchange_equity, internal_equity, difference, status, ts, reported_status, is_difference_wrong
FROM reconcile_results
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:status IS NULL OR status = :status)
    AND (ts, reconcile_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY ts DESC, reconcile_id DESC
LIMIT :limit
OFFSET :offset

-- name: countReconcileResults :one
-- import: Generated
-- in: instance_id text?, status text(ReconcileStatus)?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM reconcile_results
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:status IS NULL OR status = :status)
    LIMIT :most
) AS counted
