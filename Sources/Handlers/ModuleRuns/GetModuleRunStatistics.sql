-- name: moduleRunStatistics :one
-- in: module_id uuid?
-- out: generated_at timestamptz, total int8, queued int8, running int8, succeeded int8, failed int8, canceled int8
SELECT
    now(),
    count(*),
    count(*) FILTER (WHERE status = 'QUEUED'),
    count(*) FILTER (WHERE status = 'RUNNING'),
    count(*) FILTER (WHERE status = 'SUCCEEDED'),
    count(*) FILTER (WHERE status = 'FAILED'),
    count(*) FILTER (WHERE status = 'CANCELED')
FROM module_runs
WHERE :module_id IS NULL OR module_id = :module_id
