-- Adds new rows to the running sums.
-- name: sumUp :one
-- out: done bool
SELECT true AS done
FROM sum_costs(), sum_executions(), note_presence(), note_equity()

-- Merges the rows of exposure_totals of each symbol and mode that has more than `shares_kept`; returns the number of merged rows.
-- name: gatherExposure :one
-- in: limit int8, shares_kept int8
-- out: rows int8
SELECT gather_exposure(:limit, :shares_kept) AS rows

-- Queues closed buckets for the rollup; returns the number of series.
-- name: touchClosedBuckets :one
-- in: limit int8
-- out: series int8
SELECT touch_closed_buckets(:limit) AS series

-- Rolls up queued buckets; returns the number of rows taken from `touched_buckets`.
-- name: rollBuckets :one
-- in: limit int8
-- out: rows int8
SELECT roll_buckets(:limit) AS rows

-- Books the equity of series under the mode of their instance; returns the number of remaining series.
-- name: rebookEquity :one
-- in: limit int8
-- out: series int8
SELECT rebook_equity(:limit) AS series

-- Creates future partitions and drops those whose retention period has ended.
-- name: arrangePartitions :one
-- in: sample_days int8, fine_days int8, coarse_days int8, execution_days int8
-- out: done bool
SELECT true AS done
FROM keep_partitions(
    :sample_days::int8 * interval '1 day', :fine_days::int8 * interval '1 day', :coarse_days::int8 * interval '1 day',
    :execution_days::int8 * interval '1 day'
) AS arranged

-- Raises an alert for tables that have no partition for tomorrow: the day after, all new rows would go to a single partition. For the audit
-- log it is raised while the next month has no partition, or while a month is open an hour after its end.
-- name: checkPartitions :exec
WITH part AS (
    SELECT
        parent,
        EXISTS (
            SELECT
            FROM pg_inherits
            JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = parent::regclass
                AND relname = parent || to_char(date_trunc('day', now(), 'UTC') AT TIME ZONE 'UTC' + interval '1 day', '_YYYYMMDDHH24')
        ) AS is_there,
        'Table ' || parent || ' has no partition for tomorrow' AS message
    FROM unnest(ARRAY ['metric_samples', 'execution_samples']) AS parent
    UNION ALL
    SELECT
        'audit_log',
        coalesce(max(month) > now() AT TIME ZONE 'UTC', false)
            AND coalesce(min(month) FILTER (WHERE closed_at IS NULL) >= date_trunc('month', (now() - interval '1 hour') AT TIME ZONE 'UTC'), false),
        'Table audit_log has no partition for the next month, or the last month is not closed'
    FROM audit_months
),
raised AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata)
    SELECT 'partitions', 'CRITICAL', 'table', parent, message, '{}'
    FROM part
    WHERE NOT is_there
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
)
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = 'auto'
FROM part
WHERE source = 'partitions'
    AND target_id = parent
    AND is_there
    AND status <> 'RESOLVED'

-- Notes the performance of up to `limit` instances after this one; returns the last of them, null at the end.
-- name: notePerformance :one
-- in: after text, limit int8, books text?, rate_seconds int8
-- out: last text?
SELECT note_performance(:after, :limit, :books, :rate_seconds) AS last
