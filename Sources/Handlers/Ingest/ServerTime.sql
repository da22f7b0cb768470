-- The time of the clock that decides.
-- name: serverTime :one
-- out: now timestamptz
SELECT statement_timestamp()
