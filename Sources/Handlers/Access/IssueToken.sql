-- Stores a token. Returns no row if its name already has a valid one.
-- name: insertToken :optional
-- in: name text, roles text[], instance_id text?, hash text, created_by text, expires_at timestamptz?
-- out: AccessTokenRow
INSERT INTO access_tokens (name, roles, instance_id, hash, created_by, expires_at)
VALUES (:name, :roles, :instance_id, :hash, :created_by, :expires_at)
ON CONFLICT DO NOTHING
RETURNING token_id, name, roles, instance_id, created_by, created_at, expires_at, revoked_at
