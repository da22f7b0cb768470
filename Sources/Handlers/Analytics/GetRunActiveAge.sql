-- name: runActiveAge :one
-- in: module_id uuid?
-- out: generated_at timestamptz, active int8, oldest_seconds float8, avg_seconds float8
SELECT
    now() AS generated_at,
    count(*) AS active,
    coalesce(max(extract(epoch FROM now() - started_at)), 0)::float8 AS oldest_seconds,
    coalesce(avg(extract(epoch FROM now() - started_at)), 0)::float8 AS avg_seconds
FROM module_runs
WHERE status IN ('QUEUED', 'RUNNING')
    AND (:module_id IS NULL OR module_id = :module_id)
