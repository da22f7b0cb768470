-- name: listModuleRuns :many
-- import: Generated
-- in: module_id uuid?, status text(RunStatus)?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: ModuleRunRow
SELECT
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
FROM module_runs
WHERE (:module_id IS NULL OR module_id = :module_id)
    AND (:status IS NULL OR status = :status)
    AND (started_at, run_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY started_at DESC, run_id DESC
LIMIT :limit
OFFSET :offset

-- name: countModuleRuns :one
-- in: module_id uuid?, status text(RunStatus)?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM module_runs
    WHERE (:module_id IS NULL OR module_id = :module_id)
        AND (:status IS NULL OR status = :status)
    LIMIT :most
) AS counted
