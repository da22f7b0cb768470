-- Raises an alert for each stuck run that has none.
-- name: checkStuckRuns :one
-- in: threshold_seconds int8, actor text
-- out: checked_at timestamptz, stuck int8, created text[]
WITH stuck AS MATERIALIZED (
    SELECT run_id, module_id, status, started_at
    FROM module_runs
    JOIN modules USING (module_id)
    WHERE status IN ('QUEUED', 'RUNNING')
        AND CASE
            -- A worker that renews its lease is working, for as long as the module allows.
            WHEN lease_expires_at IS NOT NULL
                THEN lease_expires_at < now() OR claimed_at < now() - run_timeout_seconds * interval '1 second'
            WHEN status = 'QUEUED'
                THEN started_at < now() - coalesce(queue_timeout_seconds, :threshold_seconds) * interval '1 second'
            ELSE started_at < now() - coalesce(run_timeout_seconds, :threshold_seconds) * interval '1 second'
        END
),
created AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, raised_by)
    SELECT
        'module_runs', 'WARNING', 'module_run', run_id::text,
        'Module run ' || run_id || ' appears stuck in status ' || status,
        jsonb_build_object('module_id', module_id, 'started_at', started_at, 'status', status), :actor
    FROM stuck
    ORDER BY run_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
    RETURNING alert_id
)
SELECT now() AS checked_at, (SELECT count(*) FROM stuck) AS stuck, ARRAY (SELECT alert_id::text FROM created) AS created
