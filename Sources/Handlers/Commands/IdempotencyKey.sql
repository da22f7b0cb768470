-- Takes a name for a request; no row when it is taken. Whoever takes it first makes the others wait for the end of his transaction.
-- name: takeKey :exec
-- in: actor text, operation text, key text, request text
INSERT INTO idempotency_keys (actor, operation, key, request)
VALUES (:actor, :operation, :key, :request)
ON CONFLICT DO NOTHING

-- The message is a write, so the commit waits for synchronous standbys: an answer that is repeated is as durable as the first, whatever became
-- of the connection that waited for that one's commit.
-- name: findKey :one
-- in: actor text, operation text, key text
-- out: request text, answer jsonb, position text
SELECT request, answer, pg_logical_emit_message(true, 'flotilla', '')::text
FROM idempotency_keys
WHERE (actor, operation, key) = (:actor, :operation, :key)

-- name: keepAnswer :exec
-- in: actor text, operation text, key text, answer jsonb
UPDATE idempotency_keys
SET answer = :answer
WHERE (actor, operation, key) = (:actor, :operation, :key)

-- Names are kept for two days.
-- name: forgetKeys :one
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
SELECT count(*)
FROM forgotten
