-- The standby's lag in seconds: the age of the row that servers write every two seconds. A standby that lost its primary has replayed
-- everything that it received, so its own positions do not show the lag.
-- name: replayLag :one
-- out: seconds float8
SELECT greatest(extract(epoch FROM clock_timestamp() - until)::float8, 0) AS seconds
FROM listening
