-- Whether this transaction is the one among all servers that looks now. The number stands for the checks and for nothing else.
-- name: lead :one
-- out: is_leader bool
SELECT pg_try_advisory_xact_lock(7102)
