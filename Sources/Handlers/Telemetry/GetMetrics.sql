-- Metrics that the database provides.
-- name: stateFigures :many
-- out: name text, label text, value int8
SELECT 'alerts' AS name, severity AS label, count(*) AS value FROM alerts WHERE status <> 'RESOLVED' GROUP BY severity
UNION ALL
SELECT 'notifications', status, count(*) FROM notification_deliveries WHERE status <> 'SENT' GROUP BY status
UNION ALL
SELECT 'commands', status, count(*) FROM commands WHERE status IN ('PENDING', 'AWAITING_APPROVAL') GROUP BY status
UNION ALL
SELECT 'module_runs', status, count(*) FROM module_runs WHERE status IN ('QUEUED', 'RUNNING') GROUP BY status
UNION ALL
SELECT 'instances', runtime_mode, count(*) FROM instance_live GROUP BY runtime_mode
ORDER BY 1, 2

-- The number of instances that may register now, and of retired ones.
-- name: boundFigures :one
-- in: hourly int8
-- out: room int8, retired int8
SELECT room, (SELECT coalesce(sum(retired), 0)::int8 FROM fleet_counts) AS retired
FROM registration_room(:hourly, 9223372036854775807)
