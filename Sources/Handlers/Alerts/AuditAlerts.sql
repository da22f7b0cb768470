-- Writes these alerts to the audit log, with whether people were notified, once the first delivery attempt is over. It also writes up to
-- 1,000 alerts that a server which has ended did not write.
-- name: auditAlerts :exec
-- in: alert_ids text[]
WITH due AS (
    (
        SELECT alert_id
        FROM alerts
        WHERE alert_id = ANY (:alert_ids::text[]::uuid[])
            AND raised_by IS NOT NULL
            AND NOT is_audited
    )
    UNION
    (
        SELECT alert_id
        FROM alerts
        WHERE raised_by IS NOT NULL
            AND NOT is_audited
            AND first_at < now() - interval '30 seconds'
        ORDER BY first_at
        LIMIT 1000
    )
),
-- Alerts are locked in the order of their ids everywhere, so that this cannot deadlock with heartbeats or deliveries.
held AS (
    SELECT alert_id
    FROM alerts
    WHERE alert_id IN (SELECT alert_id FROM due)
    ORDER BY alert_id
    FOR NO KEY UPDATE
),
alert AS (
    UPDATE alerts
    SET is_audited = true
    FROM held
    WHERE alerts.alert_id = held.alert_id
        AND NOT is_audited
    RETURNING source, severity, target_type, target_id, raised_by, last_notified_at
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    raised_by,
    CASE source
        WHEN 'heartbeat_monitor' THEN 'HEARTBEAT_LOSS_ALERT'
        WHEN 'command_unfinished' THEN 'COMMAND_UNFINISHED_ALERT'
        WHEN 'command_failed' THEN 'COMMAND_FAILED_ALERT'
        ELSE 'MODULE_RUN_STUCK_ALERT'
    END,
    target_type, target_id, 'SUCCESS',
    jsonb_build_object('notified', last_notified_at IS NOT NULL)
    || CASE source WHEN 'heartbeat_monitor' THEN jsonb_build_object('severity', severity) ELSE '{}' END
FROM alert
ORDER BY target_id

-- Writes these comparisons to the audit log in the same way.
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
