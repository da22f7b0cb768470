-- Revokes a token; whether it exists.
-- name: revokeToken :optional
-- in: token_id uuid
-- out: name text
UPDATE access_tokens
SET revoked_at = least(revoked_at, now())
WHERE token_id = :token_id
RETURNING name
