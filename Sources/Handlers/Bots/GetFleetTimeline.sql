-- The newest events, each with the number of events in the range. A bulk of commands is one event, at the time of its newest command. At most
-- `scanned` commands and as many alerts are read.
-- name: fleetTimeline :many
-- import: Generated
-- in: mode text(RuntimeMode)?, from timestamptz?, scanned int8, limit int8
-- out: at timestamptz, kind text(FleetEventKind), event_id uuid, message text, target_id text?, total int8, is_exact bool
WITH sent AS MATERIALIZED (
    SELECT command_id, bulk_id, command_type, instance_id, created_at
    FROM commands
    WHERE created_at >= coalesce(:from, now() - interval '24 hours')
    ORDER BY created_at DESC, command_id DESC
    LIMIT :scanned
),
raised AS MATERIALIZED (
    SELECT alert_id, message, target_type, target_id, first_at
    FROM alerts
    WHERE first_at >= coalesce(:from, now() - interval '24 hours')
        AND (severity = 'CRITICAL' OR source = 'heartbeat_monitor')
    ORDER BY first_at DESC, alert_id DESC
    LIMIT :scanned
),
events AS (
    (
        SELECT DISTINCT ON (coalesce(bulk_id, command_id))
            created_at AS at,
            CASE WHEN bulk_id IS NULL THEN 'COMMAND' ELSE 'BULK' END AS kind,
            coalesce(bulk_id, command_id) AS event_id,
            command_type AS message,
            CASE WHEN bulk_id IS NULL THEN instance_id END AS target_id
        FROM sent
        LEFT JOIN instance_live AS own USING (instance_id)
        WHERE :mode IS NULL OR own.runtime_mode = :mode
        ORDER BY coalesce(bulk_id, command_id), created_at DESC, command_id DESC
    )
    UNION ALL
    SELECT first_at, 'ALERT', alert_id, message, target_id
    FROM raised
    LEFT JOIN instance_live AS own ON target_type = 'instance' AND own.instance_id = target_id
    WHERE :mode IS NULL OR target_type <> 'instance' OR own.runtime_mode = :mode
)
SELECT
    at, kind, event_id, message, target_id,
    count(*) OVER () AS total,
    (SELECT count(*) FROM sent) < :scanned::int8 AND (SELECT count(*) FROM raised) < :scanned::int8 AS is_exact
FROM events
ORDER BY at DESC, event_id DESC
LIMIT :limit
