-- The time of the authoritative clock.
-- name: serverTime :one
-- out: now timestamptz
SELECT statement_timestamp() AS now
