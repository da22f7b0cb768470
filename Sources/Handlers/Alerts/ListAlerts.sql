-- name: listAlerts :many
-- import: Generated
-- in: status text(AlertStatus)?, severity text(Severity)?, target_id text?, source text?, alert_id uuid?
-- in: after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: AlertRow
SELECT
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts) AS silenced_until
FROM alerts
WHERE (:status IS NULL OR status = :status)
    AND (:severity IS NULL OR severity = :severity)
    AND (:target_id IS NULL OR target_id = :target_id)
    AND (:source IS NULL OR source = :source)
    AND (:alert_id IS NULL OR alert_id = :alert_id)
    AND (first_at, alert_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY first_at DESC, alert_id DESC
LIMIT :limit
OFFSET :offset

-- name: countAlerts :one
-- import: Generated
-- in: status text(AlertStatus)?, severity text(Severity)?, target_id text?, source text?, alert_id uuid?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM alerts
    WHERE (:status IS NULL OR status = :status)
        AND (:severity IS NULL OR severity = :severity)
        AND (:target_id IS NULL OR target_id = :target_id)
        AND (:source IS NULL OR source = :source)
        AND (:alert_id IS NULL OR alert_id = :alert_id)
    LIMIT :most
) AS counted

-- The unresolved alerts by source, severity and status, the most severe first.
-- name: alertGroups :many
-- import: Generated
-- out: source text, severity text(Severity), status text(AlertStatus), alerts int8, newest_at timestamptz
SELECT source, severity, status, count(*) AS alerts, max(first_at) AS newest_at
FROM alerts
WHERE status <> 'RESOLVED'
GROUP BY source, severity, status
ORDER BY array_position(ARRAY['CRITICAL', 'WARNING'], severity), newest_at DESC, source, status

-- The newest alerts of each of these groups.
-- name: newestOfAlertGroups :many
-- in: most int8
-- out: AlertRow
SELECT
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts) AS silenced_until
FROM (
    SELECT alert_id, row_number() OVER (PARTITION BY source, severity, status ORDER BY first_at DESC, alert_id DESC) AS place
    FROM alerts
    WHERE status <> 'RESOLVED'
) AS placed
JOIN alerts USING (alert_id)
WHERE place <= :most
ORDER BY first_at DESC, alert_id DESC
