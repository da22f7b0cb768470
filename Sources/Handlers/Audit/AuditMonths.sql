-- Arranges the months of the audit log by one step; returns 1 if another one may follow.
-- name: arrangeAudit :one
-- out: steps int8
SELECT arrange_audit() AS steps

-- Verifies a part of the oldest exported month that is older than `days`, or drops it; returns 1 if another step may follow.
-- name: dropAuditMonth :one
-- in: days int8, limit int8
-- out: steps int8
SELECT drop_audit_month(:days::int8 * interval '1 day', :limit) AS steps

-- The seal of the last dropped entry.
-- name: auditAnchor :one
-- out: position int8, head text, dropped_before timestamptz?
SELECT last_position AS position, encode(head, 'hex') AS head, dropped_before
FROM audit_anchor()

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
-- out: is_exported bool
SELECT
    to_char(month, 'YYYY-MM') AS month, first_ordinal, first_audit_ordinal((month + interval '1 month')::date) AS end_ordinal,
    last_position, encode(head, 'hex') AS head, position_before, encode(head_before, 'hex') AS head_before,
    EXISTS (
        SELECT
        FROM audit_exports AS export
        WHERE export.month = ended.month
            AND (export.last_position, export.head) = (ended.last_position, ended.head)
    ) AS is_exported
FROM (
    SELECT
        month, first_ordinal, closed_at, dropped_at, last_position, head, lag(last_position, 1, 0::int8) OVER earlier AS position_before,
        lag(head, 1, ''::bytea) OVER earlier AS head_before
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
-- out: position int8, hash text, entry text
SELECT position, encode(hash, 'hex') AS hash, audit_text(audit_log) AS entry
FROM (
    SELECT position, ordinal, hash
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
