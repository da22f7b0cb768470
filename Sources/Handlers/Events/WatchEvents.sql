-- The place from which on everything is still to come.
-- name: eventHead :one
-- out: xid text, event_id int8
SELECT pg_snapshot_xmin(pg_current_snapshot())::text, 0::int8

-- The events behind a place, as far as no older transaction can add another between them.
-- name: eventsAfter :many
-- in: xid text, event_id int8, limit int8
-- out: xid text, event_id int8, at timestamptz, kind text, key text, data jsonb
SELECT xid::text, event_id, at, kind, key, data
FROM event_log
WHERE (xid, event_id) > (:xid::text::xid8, :event_id)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY event_log.xid, event_id
LIMIT :limit

-- Whether events behind a place are not kept any more.
-- name: isBeforeHorizon :one
-- in: xid text, event_id int8
-- out: is_before bool
SELECT (xid, event_id) > (:xid::text::xid8, :event_id)
FROM event_horizon

-- Forgets events after an hour, and remembers where they ended.
-- name: forgetEvents :one
-- in: limit int8
-- out: forgotten int8
WITH forgotten AS (
    DELETE FROM event_log
    WHERE (xid, event_id) IN (
        SELECT xid, event_id
        FROM event_log
        WHERE at < now() - interval '1 hour'
        ORDER BY xid, event_id
        LIMIT :limit
    )
    RETURNING xid, event_id
),
last AS (
    SELECT xid, event_id
    FROM forgotten
    ORDER BY xid DESC, event_id DESC
    LIMIT 1
),
moved AS (
    UPDATE event_horizon
    SET xid = last.xid,
        event_id = last.event_id
    FROM last
    WHERE (last.xid, last.event_id) > (event_horizon.xid, event_horizon.event_id)
)
SELECT count(*)
FROM forgotten
