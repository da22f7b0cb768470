-- Acknowledges an unresolved alert; the first acknowledgement is kept.
-- name: acknowledgeAlert :optional
-- in: alert_id uuid, actor text
-- out: AlertRow
UPDATE alerts
SET status = 'ACKED',
    acked_at = coalesce(acked_at, now()),
    acked_by = coalesce(acked_by, :actor)
WHERE alert_id = :alert_id
    AND status <> 'RESOLVED'
RETURNING
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts) AS silenced_until
