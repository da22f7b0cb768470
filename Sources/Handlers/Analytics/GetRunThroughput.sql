-- name: runThroughput :one
-- in: module_id uuid?, window_hours int8
-- out: generated_at timestamptz, total int8
SELECT now() AS generated_at, count(*) AS total
FROM module_runs
WHERE started_at > now() - :window_hours * interval '1 hour'
    AND (:module_id IS NULL OR module_id = :module_id)
