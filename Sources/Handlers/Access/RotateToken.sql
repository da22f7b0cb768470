-- Ends a token that was neither revoked nor replaced, after the given number of seconds.
-- name: endToken :optional
-- in: token_id uuid, grace_seconds int8
-- out: token_id uuid, name text, roles text[], instance_id text?, expires_at timestamptz?, identity uuid, lifetime_seconds int8?
UPDATE access_tokens
SET revoked_at = now() + :grace_seconds::int8 * interval '1 second'
WHERE token_id = :token_id
    AND revoked_at IS NULL
RETURNING token_id, name, roles, instance_id, expires_at, identity, lifetime_seconds

-- name: tokenExists :one
-- in: token_id uuid
-- out: exists bool
SELECT EXISTS (SELECT FROM access_tokens WHERE token_id = :token_id)
