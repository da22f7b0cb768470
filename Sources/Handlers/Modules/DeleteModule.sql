-- name: deleteModule :exec
-- in: module_id uuid
UPDATE modules
SET deleted_at = now()
WHERE module_id = :module_id
    AND deleted_at IS NULL
