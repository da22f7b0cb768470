-- The modules that are due.
-- name: dueModules :many
-- import: Generated
-- out: module_id uuid, schedule_cron text, missed_run_policy text(MissedRunPolicy), is_late bool
SELECT module_id, schedule_cron, missed_run_policy, next_run_at < now() - interval '1 minute' AS is_late
FROM modules
WHERE deleted_at IS NULL
    AND enabled
    AND schedule_cron IS NOT NULL
    AND next_run_at <= now()
ORDER BY module_id
FOR UPDATE SKIP LOCKED

-- Queues a run of a module, with an audit entry, unless a scheduled run is already queued.
-- name: startScheduledRun :exec
-- in: module_id uuid, actor text
WITH run AS (
    INSERT INTO module_runs (module_id, trigger_type, status)
    SELECT :module_id, 'SCHEDULE', 'QUEUED'
    WHERE NOT EXISTS (
        SELECT FROM module_runs WHERE module_id = :module_id AND trigger_type = 'SCHEDULE' AND status = 'QUEUED'
    )
    RETURNING run_id
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    :actor, 'MODULE_RUN_TRIGGER', 'module', :module_id::text, 'SUCCESS',
    jsonb_build_object('run_id', run_id, 'trigger_type', 'SCHEDULE')
FROM run

-- name: setNextRun :exec
-- in: module_id uuid, next_run_at timestamptz?
UPDATE modules
SET next_run_at = :next_run_at
WHERE module_id = :module_id
