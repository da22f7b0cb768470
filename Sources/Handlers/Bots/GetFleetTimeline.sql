-- The newest events, each with the number of events in the range. A bulk of commands is one event, at the time of its newest command; so is the
-- same deployment within ten minutes. At most `scanned` commands, alerts and deployments are read.
-- name: fleetTimeline :many
-- import: Generated
-- in: mode text(RuntimeMode)?, from timestamptz?, instance_id text?, kind text(FleetEventKind)?, scanned int8, limit int8
-- out: at timestamptz, kind text(FleetEventKind), event_id uuid, message text, target_id text?, total int8, is_exact bool
WITH sent AS MATERIALIZED (
    SELECT command_id, bulk_id, command_type, instance_id, created_at
    FROM commands
    WHERE created_at >= coalesce(:from, now() - interval '24 hours')
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY created_at DESC, command_id DESC
    LIMIT :scanned
),
raised AS MATERIALIZED (
    SELECT alert_id, message, target_type, target_id, first_at
    FROM alerts
    WHERE first_at >= coalesce(:from, now() - interval '24 hours')
        AND (severity = 'CRITICAL' OR source = 'heartbeat_monitor')
        AND (:instance_id IS NULL OR (target_type, target_id) = ('instance', :instance_id))
    ORDER BY first_at DESC, alert_id DESC
    LIMIT :scanned
),
deployed AS MATERIALIZED (
    SELECT
        deployment_id, instance_id, at,
        concat_ws(
            ', ',
            CASE WHEN version IS NOT NULL THEN format('version %s → %s', version_before, version) END,
            CASE
                WHEN strategy_version IS NOT NULL THEN format('strategy %s → %s', strategy_version_before, strategy_version)
                WHEN strategy_hash IS NOT NULL
                    THEN format('strategy hash %s → %s', left(strategy_hash_before, 8), left(strategy_hash, 8))
            END
        ) AS message
    FROM deployments
    WHERE at >= coalesce(:from, now() - interval '24 hours')
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY at DESC, deployment_id DESC
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
    UNION ALL
    SELECT
        min(at), 'DEPLOYMENT', (array_agg(deployment_id ORDER BY at))[1],
        CASE WHEN count(*) = 1 THEN message ELSE format('%s on %s instances', message, count(*)) END,
        CASE WHEN count(*) = 1 THEN min(instance_id) END
    FROM deployed
    LEFT JOIN instance_live AS own USING (instance_id)
    WHERE :mode IS NULL OR own.runtime_mode = :mode
    GROUP BY message, date_bin('10 minutes', at, 'epoch')
)
SELECT
    at, kind, event_id, message, target_id,
    count(*) OVER () AS total,
    (SELECT greatest((SELECT count(*) FROM sent), (SELECT count(*) FROM raised), (SELECT count(*) FROM deployed))) < :scanned::int8
        AS is_exact
FROM events
WHERE :kind IS NULL OR kind = :kind
ORDER BY at DESC, event_id DESC
LIMIT :limit
