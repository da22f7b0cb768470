-- name: listMetrics :many
-- in: instance_id text, limit int8, offset int8
-- out: metric_type text, symbol text, currency text, value numeric, ts timestamptz
SELECT metric_type, symbol, currency, value, ts
FROM metric_series
JOIN metric_latest USING (series_id)
WHERE instance_id = :instance_id
ORDER BY metric_type, symbol, currency
LIMIT :limit
OFFSET :offset

-- name: countMetrics :one
-- in: instance_id text
-- out: count int8
SELECT count(*)
FROM metric_series
JOIN metric_latest USING (series_id)
WHERE instance_id = :instance_id
