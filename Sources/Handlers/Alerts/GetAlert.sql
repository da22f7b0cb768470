-- An alert, and the end of its silence.
-- type: AlertRow
-- import: Generated
-- out: alert_id uuid, source text, severity text(Severity), status text(AlertStatus), target_type text, target_id text
-- out: message text, metadata jsonb, occurrences int8, first_at timestamptz, last_at timestamptz, acked_at timestamptz?
-- out: acked_by text?, resolved_at timestamptz?, resolved_by text?, last_notified_at timestamptz?, silenced_until timestamptz?

-- name: getAlert :optional
-- in: alert_id uuid
-- out: AlertRow
SELECT
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts) AS silenced_until
FROM alerts
WHERE alert_id = :alert_id
