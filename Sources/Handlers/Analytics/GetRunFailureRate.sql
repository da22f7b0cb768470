-- name: runFailureRate :one
-- in: module_id uuid?, window_size int8
-- out: generated_at timestamptz, completed int8, failed int8
SELECT now() AS generated_at, count(*) AS completed, count(*) FILTER (WHERE status = 'FAILED') AS failed
FROM (
    SELECT status
    FROM module_runs
    WHERE ended_at IS NOT NULL
        AND (:module_id IS NULL OR module_id = :module_id)
    ORDER BY ended_at DESC, run_id DESC
    LIMIT :window_size
) AS newest
