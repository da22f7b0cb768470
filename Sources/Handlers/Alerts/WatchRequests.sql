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

-- Notes the reports that a server answered in its last minute, and removes the counts of servers that have ended.
-- name: noteIngest :exec
-- in: server_id uuid, requests int8, failures int8
WITH ended AS (
    DELETE FROM ingest_counts WHERE noted_at < now() - interval '1 hour' AND server_id <> :server_id
)
INSERT INTO ingest_counts (server_id, noted_at, requests, failures)
VALUES (:server_id, now(), :requests, :failures)
ON CONFLICT (server_id) DO UPDATE SET
    noted_at = excluded.noted_at,
    requests = excluded.requests,
    failures = excluded.failures
