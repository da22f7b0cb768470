-- Arranges the months of the audit log by one step; returns 1 if another one may follow.
-- name: arrangeAudit :one
-- out: steps int8
SELECT keep_audit_months() AS steps

-- Verifies a part of the oldest exported month that is older than `days`, or drops it; returns 1 if another step may follow.
-- name: dropAuditMonth :one
-- in: days int8, limit int8
-- out: steps int8
SELECT drop_audit_month(:days::int8 * interval '1 day', :limit) AS steps

-- The next seals to verify of the oldest exported month that is older than `days`, if they have keys.
-- name: auditMonthToVerify :optional
-- in: days int8
-- out: month text, after int8, last int8
SELECT to_char(month, 'YYYY-MM') AS month, coalesce(verified_position, (SELECT last_position FROM audit_start())) AS after, last_position AS last
FROM old_audit_month(:days::int8 * interval '1 day') AS old
WHERE key_id IS NOT NULL
    AND last_position > coalesce(verified_position, (SELECT last_position FROM audit_start()))
    AND EXISTS (
        SELECT
        FROM audit_exports AS export
        WHERE export.month = old.month
            AND (export.last_position, export.head) = (old.last_position, old.head)
    )

-- name: noteAuditVerified :one
-- in: month text, position int8
-- out: done bool
SELECT true AS done
FROM note_audit_verified(to_date(:month, 'YYYY-MM'), :position)

-- name: refuseAuditMonth :one
-- in: month text, fault text
-- out: done bool
SELECT true AS done
FROM refuse_audit_month(to_date(:month, 'YYYY-MM'), :fault)

-- The seal of the last dropped entry.
-- name: auditStart :one
-- out: position int8, head text, key text?, dropped_before timestamptz?, is_recorded bool
SELECT last_position AS position, encode(head, 'hex') AS head, key_id AS key, dropped_before, is_recorded
FROM audit_start()

-- The number of months that are older than `days` and not exported.
-- name: auditMonthsWaiting :one
-- in: days int8
-- out: months int8
SELECT count(*) AS months
FROM (
    SELECT month, closed_at, dropped_at, last_position, head, lag(last_position, 1, 0::int8) OVER (ORDER BY month) AS before
    FROM audit_months
) AS ended
WHERE dropped_at IS NULL
    AND closed_at < now() - :days::int8 * interval '1 day'
    AND (last_position IS NULL OR last_position > before)
    AND NOT EXISTS (
        SELECT
        FROM audit_exports AS export
        WHERE export.month = ended.month
            AND (export.last_position, export.head) = (ended.last_position, ended.head)
    )

-- The months that have ended and are not dropped, oldest first, with the range of their numbers and the seals before and at the end of each
-- month. Seals are null until all entries are sealed.
-- name: endedAuditMonths :many
-- out: month text, first_ordinal int8, end_ordinal int8, last_position int8?, head text?, position_before int8?, head_before text?
-- out: key_before text?, is_exported bool
SELECT
    to_char(month, 'YYYY-MM') AS month, first_ordinal, first_audit_ordinal((month + interval '1 month')::date) AS end_ordinal,
    last_position, encode(head, 'hex') AS head, position_before, encode(head_before, 'hex') AS head_before, key_before,
    EXISTS (
        SELECT
        FROM audit_exports AS export
        WHERE export.month = ended.month
            AND (export.last_position, export.head) = (ended.last_position, ended.head)
    ) AS is_exported
FROM (
    SELECT
        month, first_ordinal, closed_at, dropped_at, last_position, head, lag(last_position, 1, 0::int8) OVER earlier AS position_before,
        lag(head, 1, ''::bytea) OVER earlier AS head_before, lag(key_id) OVER earlier AS key_before
    FROM audit_months
    WINDOW earlier AS (ORDER BY month)
) AS ended
WHERE closed_at IS NOT NULL
    AND dropped_at IS NULL
ORDER BY ended.month

-- The fault if a month's entries and seals do not match; null otherwise.
-- name: auditMonthFault :one
-- in: month text
-- out: fault text?
SELECT fault
FROM count_audit_month(to_date(:month, 'YYYY-MM'))

-- The entries of a month after a position, with their seals.
-- name: sealedEntries :many
-- in: after int8, last int8, first_ordinal int8, end_ordinal int8, limit int8
-- out: position int8, hash text, key text?, entry text
SELECT position, encode(hash, 'hex') AS hash, key_id AS key, audit_text(audit_log) AS entry
FROM (
    SELECT position, ordinal, hash, key_id
    FROM audit_seals
    WHERE position > :after
        AND position <= :last
        AND ordinal >= :first_ordinal
        AND ordinal < :end_ordinal
    ORDER BY position
    LIMIT :limit
) AS seal
JOIN audit_log ON audit_log.ordinal = seal.ordinal
    AND audit_log.ordinal >= :first_ordinal
    AND audit_log.ordinal < :end_ordinal
ORDER BY position

-- The entries after the last month that has ended, up to the last seal.
-- name: openAuditMonth :one
-- out: month text, first_ordinal int8, end_ordinal int8, last_position int8, head text, position_before int8, head_before text, key_before text?
SELECT
    to_char(month, 'YYYY-MM') AS month, first_ordinal, 9223372036854775807 AS end_ordinal, last.last_position, encode(last.head, 'hex') AS head,
    coalesce(before.last_position, 0) AS position_before, encode(coalesce(before.head, ''), 'hex') AS head_before, before.key_id AS key_before
FROM (SELECT month, first_ordinal FROM audit_months WHERE closed_at IS NULL ORDER BY month LIMIT 1) AS open
CROSS JOIN audit_head() AS last
LEFT JOIN (
    SELECT last_position, head, key_id FROM audit_months WHERE last_position IS NOT NULL ORDER BY month DESC LIMIT 1
) AS before ON true

-- Records the export of months; returns their number.
-- name: noteAuditExport :one
-- in: first_month text, last_month text, actor text, file text, sha256 text
-- out: months int8
WITH noted AS (
    INSERT INTO audit_exports (month, exported_by, file, sha256, last_position, head)
    SELECT month, :actor, :file, decode(:sha256, 'hex'), last_position, head
    FROM audit_months
    WHERE month BETWEEN to_date(:first_month, 'YYYY-MM') AND to_date(:last_month, 'YYYY-MM')
        AND last_position IS NOT NULL
        AND dropped_at IS NULL
    RETURNING 1
)
SELECT count(*) AS months
FROM noted

-- Whether this role owns the log, and may drop months.
-- name: ownsAudit :one
-- out: is_owner bool
SELECT owns_audit() AS is_owner
