-- A token without its secret.
-- type: AccessTokenRow
-- out: token_id uuid, name text, roles text[], instance_id text?, created_by text, created_at timestamptz
-- out: expires_at timestamptz?, revoked_at timestamptz?

-- name: listTokens :many
-- in: instance_id text?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: AccessTokenRow
SELECT token_id, name, roles, instance_id, created_by, created_at, expires_at, revoked_at
FROM access_tokens
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (created_at, token_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY created_at DESC, token_id DESC
LIMIT :limit
OFFSET :offset

-- name: countTokens :one
-- in: instance_id text?
-- out: count int8
SELECT count(*)
FROM access_tokens
WHERE :instance_id IS NULL OR instance_id = :instance_id
