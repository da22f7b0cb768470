-- Raises an alert for each instance that is silent for too long and has none; the audit log has each.
-- name: checkHeartbeats :one
-- in: stale_seconds int8, actor text
-- out: checked_at timestamptz, stale int8, created int8
WITH lost AS MATERIALIZED (
    SELECT instance_id, bot_id, last_seen
    FROM instance_live
    JOIN instances USING (instance_id)
    WHERE last_seen < now() - :stale_seconds::int8 * interval '1 second'
),
created AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata)
    SELECT
        'heartbeat_monitor', 'CRITICAL', 'instance', instance_id, 'Heartbeat lost for instance ' || instance_id,
        jsonb_build_object('last_seen', last_seen, 'bot_id', bot_id)
    FROM lost
    ORDER BY instance_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
    RETURNING target_id
),
audited AS (
    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
    SELECT
        :actor, 'HEARTBEAT_LOSS_ALERT', 'instance', target_id, 'SUCCESS',
        jsonb_build_object('severity', 'CRITICAL', 'notified', false)
    FROM created
    ORDER BY target_id
)
SELECT now(), (SELECT count(*) FROM lost), (SELECT count(*) FROM created)
