-- Takes the lock of a job (`AdvisoryLock.job`), which one transaction among all servers can hold.
-- name: leadJob :one
-- in: lock int4, job text
-- out: is_leader bool
SELECT pg_try_advisory_xact_lock(:lock, hashtext(:job)) AS is_leader

-- Takes the lock of all jobs that maintain sums and partitions (`AdvisoryLock.maintenance`).
-- name: leadMaintenance :one
-- in: lock int8
-- out: is_leader bool
SELECT pg_try_advisory_xact_lock(:lock) AS is_leader

-- Records that jobs succeeded.
-- name: noteJobs :exec
-- in: names text[]
INSERT INTO jobs (name)
SELECT name
FROM unnest(:names::text[]) AS name
ORDER BY name
ON CONFLICT (name) DO UPDATE SET succeeded_at = now()

-- The time since each job last succeeded, in seconds.
-- name: jobAges :many
-- out: name text, seconds float8
SELECT name, extract(epoch FROM now() - succeeded_at)::float8 AS seconds
FROM jobs
ORDER BY name

-- Whether each of these jobs succeeded within the given number of seconds.
-- name: areJobsDone :one
-- in: names text[], seconds int8
-- out: are_done bool
SELECT count(*) = cardinality(:names::text[]) AS are_done
FROM jobs
WHERE name = ANY (:names)
    AND succeeded_at > now() - :seconds::int8 * interval '1 second'

-- Records that a server is listening for heartbeats.
-- name: noteListening :one
-- out: is_noted bool
SELECT true AS is_noted
FROM note_listening()

-- name: databaseTime :one
-- out: time timestamptz
SELECT clock_timestamp() AS time
