-- The progress of the commands of one bulk.
-- name: bulkCoverage :optional
-- import: Generated
-- in: bulk_id uuid, stale_seconds int8
-- out: command_type text(CommandType), created_by text, created_at timestamptz, expires_at timestamptz, reason text?, total int8
-- out: awaiting_approval int8, delivered int8, confirmed int8, failed int8, ended int8, outcome_unknown int8, completed_late int8
-- out: unreachable int8
SELECT
    command_type, created_by, min(created_at) AS created_at, max(expires_at) AS expires_at, reason, count(*) AS total,
    count(*) FILTER (WHERE status = 'AWAITING_APPROVAL') AS awaiting_approval,
    count(*) FILTER (WHERE first_delivered_at IS NOT NULL) AS delivered,
    count(*) FILTER (WHERE status = 'COMPLETED') AS confirmed,
    count(*) FILTER (WHERE status IN ('FAILED', 'REJECTED_EXPIRED', 'REJECTED_DUPLICATE')) AS failed,
    count(*) FILTER (WHERE status IN ('EXPIRED', 'CANCELED', 'DENIED', 'SUPERSEDED')) AS ended,
    count(*) FILTER (WHERE command_outcome(status, first_delivered_at, late_outcome) IN ('UNKNOWN', 'ACCEPTED_LATE')) AS outcome_unknown,
    count(*) FILTER (WHERE command_outcome(status, first_delivered_at, late_outcome) = 'COMPLETED_LATE') AS completed_late,
    count(*) FILTER (WHERE status <> 'COMPLETED' AND coalesce(last_seen < (SELECT lost_before(:stale_seconds)), true)) AS unreachable
FROM commands
LEFT JOIN instance_live USING (instance_id)
WHERE bulk_id = :bulk_id
GROUP BY command_type, created_by, reason
