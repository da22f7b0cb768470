-- name: latestIndices :many
-- in: index_name text?
-- out: index_name text, value numeric, ts timestamptz
SELECT DISTINCT ON (series.symbol) series.symbol AS index_name, newest.value, newest.ts
FROM metric_series AS series
JOIN metric_latest AS newest USING (series_id)
WHERE series.metric_type = 'index'
    AND (:index_name IS NULL OR series.symbol = :index_name)
ORDER BY series.symbol, newest.ts DESC, series.series_id
