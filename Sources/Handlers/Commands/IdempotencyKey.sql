-- Claims an idempotency key; returns no row if it is taken. Concurrent requests with the same key wait for the end of this transaction.
-- name: takeKey :exec
-- in: actor text, operation text, key text, request text
INSERT INTO idempotency_keys (actor, operation, key, request)
VALUES (:actor, :operation, :key, :request)
ON CONFLICT DO NOTHING

-- The message is a write, so the commit waits for synchronous standbys: a repeated response is as durable as the first one, even if the
-- connection that waited for the first commit was lost.
-- name: findKey :one
-- in: actor text, operation text, key text
-- out: request text, answer jsonb, position text
SELECT request, answer, pg_logical_emit_message(true, 'flotilla', '')::text AS position
FROM idempotency_keys
WHERE (actor, operation, key) = (:actor, :operation, :key)

-- name: keepAnswer :exec
-- in: actor text, operation text, key text, answer jsonb
UPDATE idempotency_keys
SET answer = :answer
WHERE (actor, operation, key) = (:actor, :operation, :key)

-- Keys are kept for two days.
-- name: removeKeys :one
-- in: limit int8
-- out: forgotten int8
WITH forgotten AS (
    DELETE FROM idempotency_keys
    WHERE ctid = ANY (
        ARRAY (
            SELECT ctid
            FROM idempotency_keys
            WHERE created_at < now() - interval '2 days'
            LIMIT :limit
        )
    )
    RETURNING 1
)
SELECT count(*) AS forgotten
FROM forgotten
