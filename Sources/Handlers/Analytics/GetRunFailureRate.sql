-- name: runFailureRate :one
-- in: module_id uuid?, window_size int8
-- out: generated_at timestamptz, completed int8, failed int8
SELECT now(), count(*), count(*) FILTER (WHERE status = 'FAILED')
FROM (
    SELECT status
    FROM module_runs
    WHERE ended_at IS NOT NULL
        AND (:module_id IS NULL OR module_id = :module_id)
    ORDER BY ended_at DESC, run_id DESC
    LIMIT :window_size
) AS newest
