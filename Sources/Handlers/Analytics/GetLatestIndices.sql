-- name: latestIndices :many
-- in: index_name text?
-- out: index_name text, value numeric, ts timestamptz
SELECT DISTINCT ON (series.symbol) series.symbol, newest.value, newest.ts
FROM metric_series AS series
CROSS JOIN LATERAL (
    SELECT value, ts
    FROM metric_samples
    WHERE series_id = series.series_id
    ORDER BY ts DESC
    LIMIT 1
) AS newest
WHERE series.metric_type = 'index'
    AND (:index_name IS NULL OR series.symbol = :index_name)
ORDER BY series.symbol, newest.ts DESC, series.series_id
