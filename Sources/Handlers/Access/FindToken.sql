-- The token whose secret has this hash, if it is valid now.
-- name: findToken :optional
-- in: hash text
-- out: name text, roles text[], instance_id text?, identity uuid
SELECT name, roles, instance_id, identity
FROM access_tokens
WHERE hash = :hash
    AND (revoked_at IS NULL OR revoked_at > now())
    AND (expires_at IS NULL OR expires_at > now())
