-- Stores a token. Returns no row if its name already has a valid one.
-- name: insertToken :optional
-- in: name text, roles text[], instance_id text?, hash text, created_by text, expires_at timestamptz?, identity uuid?
-- in: lifetime_seconds int8?
-- out: AccessTokenRow
INSERT INTO access_tokens (name, roles, instance_id, hash, created_by, expires_at, identity, lifetime_seconds)
VALUES (
    :name, :roles, :instance_id, :hash, :created_by, :expires_at, coalesce(:identity, gen_random_uuid()), :lifetime_seconds
)
ON CONFLICT DO NOTHING
RETURNING token_id, name, roles, instance_id, created_by, created_at, expires_at, revoked_at
