-- Tells the audit log of these alerts, and whether somebody was told of them. It waits for the first try to tell; what a server that
-- ended left behind is told of by whoever looks next.
-- name: auditAlerts :exec
-- in: alert_ids text[]
WITH alert AS (
    UPDATE alerts
    SET is_audited = true
    WHERE raised_by IS NOT NULL
        AND NOT is_audited
        AND (alert_id = ANY (:alert_ids::text[]::uuid[]) OR first_at < now() - interval '30 seconds')
    RETURNING source, severity, target_type, target_id, raised_by, last_notified_at
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    raised_by, CASE source WHEN 'heartbeat_monitor' THEN 'HEARTBEAT_LOSS_ALERT' ELSE 'MODULE_RUN_STUCK_ALERT' END,
    target_type, target_id, 'SUCCESS',
    jsonb_build_object('notified', last_notified_at IS NOT NULL)
    || CASE source WHEN 'heartbeat_monitor' THEN jsonb_build_object('severity', severity) ELSE '{}' END
FROM alert
ORDER BY target_id

-- The same for comparisons.
-- name: auditReconciles :exec
-- in: reconcile_id uuid?
WITH result AS (
    UPDATE reconcile_results
    SET is_audited = true
    WHERE submitted_by IS NOT NULL
        AND NOT is_audited
        AND (reconcile_id = :reconcile_id OR received_at < now() - interval '30 seconds')
    RETURNING reconcile_id, instance_id, status, difference, submitted_by, received_at
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    submitted_by, 'RECONCILE_SUBMIT', 'reconcile', instance_id, 'SUCCESS',
    jsonb_build_object(
        'status', status,
        'difference', difference,
        'notified', status = 'MISMATCH' AND EXISTS (
            SELECT
            FROM alerts
            WHERE source = 'reconcile'
                AND target_id = instance_id
                AND last_notified_at >= received_at
        ),
        'reconcile_id', reconcile_id
    )
FROM result
ORDER BY received_at
