-- Renews a worker's lease. A run with progress is not stuck, unless it exceeds the module's time limit.
-- name: beatModuleRun :optional
-- in: run_id uuid, worker_id text, progress float8?, message text?, lease_seconds int8
-- out: ModuleRunRow
WITH resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    WHERE source = 'module_runs'
        AND target_type = 'module_run'
        AND target_id = :run_id::text
        AND status <> 'RESOLVED'
        AND EXISTS (
            SELECT
            FROM module_runs
            JOIN modules USING (module_id)
            WHERE run_id = :run_id
                AND module_runs.status = 'RUNNING'
                AND claimed_by = :worker_id
                AND (run_timeout_seconds IS NULL OR claimed_at > now() - run_timeout_seconds * interval '1 second')
        )
)
UPDATE module_runs
SET progress = coalesce(:progress, progress),
    progress_message = coalesce(:message, progress_message),
    lease_expires_at = now() + :lease_seconds::int8 * interval '1 second'
WHERE run_id = :run_id
    AND status = 'RUNNING'
    AND claimed_by = :worker_id
RETURNING
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
