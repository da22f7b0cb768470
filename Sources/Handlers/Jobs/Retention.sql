-- Each statement removes at most `limit` finished rows that are older than `days`, and returns their number. Unfinished rows are kept at
-- any age.

-- name: removeReconcileResults :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM reconcile_results
    WHERE reconcile_id IN (
        SELECT reconcile_id
        FROM reconcile_results
        WHERE ts < now() - :days::int8 * interval '1 day'
            AND received_at < now() - :days::int8 * interval '1 day'
        ORDER BY ts, reconcile_id
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- A notification is removed together with its deliveries, once none of them is pending.
-- name: removeNotifications :one
-- in: days int8, limit int8
-- out: removed int8
WITH chosen AS MATERIALIZED (
    SELECT notification_id
    FROM notifications
    WHERE created_at < now() - :days::int8 * interval '1 day'
        AND is_routed
        AND NOT EXISTS (
            SELECT
            FROM notification_deliveries AS delivery
            WHERE delivery.notification_id = notifications.notification_id
                AND delivery.status = 'PENDING'
        )
    ORDER BY created_at, notification_id
    LIMIT :limit
),
deliveries AS (
    DELETE FROM notification_deliveries WHERE notification_id IN (SELECT notification_id FROM chosen)
),
removed AS (
    DELETE FROM notifications WHERE notification_id IN (SELECT notification_id FROM chosen) RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- An alert is kept as long as a notification refers to it.
-- name: removeAlerts :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM alerts
    WHERE alert_id IN (
        SELECT alert_id
        FROM alerts
        WHERE status = 'RESOLVED'
            AND first_at < now() - :days::int8 * interval '1 day'
            AND resolved_at < now() - :days::int8 * interval '1 day'
            AND NOT EXISTS (SELECT FROM notifications WHERE notifications.alert_id = alerts.alert_id)
        ORDER BY first_at, alert_id
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- name: removeModuleRuns :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM module_runs
    WHERE run_id IN (
        SELECT run_id
        FROM module_runs
        WHERE ended_at < now() - :days::int8 * interval '1 day'
        ORDER BY ended_at, run_id
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- A superseded command is kept as long as the command that superseded it, and a failed one until its alert is raised.
-- name: removeCommands :one
-- in: days int8, limit int8
-- out: removed int8
WITH chosen AS MATERIALIZED (
    SELECT command_id
    FROM commands
    WHERE created_at < now() - :days::int8 * interval '1 day'
        AND status NOT IN ('AWAITING_APPROVAL', 'PENDING', 'ACCEPTED')
        AND NOT EXISTS (SELECT FROM commands AS newer WHERE newer.supersedes = commands.command_id)
        AND NOT EXISTS (SELECT FROM failed_commands WHERE failed_commands.command_id = commands.command_id)
    ORDER BY created_at, command_id
    LIMIT :limit
),
events AS (
    DELETE FROM command_events WHERE command_id IN (SELECT command_id FROM chosen)
),
acknowledgements AS (
    DELETE FROM command_acknowledgements WHERE command_id IN (SELECT command_id FROM chosen)
),
removed AS (
    DELETE FROM commands WHERE command_id IN (SELECT command_id FROM chosen) RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- name: removeOrders :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM orders
    WHERE (instance_id, order_id) IN (
        SELECT instance_id, order_id
        FROM orders
        WHERE status <> 'OPEN'
            AND updated_at < now() - :days::int8 * interval '1 day'
            AND received_at < now() - :days::int8 * interval '1 day'
        ORDER BY updated_at
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- name: removeFills :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM fills
    WHERE (instance_id, fill_id) IN (
        SELECT instance_id, fill_id
        FROM fills
        WHERE ts < now() - :days::int8 * interval '1 day'
            AND received_at < now() - :days::int8 * interval '1 day'
        ORDER BY ts
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- name: removeTrades :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM trades
    WHERE (instance_id, trade_id) IN (
        SELECT instance_id, trade_id
        FROM trades
        WHERE status = 'CLOSED'
            AND closed_at < now() - :days::int8 * interval '1 day'
            AND received_at < now() - :days::int8 * interval '1 day'
        ORDER BY closed_at
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- name: removeBookFindings :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM book_findings
    WHERE finding_id IN (
        SELECT finding_id
        FROM book_findings
        WHERE resolved_at < now() - :days::int8 * interval '1 day'
        ORDER BY resolved_at
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- name: removeDeployments :one
-- in: days int8, limit int8
-- out: removed int8
WITH removed AS (
    DELETE FROM deployments
    WHERE deployment_id IN (
        SELECT deployment_id
        FROM deployments
        WHERE at < now() - :days::int8 * interval '1 day'
        ORDER BY at
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed
