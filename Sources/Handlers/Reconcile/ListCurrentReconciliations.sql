-- The newest comparison of each instance, mismatches first.
-- name: currentReconciliations :many
-- import: Generated
-- in: bot_id text?, instance_id text?, exchange text?, mode text(RuntimeMode)?, status text(ReconcileStatus)?, limit int8, offset int8
-- out: reconcile_id uuid, instance_id text, bot_id text, runtime_mode text(RuntimeMode), exchange text, exchange_equity numeric
-- out: internal_equity numeric, difference numeric, status text(ReconcileStatus), ts timestamptz, reported_status text(ReconcileStatus)
-- out: is_difference_wrong bool
SELECT
    reconcile_id, live.instance_id, bot_id, runtime_mode, exchange, exchange_equity, internal_equity, difference, newest.status, ts,
    reported_status, is_difference_wrong
FROM instance_live AS live
JOIN instances USING (instance_id)
CROSS JOIN LATERAL (
    SELECT reconcile_id, exchange_equity, internal_equity, difference, status, ts, reported_status, is_difference_wrong
    FROM reconcile_results
    WHERE instance_id = live.instance_id
    ORDER BY ts DESC, reconcile_id DESC
    LIMIT 1
) AS newest
WHERE (:bot_id IS NULL OR bot_id = :bot_id)
    AND (:instance_id IS NULL OR live.instance_id = :instance_id)
    AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
    AND (:mode IS NULL OR runtime_mode = :mode)
    AND (:status IS NULL OR newest.status = :status)
ORDER BY
    newest.status = 'MISMATCH' DESC,
    -- A difference from an equity of 0 is the largest.
    abs(difference) / nullif(abs(exchange_equity), 0) DESC NULLS FIRST,
    live.instance_id
LIMIT :limit
OFFSET :offset

-- name: countCurrentReconciliations :one
-- import: Generated
-- in: bot_id text?, instance_id text?, exchange text?, mode text(RuntimeMode)?
-- out: ok int8, mismatched int8, never int8
SELECT
    count(*) FILTER (WHERE newest.status = 'OK') AS ok, count(*) FILTER (WHERE newest.status = 'MISMATCH') AS mismatched,
    count(*) FILTER (WHERE newest.status IS NULL) AS never
FROM instance_live AS live
JOIN instances USING (instance_id)
LEFT JOIN LATERAL (
    SELECT status
    FROM reconcile_results
    WHERE instance_id = live.instance_id
    ORDER BY ts DESC, reconcile_id DESC
    LIMIT 1
) AS newest ON true
WHERE (:bot_id IS NULL OR bot_id = :bot_id)
    AND (:instance_id IS NULL OR live.instance_id = :instance_id)
    AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
    AND (:mode IS NULL OR runtime_mode = :mode)
