-- Whether this transaction is the one among all servers that does this job now. The numbers here stand for jobs and for nothing else.
-- name: leadJob :one
-- in: job text
-- out: is_leader bool
SELECT pg_try_advisory_xact_lock(7104, hashtext(:job))

-- The same for all jobs that keep sums and partitions together. Releases before 1.3.0 take this lock for all of theirs.
-- name: leadMaintenance :one
-- out: is_leader bool
SELECT pg_try_advisory_xact_lock(7102)

-- Notes that jobs were done.
-- name: noteJobs :exec
-- in: names text[]
INSERT INTO jobs (name)
SELECT name
FROM unnest(:names::text[]) AS name
ORDER BY name
ON CONFLICT (name) DO UPDATE SET succeeded_at = now()

-- How long ago each job was done last.
-- name: jobAges :many
-- out: name text, seconds float8
SELECT name, extract(epoch FROM now() - succeeded_at)::float8
FROM jobs
ORDER BY name

-- Whether each of these jobs was done within so many seconds.
-- name: areJobsDone :one
-- in: names text[], seconds int8
-- out: are_done bool
SELECT count(*) = cardinality(:names::text[])
FROM jobs
WHERE name = ANY (:names)
    AND succeeded_at > now() - :seconds::int8 * interval '1 second'

-- Notes that servers listen to instances.
-- name: noteListening :one
-- out: is_noted bool
SELECT true
FROM note_listening()

-- name: databaseTime :one
-- out: time timestamptz
SELECT clock_timestamp()
