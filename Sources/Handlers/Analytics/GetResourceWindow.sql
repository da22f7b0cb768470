-- Rollups are read for whole hours and whole five minutes in the window; samples are read only at its start and where there are no rollups
-- yet.
-- name: resourceWindow :one
-- in: instance_id text?, window_hours int8
-- out: generated_at timestamptz, avg_cpu float8, max_cpu float8, avg_memory float8, max_memory float8
-- out: cpu_samples int8, memory_samples int8
WITH start AS MATERIALIZED (
    SELECT
        ts,
        date_bin('5 minutes', ts, '2000-01-01T00:00:00Z') + interval '5 minutes' AS fine,
        date_bin('1 hour', ts, '2000-01-01T00:00:00Z') + interval '1 hour' AS coarse
    FROM (SELECT now() - :window_hours * interval '1 hour') AS start (ts)
),
series AS MATERIALIZED (
    SELECT
        series_id,
        metric_type,
        ts AS newest,
        coalesce(
            bucket_of(
                least(
                    unrolled_from,
                    (SELECT min(since) FROM touched_buckets WHERE touched_buckets.series_id = metric_series.series_id)
                )
            ),
            'infinity'
        ) AS rolled_to
    FROM metric_series
    JOIN metric_latest USING (series_id)
    WHERE metric_type IN ('resource_cpu_pct', 'resource_memory_pct')
        AND symbol = 'system'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
),
part AS (
    SELECT metric_type, samples, sum, max
    FROM series
    JOIN metric_1h USING (series_id)
    WHERE ts >= (SELECT coarse FROM start)
        AND ts <= rolled_to - interval '1 hour'
    UNION ALL
    SELECT metric_type, samples, sum, max
    FROM series
    JOIN metric_5m USING (series_id)
    WHERE ts >= (SELECT fine FROM start)
        AND ts < (SELECT coarse FROM start)
        AND ts < rolled_to
    -- A separate part for each end: together they would read all five-minute rollups in between.
    UNION ALL
    SELECT metric_type, samples, sum, max
    FROM series
    JOIN metric_5m USING (series_id)
    WHERE ts >= (SELECT coarse FROM start)
        AND ts >= date_bin('1 hour', rolled_to, '2000-01-01T00:00:00Z')
        AND ts < rolled_to
    UNION ALL
    SELECT metric_type, 1, value, value
    FROM series
    JOIN metric_samples USING (series_id)
    WHERE ts > (SELECT ts FROM start)
        AND ts < (SELECT fine FROM start)
        AND ts < rolled_to
    UNION ALL
    SELECT metric_type, 1, value, value
    FROM series
    JOIN metric_samples USING (series_id)
    WHERE ts > (SELECT ts FROM start)
        AND ts >= rolled_to
        -- The same bound for all series, so that only the relevant partitions are read.
        AND ts BETWEEN (SELECT min(rolled_to) FROM series) AND (SELECT max(newest) FROM series)
),
use AS (
    SELECT metric_type, sum(samples)::int8 AS samples, (sum(sum) / sum(samples))::float8 AS mean, max(max)::float8 AS highest
    FROM part
    GROUP BY metric_type
)
SELECT
    now() AS generated_at,
    coalesce(max(mean) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0) AS avg_cpu,
    coalesce(max(highest) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0) AS max_cpu,
    coalesce(max(mean) FILTER (WHERE metric_type = 'resource_memory_pct'), 0) AS avg_memory,
    coalesce(max(highest) FILTER (WHERE metric_type = 'resource_memory_pct'), 0) AS max_memory,
    coalesce(max(samples) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0) AS cpu_samples,
    coalesce(max(samples) FILTER (WHERE metric_type = 'resource_memory_pct'), 0) AS memory_samples
FROM use
