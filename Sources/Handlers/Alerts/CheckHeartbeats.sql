-- Checks some instances in the order of their ids, and raises an alert for each lost one that has none. `last` is the id of the last
-- checked instance, null after the last one.
-- name: checkHeartbeats :one
-- in: after text, limit int8, stale_seconds int8, actor text
-- out: checked_at timestamptz, last text?, stale int8, created text[]
WITH part AS MATERIALIZED (
    SELECT instance_id, last_seen, state
    FROM instance_live
    WHERE instance_id > :after
    ORDER BY instance_id
    LIMIT :limit
),
cutoff AS MATERIALIZED (
    SELECT lost_before(:stale_seconds) AS time
),
lost AS MATERIALIZED (
    SELECT instance_id
    FROM part
    WHERE last_seen < (SELECT time FROM cutoff)
        AND state <> 'STOPPED'
),
-- Lost instances without an alert, checked again with their rows locked, in the order in which heartbeats lock them: a heartbeat may have
-- arrived since this statement started, and one that is being stored is awaited.
silent AS (
    SELECT live.instance_id, bot_id, live.last_seen
    FROM instance_live AS live
    JOIN lost USING (instance_id)
    JOIN instances USING (instance_id)
    WHERE live.last_seen < (SELECT time FROM cutoff)
        AND live.state <> 'STOPPED'
        AND NOT EXISTS (
            SELECT
            FROM alerts
            WHERE source = 'heartbeat_monitor'
                AND target_type = 'instance'
                AND target_id = live.instance_id
                AND status <> 'RESOLVED'
        )
    ORDER BY live.instance_id
    FOR NO KEY UPDATE OF live
),
created AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, raised_by)
    SELECT
        'heartbeat_monitor', 'CRITICAL', 'instance', instance_id, 'Heartbeat lost for instance ' || instance_id,
        jsonb_build_object('last_seen', last_seen, 'bot_id', bot_id), :actor
    FROM silent
    ORDER BY instance_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
    RETURNING alert_id
)
SELECT
    now() AS checked_at,
    (SELECT max(instance_id) FROM part HAVING count(*) = :limit) AS last,
    (SELECT count(*) FROM lost) AS stale,
    ARRAY (SELECT alert_id::text FROM created) AS created

-- Resolves alerts whose instances have been seen since. Usually the instance's heartbeat does this. Rows that a heartbeat has locked are
-- left to it.
-- name: resolveLosses :one
-- in: limit int8
-- out: resolved int8
WITH resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    WHERE alert_id IN (
        SELECT alert_id
        FROM alerts
        JOIN instance_live ON instance_id = target_id
        WHERE source = 'heartbeat_monitor'
            AND target_type = 'instance'
            AND status <> 'RESOLVED'
            AND last_seen > last_at
        ORDER BY alert_id
        LIMIT :limit
        FOR NO KEY UPDATE OF alerts SKIP LOCKED
    )
    RETURNING alert_id
)
SELECT count(*) AS resolved
FROM resolved

-- An instance that has run for this long since its last loss is no longer flapping.
-- name: resolveFlapping :exec
-- in: seconds int8
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = 'auto'
WHERE source = 'flapping'
    AND status <> 'RESOLVED'
    AND last_at < now() - :seconds::int8 * interval '1 second'
    AND NOT EXISTS (
        SELECT
        FROM alerts AS loss
        WHERE loss.source = 'heartbeat_monitor'
            AND loss.target_id = alerts.target_id
            AND (loss.status <> 'RESOLVED' OR loss.resolved_at > now() - :seconds::int8 * interval '1 second')
    )

-- Alerts of a source whose cause has not occurred for some time are resolved. Rows that are being updated are skipped.
-- name: resolveQuietAlerts :exec
-- in: source text, seconds int8
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = 'auto'
WHERE alert_id IN (
    SELECT alert_id
    FROM alerts
    WHERE source = :source
        AND status <> 'RESOLVED'
        AND last_at < now() - :seconds::int8 * interval '1 second'
    FOR NO KEY UPDATE SKIP LOCKED
)
