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
        AND revoked_at IS NULL
    RETURNING token_id
)
SELECT count(*) AS tokens
FROM revoked

-- Removes some of the data of deleted instances; returns the number of rows.
-- name: removeInstances :one
-- out: removed int8
SELECT remove_instances() AS removed
