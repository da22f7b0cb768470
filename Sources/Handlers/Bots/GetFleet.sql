-- name: fleetGroups :many
-- import: Generated
-- in: stale_seconds int8
-- out: exchange text, runtime_mode text(RuntimeMode), status text(InstanceStatus), instances int8, late int8
SELECT
    min(min(exchange COLLATE "C")) OVER (PARTITION BY exchange_key(exchange)) AS exchange, runtime_mode,
    instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) AS status, count(*) AS instances,
    count(*) FILTER (WHERE last_seen < (SELECT late_before(:stale_seconds))) AS late
FROM instance_live
GROUP BY exchange_key(exchange), runtime_mode, status
ORDER BY exchange, runtime_mode, status

-- name: fleetCells :many
-- import: Generated
-- in: stale_seconds int8, limit int8
-- out: exchange text, instance_id text, bot_id text, status text(InstanceStatus), is_late bool
SELECT
    min(exchange COLLATE "C") OVER (PARTITION BY exchange_key(exchange)) AS exchange, instance_id, bot_id,
    instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) AS status,
    last_seen < (SELECT late_before(:stale_seconds)) AS is_late
FROM instance_live
JOIN instances USING (instance_id)
WHERE (SELECT sum(instances) FROM fleet_counts) <= :limit::int8
ORDER BY
    exchange_key(exchange),
    instance_rank(
        instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))), last_seen < (SELECT late_before(:stale_seconds))
    ),
    bot_id,
    instance_id
LIMIT :limit

-- name: fleetNeeds :one
-- out: critical int8, warning int8, info int8, acknowledged int8, acknowledged_critical int8, stuck_runs int8, awaiting_approval int8
-- out: waiting int8, expired int8, delayed int8
SELECT
    alert.*,
    (SELECT count(*) FROM commands WHERE status = 'AWAITING_APPROVAL') AS awaiting_approval,
    (SELECT count(*) FROM commands WHERE status IN ('PENDING', 'ACCEPTED')) AS waiting,
    (SELECT count(*) FROM commands WHERE status = 'EXPIRED' AND created_at > now() - interval '24 hours') AS expired,
    (
        SELECT count(*)
        FROM notification_deliveries
        WHERE status = 'PENDING'
            AND last_error IS NOT NULL
            AND created_at < now() - interval '1 minute'
    ) AS delayed
FROM (
    SELECT
        count(*) FILTER (WHERE status = 'OPEN' AND severity = 'CRITICAL') AS critical,
        count(*) FILTER (WHERE status = 'OPEN' AND severity = 'WARNING') AS warning,
        count(*) FILTER (WHERE status = 'OPEN' AND severity NOT IN ('CRITICAL', 'WARNING')) AS info,
        count(*) FILTER (WHERE status = 'ACKED') AS acknowledged,
        count(*) FILTER (WHERE status = 'ACKED' AND severity = 'CRITICAL') AS acknowledged_critical,
        count(*) FILTER (WHERE source = 'module_runs') AS stuck_runs
    FROM alerts
    WHERE status <> 'RESOLVED'
) AS alert
