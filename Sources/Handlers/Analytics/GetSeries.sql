-- Whether an instance is registered.
-- name: isInstance :one
-- in: instance_id text
-- out: is_known bool
SELECT EXISTS (SELECT FROM instances WHERE instance_id = :instance_id) AS is_known

-- name: seriesPoints :many
-- in: instance_id text, metric_type text, symbol text, currency text?, books text?, from timestamptz?, to timestamptz?, limit int8
-- out: ts timestamptz, value numeric
SELECT ts, value
FROM metric_history
JOIN metric_series AS series USING (series_id)
WHERE (series.instance_id, series.metric_type, series.symbol) = (:instance_id, :metric_type, :symbol)
    AND named_currency(series.currency, :books) = coalesce(
        :currency,
        (
            SELECT total_currency(array_agg(named_currency(known.currency, :books)), NULL)
            FROM metric_series AS known
            WHERE (known.instance_id, known.metric_type, known.symbol) = (:instance_id, :metric_type, :symbol)
        ),
        :books,
        ''
    )
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
ORDER BY ts
LIMIT :limit

-- The last value of each step; steps are counted from 1970, so that they are the same for every caller.
-- name: seriesSteps :many
-- in: instance_id text, metric_type text, symbol text, currency text?, books text?, from timestamptz?, to timestamptz?, step_seconds int8, limit int8
-- out: ts timestamptz, value numeric
SELECT DISTINCT ON (1)
    date_bin(:step_seconds * interval '1 second', ts, 'epoch'::timestamptz) AS ts,
    value
FROM metric_history
JOIN metric_series AS series USING (series_id)
WHERE (series.instance_id, series.metric_type, series.symbol) = (:instance_id, :metric_type, :symbol)
    AND named_currency(series.currency, :books) = coalesce(
        :currency,
        (
            SELECT total_currency(array_agg(named_currency(known.currency, :books)), NULL)
            FROM metric_series AS known
            WHERE (known.instance_id, known.metric_type, known.symbol) = (:instance_id, :metric_type, :symbol)
        ),
        :books,
        ''
    )
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
ORDER BY 1, metric_history.ts DESC
LIMIT :limit
