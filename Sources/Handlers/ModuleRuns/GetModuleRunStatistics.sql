-- name: moduleRunStatistics :one
-- in: module_id uuid?
-- out: generated_at timestamptz, total int8, queued int8, running int8, succeeded int8, failed int8, canceled int8
SELECT
    now() AS generated_at,
    count(*) AS total,
    count(*) FILTER (WHERE status = 'QUEUED') AS queued,
    count(*) FILTER (WHERE status = 'RUNNING') AS running,
    count(*) FILTER (WHERE status = 'SUCCEEDED') AS succeeded,
    count(*) FILTER (WHERE status = 'FAILED') AS failed,
    count(*) FILTER (WHERE status = 'CANCELED') AS canceled
FROM module_runs
WHERE :module_id IS NULL OR module_id = :module_id
