-- A public key of a person.
-- type: CommandKeyRow
-- out: key_id text, public_key text, principal text, name text, created_by text, created_at timestamptz, revoked_at timestamptz?

-- name: listCommandKeys :many
-- in: limit int8
-- out: CommandKeyRow
SELECT key_id, public_key, principal, name, created_by, created_at, revoked_at
FROM command_keys
ORDER BY revoked_at DESC NULLS FIRST, created_at DESC, key_id
LIMIT :limit

-- A key that is valid and belongs to a person; no row for any other key.
-- name: findCommandKey :optional
-- in: key_id text, principal text
-- out: public_key text
SELECT public_key
FROM command_keys
WHERE key_id = :key_id
    AND principal = :principal
    AND revoked_at IS NULL

-- Stores a key unless it is known.
-- name: insertCommandKey :optional
-- in: key_id text, public_key text, principal text, name text, created_by text
-- out: CommandKeyRow
INSERT INTO command_keys (key_id, public_key, principal, name, created_by)
VALUES (:key_id, :public_key, :principal, :name, :created_by)
ON CONFLICT DO NOTHING
RETURNING key_id, public_key, principal, name, created_by, created_at, revoked_at

-- name: countCommandKeys :one
-- out: count int8
SELECT count(*)
FROM command_keys
WHERE revoked_at IS NULL

-- Revokes a key; whether it exists.
-- name: revokeCommandKey :optional
-- in: key_id text
-- out: principal text
UPDATE command_keys
SET revoked_at = least(revoked_at, now())
WHERE key_id = :key_id
RETURNING principal
