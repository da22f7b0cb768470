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
