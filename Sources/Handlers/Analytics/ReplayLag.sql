-- By how many seconds what a standby has is older than what the primary has: by the age of the row that servers write every two seconds.
-- A standby that lost its primary has replayed all that it received, so its own positions do not tell.
-- name: replayLag :one
-- out: seconds float8
SELECT greatest(extract(epoch FROM clock_timestamp() - until)::float8, 0)
FROM listening
