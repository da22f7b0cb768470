-- Raises an alert for each accepted command that has not finished in time, and for each critical one that failed, was rejected or has
-- expired; one alert for a whole bulk. `checked` is the number of checked commands of the more frequent kind, `created` the number of new
-- alerts.
-- name: checkCommands :one
-- in: finish_seconds int8, limit int8, actor text
-- out: checked int8, created text[]
WITH unfinished AS MATERIALIZED (
    SELECT command_id
    FROM unfinished_commands
    WHERE NOT is_reported
        AND accepted_at < now() - :finish_seconds::int8 * interval '1 second'
    ORDER BY accepted_at, command_id
    LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
),
reported AS (
    UPDATE unfinished_commands
    SET is_reported = true
    FROM unfinished
    WHERE unfinished_commands.command_id = unfinished.command_id
),
failed AS MATERIALIZED (
    DELETE FROM failed_commands
    WHERE command_id IN (SELECT command_id FROM failed_commands ORDER BY command_id LIMIT :limit)
    RETURNING command_id
),
due AS (
    SELECT 'command_unfinished' AS source, command_id FROM unfinished
    UNION ALL
    SELECT 'command_failed', command_id FROM failed
),
target AS MATERIALIZED (
    SELECT DISTINCT ON (source, coalesce(bulk_id, command_id))
        source, coalesce(bulk_id, command_id)::text AS target_id, bulk_id, instance_id, command_type, is_critical, status, first_delivered_at
    FROM due
    JOIN commands USING (command_id)
    ORDER BY source, coalesce(bulk_id, command_id)
),
alert AS MATERIALIZED (
    SELECT
        source, target_id, coalesce(affected, 1) AS commands,
        CASE WHEN bulk_id IS NULL THEN 'command' ELSE 'command_bulk' END AS target_type,
        CASE WHEN source = 'command_failed' OR is_critical THEN 'CRITICAL' ELSE 'WARNING' END AS severity,
        CASE
            WHEN bulk_id IS NULL THEN format('%s on %s ', command_type, instance_id)
            ELSE format('%s: %s of %s commands ', command_type, affected, total)
        END || CASE
            WHEN source = 'command_unfinished' AND bulk_id IS NULL THEN 'was accepted and has not finished'
            WHEN source = 'command_unfinished' THEN 'were accepted and have not finished'
            WHEN bulk_id IS NOT NULL THEN 'failed, were rejected or have expired'
            WHEN status = 'FAILED' THEN 'failed'
            WHEN status <> 'EXPIRED' THEN 'was rejected'
            WHEN first_delivered_at IS NULL THEN 'expired before delivery'
            ELSE 'expired after delivery: outcome unknown'
        END AS message,
        jsonb_build_object('command_type', command_type) || CASE
            WHEN bulk_id IS NULL THEN jsonb_build_object('instance_id', instance_id, 'status', status)
            ELSE jsonb_build_object('commands', affected, 'total', total)
        END AS metadata
    FROM target
    LEFT JOIN LATERAL (
        SELECT
            count(*) AS total,
            count(*) FILTER (
                WHERE CASE target.source
                    WHEN 'command_unfinished' THEN accepted_at < now() - :finish_seconds::int8 * interval '1 second'
                    ELSE commands.status IN ('FAILED', 'REJECTED_EXPIRED', 'REJECTED_DUPLICATE', 'EXPIRED')
                END
            ) AS affected
        FROM commands
        LEFT JOIN unfinished_commands USING (command_id)
        WHERE commands.bulk_id = target.bulk_id
    ) AS bulk ON target.bulk_id IS NOT NULL
),
-- Alerts are locked in the order of their ids everywhere.
held AS MATERIALIZED (
    SELECT alert_id, source, target_id
    FROM alerts
    WHERE (source, target_id) IN (SELECT source, target_id FROM alert)
        AND status <> 'RESOLVED'
    ORDER BY alert_id
    FOR NO KEY UPDATE
),
repeated AS (
    UPDATE alerts
    SET message = alert.message,
        metadata = alert.metadata,
        occurrences = greatest(occurrences, commands),
        last_at = now()
    FROM held
    JOIN alert USING (source, target_id)
    WHERE alerts.alert_id = held.alert_id
),
created AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, occurrences, raised_by)
    SELECT source, severity, target_type, target_id, message, metadata, commands, :actor
    FROM alert
    WHERE (source, target_id) NOT IN (SELECT source, target_id FROM held)
    ORDER BY source, target_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
    RETURNING alert_id
)
SELECT greatest((SELECT count(*) FROM unfinished), (SELECT count(*) FROM failed)) AS checked, ARRAY (SELECT alert_id::text FROM created) AS created

-- Resolves the alerts of commands that have finished; the alert of a bulk once all of its commands have.
-- name: resolveUnfinishedCommands :one
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
        WHERE source = 'command_unfinished'
            AND status <> 'RESOLVED'
            AND NOT EXISTS (
                SELECT
                FROM unfinished_commands
                JOIN commands USING (command_id)
                WHERE is_reported
                    AND coalesce(bulk_id, command_id)::text = target_id
            )
        ORDER BY alert_id
        LIMIT :limit
        FOR NO KEY UPDATE OF alerts SKIP LOCKED
    )
    RETURNING alert_id
)
SELECT count(*) AS resolved
FROM resolved
