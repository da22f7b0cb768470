-- Locks the tokens of an instance, so that its agent cannot rotate one while they are revoked.
-- name: lockTokensOfInstance :many
-- in: instance_id text
-- out: token_id uuid
SELECT token_id
FROM access_tokens
WHERE instance_id = :instance_id
ORDER BY token_id
FOR NO KEY UPDATE

-- Marks a retired instance for removal, and revokes its tokens; returns their number.
-- name: deleteInstance :one
-- in: instance_id text
-- out: tokens int8
WITH marked AS (
    UPDATE instances
    SET deleted_at = now()
    WHERE instance_id = :instance_id
        AND retired_at IS NOT NULL
    RETURNING instance_id
),
revoked AS (
    UPDATE access_tokens
    SET revoked_at = now()
    FROM marked
    WHERE access_tokens.instance_id = marked.instance_id
        AND (revoked_at IS NULL OR revoked_at > now())
    RETURNING token_id
)
SELECT count(*) AS tokens
FROM revoked

-- Removes some of the data of deleted instances; returns the number of rows.
-- name: removeInstances :one
-- out: removed int8
SELECT remove_instances() AS removed
