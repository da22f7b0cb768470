-- name: resourceWindow :one
-- in: instance_id text?, window_hours int8
-- out: generated_at timestamptz, avg_cpu float8, max_cpu float8, avg_memory float8, max_memory float8
-- out: cpu_samples int8, memory_samples int8
SELECT
    now(),
    coalesce(avg(value) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0)::float8,
    coalesce(max(value) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0)::float8,
    coalesce(avg(value) FILTER (WHERE metric_type = 'resource_memory_pct'), 0)::float8,
    coalesce(max(value) FILTER (WHERE metric_type = 'resource_memory_pct'), 0)::float8,
    count(*) FILTER (WHERE metric_type = 'resource_cpu_pct'),
    count(*) FILTER (WHERE metric_type = 'resource_memory_pct')
FROM metric_samples
JOIN metric_series AS series USING (series_id)
WHERE series.metric_type IN ('resource_cpu_pct', 'resource_memory_pct')
    AND series.symbol = 'system'
    AND (:instance_id IS NULL OR series.instance_id = :instance_id)
    AND ts > now() - :window_hours * interval '1 hour'
