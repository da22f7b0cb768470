-- name: runPerformance :one
-- in: module_id uuid?
-- out: generated_at timestamptz, total int8, completed int8, succeeded int8, avg_seconds float8, p95_seconds float8
WITH run AS (
    SELECT
        status,
        ended_at IS NOT NULL AS is_completed,
        -- Clocks of workers may be behind.
        greatest(extract(epoch FROM ended_at - started_at), 0)::float8 AS seconds
    FROM module_runs
    WHERE :module_id IS NULL OR module_id = :module_id
)
SELECT
    now() AS generated_at,
    count(*) AS total,
    count(*) FILTER (WHERE is_completed) AS completed,
    count(*) FILTER (WHERE status = 'SUCCEEDED') AS succeeded,
    coalesce(avg(seconds) FILTER (WHERE is_completed), 0) AS avg_seconds,
    -- percentile_disc is the nearest rank (PostgreSQL manual, 9.21, "Ordered-Set Aggregate Functions").
    coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE is_completed), 0) AS p95_seconds
FROM run
