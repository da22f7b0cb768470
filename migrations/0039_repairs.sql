-- Servers of 1.1 that ran beside the migration to 1.2 stored samples that the newest ones do not include, and positions without a mode, which
-- are in no sum.
UPDATE positions
SET runtime_mode = live.runtime_mode
FROM instance_live AS live
WHERE live.instance_id = positions.instance_id
    AND positions.runtime_mode IS NULL;

INSERT INTO metric_latest AS latest (series_id, ts, value, unrolled_from)
SELECT series.series_id, newest.ts, newest.value, coalesce(known.ts, oldest.ts)
FROM metric_series AS series
LEFT JOIN metric_latest AS known USING (series_id)
CROSS JOIN LATERAL (
    SELECT ts, value FROM metric_samples AS sample WHERE sample.series_id = series.series_id ORDER BY ts DESC LIMIT 1
) AS newest
CROSS JOIN LATERAL (
    SELECT ts FROM metric_samples AS sample WHERE sample.series_id = series.series_id ORDER BY ts LIMIT 1
) AS oldest
WHERE known.ts IS NULL
    OR newest.ts > known.ts
ON CONFLICT (series_id) DO UPDATE SET
    ts = greatest(latest.ts, excluded.ts),
    value = CASE WHEN excluded.ts >= latest.ts THEN excluded.value ELSE latest.value END,
    unrolled_from = least(latest.unrolled_from, excluded.unrolled_from);
