-- Locks a token and the others of its identity, so that the agent cannot rotate it while it is revoked.
-- name: lockToken :many
-- in: token_id uuid
-- out: name text
SELECT name
FROM access_tokens
WHERE identity = (SELECT identity FROM access_tokens WHERE token_id = :token_id)
ORDER BY token_id
FOR NO KEY UPDATE

-- Revokes a token. A credential that its agent rotates is revoked with its successors and predecessors.
-- name: revokeToken :exec
-- in: token_id uuid
WITH revoked AS (
    SELECT identity, lifetime_seconds
    FROM access_tokens
    WHERE token_id = :token_id
)
UPDATE access_tokens
SET revoked_at = least(revoked_at, now())
WHERE token_id = :token_id
    OR identity = (SELECT identity FROM revoked WHERE lifetime_seconds IS NOT NULL)
