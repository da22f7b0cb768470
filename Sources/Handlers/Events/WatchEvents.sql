-- The position after which new events will appear, and whether no event after the given position is missing: this database issued it, and
-- the events after it are still stored. A position above the head, or from another history of the database, is invalid.
-- name: eventHead :one
-- in: xid text?, event_id int8?
-- out: xid text, is_valid bool
WITH head AS MATERIALIZED (
    SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid
)
SELECT
    head.xid::text,
    :xid IS NULL
        OR (:xid::text::xid8, :event_id) = (horizon.xid, horizon.event_id)
        OR (
            (:xid::text::xid8, :event_id) BETWEEN (horizon.xid, horizon.event_id) AND (head.xid, 0::int8)
            AND (
                :event_id = 0
                OR EXISTS (SELECT FROM event_log WHERE (event_log.xid, event_log.event_id) = (:xid::text::xid8, :event_id))
            )
        ) AS is_valid
FROM head
CROSS JOIN event_horizon AS horizon

-- The events after a position, up to the first one before which a running transaction can still add another.
-- name: eventsAfter :many
-- in: xid text, event_id int8, limit int8
-- out: xid text, event_id int8, at timestamptz, kind text, key text, data jsonb
SELECT xid::text, event_id, at, kind, key, data
FROM event_log
WHERE (xid, event_id) > (:xid::text::xid8, :event_id)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY event_log.xid, event_id
LIMIT :limit

-- Removes events after an hour, and records where they ended.
-- name: removeEvents :one
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
SELECT count(*) AS forgotten
FROM forgotten

-- The age in seconds of the oldest transaction that holds back events and sums; 0 if there is none, null if this role may not see its
-- start. It may belong to another database of the cluster.
-- name: horizonAge :one
-- out: seconds float8?
SELECT
    CASE
        WHEN count(*) = 0 THEN 0
        ELSE extract(epoch FROM clock_timestamp() - (array_agg(started_at ORDER BY age(xid) DESC))[1])
    END::float8 AS seconds
FROM (
    SELECT backend_xid AS xid, xact_start AS started_at FROM pg_stat_activity WHERE backend_xid IS NOT NULL
    UNION ALL
    SELECT transaction, prepared FROM pg_prepared_xacts
) AS running
