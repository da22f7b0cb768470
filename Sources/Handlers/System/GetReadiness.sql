-- name: ping :one
-- out: one int4
SELECT 1
