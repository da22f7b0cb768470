-- Ends a token that was neither revoked nor replaced, after the given number of seconds.
-- name: endToken :optional
-- in: token_id uuid, grace_seconds int8
-- out: AccessTokenRow
UPDATE access_tokens
SET revoked_at = now() + :grace_seconds::int8 * interval '1 second'
WHERE token_id = :token_id
    AND revoked_at IS NULL
RETURNING token_id, name, roles, instance_id, created_by, created_at, expires_at, revoked_at

-- name: tokenExists :one
-- in: token_id uuid
-- out: exists bool
SELECT EXISTS (SELECT FROM access_tokens WHERE token_id = :token_id)
