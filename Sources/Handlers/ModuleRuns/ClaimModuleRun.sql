-- Claims the longest-waiting run. A concurrent request claims the next one.
-- name: claimModuleRun :optional
-- in: worker_id text, module_id uuid?, lease_seconds int8
-- out: run ModuleRunRow, config jsonb
UPDATE module_runs AS run
SET status = 'RUNNING',
    claimed_by = :worker_id,
    claimed_at = now(),
    lease_expires_at = now() + :lease_seconds::int8 * interval '1 second'
FROM modules
WHERE modules.module_id = run.module_id
    AND run_id = (
        SELECT run_id
        FROM module_runs
        JOIN modules USING (module_id)
        WHERE status = 'QUEUED'
            AND enabled
            AND deleted_at IS NULL
            AND (:module_id IS NULL OR module_id = :module_id)
        ORDER BY started_at, run_id
        LIMIT 1
        FOR UPDATE OF module_runs SKIP LOCKED
    )
RETURNING
    run_id, run.module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message, config
