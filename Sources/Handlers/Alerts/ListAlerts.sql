-- name: listAlerts :many
-- import: Generated
-- in: status text(AlertStatus)?, severity text(Severity)?, target_id text?
-- in: after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: AlertRow
SELECT
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts) AS silenced_until
FROM alerts
WHERE (:status IS NULL OR status = :status)
    AND (:severity IS NULL OR severity = :severity)
    AND (:target_id IS NULL OR target_id = :target_id)
    AND (first_at, alert_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY first_at DESC, alert_id DESC
LIMIT :limit
OFFSET :offset

-- name: countAlerts :one
-- import: Generated
-- in: status text(AlertStatus)?, severity text(Severity)?, target_id text?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM alerts
    WHERE (:status IS NULL OR status = :status)
        AND (:severity IS NULL OR severity = :severity)
        AND (:target_id IS NULL OR target_id = :target_id)
    LIMIT :most
) AS counted
