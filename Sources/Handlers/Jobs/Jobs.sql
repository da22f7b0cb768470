-- Whether this transaction is the one among all servers that does a job of this kind now. The numbers stand for the jobs and for nothing else.
-- name: lead :one
-- in: lock int8
-- out: is_leader bool
SELECT pg_try_advisory_xact_lock(:lock)

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
