-- The module of a run, locked until the transaction ends.
-- name: moduleForRun :optional
-- in: module_id uuid
-- out: enabled bool
SELECT enabled
FROM modules
WHERE module_id = :module_id
    AND deleted_at IS NULL
FOR SHARE

-- name: insertModuleRun :one
-- import: Generated
-- in: module_id uuid, trigger_type text(TriggerType), summary text?
-- out: ModuleRunRow
INSERT INTO module_runs (module_id, trigger_type, status, summary)
VALUES (:module_id, :trigger_type, 'QUEUED', :summary)
RETURNING
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
