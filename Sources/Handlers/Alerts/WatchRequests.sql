-- Raises the alert of an operation whose requests fail, or updates it.
-- name: raiseFailingRequests :exec
-- import: Generated
-- in: severity text(Severity), operation text, message text, metadata jsonb
INSERT INTO alerts AS alert (source, severity, target_type, target_id, message, metadata)
VALUES ('requests', :severity, 'operation', :operation, :message, :metadata)
ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO UPDATE SET
    severity = CASE WHEN excluded.severity = 'CRITICAL' THEN excluded.severity ELSE alert.severity END,
    message = excluded.message,
    metadata = excluded.metadata,
    occurrences = alert.occurrences + 1,
    last_at = excluded.last_at

-- Resolves the alerts of operations that no server has seen fail for some time.
-- name: resolveFailingRequests :exec
-- in: seconds int8
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = 'auto'
WHERE alert_id IN (
    SELECT alert_id
    FROM alerts
    WHERE source = 'requests'
        AND status <> 'RESOLVED'
        AND last_at < now() - :seconds::int8 * interval '1 second'
    FOR NO KEY UPDATE SKIP LOCKED
)
