-- type: SavedViewRow
-- import: Generated
-- out: view_id uuid, list text(SavedViewListName), name text, query text, is_default bool

-- name: listSavedViews :many
-- import: Generated
-- in: principal text, list text(SavedViewListName)?, limit int8
-- out: SavedViewRow
SELECT view_id, list, name, query, is_default
FROM saved_views
WHERE principal = :principal
    AND (:list IS NULL OR list = :list)
ORDER BY list, name
LIMIT :limit

-- Makes the changes of a user's views follow each other (`SavedViews.lock`), so that they see each other.
-- name: lockSavedViews :one
-- in: lock int4, principal text
-- out: is_locked bool
SELECT pg_advisory_xact_lock(:lock, hashtext(:principal)) IS NOT NULL AS is_locked

-- name: countSavedViews :one
-- import: Generated
-- in: principal text, list text(SavedViewListName)
-- out: count int8
SELECT count(*)
FROM saved_views
WHERE principal = :principal
    AND list = :list

-- Ends the default of a list.
-- name: endDefaultView :exec
-- import: Generated
-- in: principal text, list text(SavedViewListName)
UPDATE saved_views
SET is_default = false
WHERE principal = :principal
    AND list = :list
    AND is_default

-- Saves a view. Returns no row if its name is taken.
-- name: insertSavedView :optional
-- import: Generated
-- in: principal text, list text(SavedViewListName), name text, query text, is_default bool
-- out: SavedViewRow
INSERT INTO saved_views (principal, list, name, query, is_default)
VALUES (:principal, :list, :name, :query, :is_default)
ON CONFLICT (principal, list, name) DO NOTHING
RETURNING view_id, list, name, query, is_default

-- name: findSavedView :optional
-- in: principal text, view_id uuid
-- out: SavedViewRow
SELECT view_id, list, name, query, is_default
FROM saved_views
WHERE principal = :principal
    AND view_id = :view_id

-- Changes a view. Returns no row if the name belongs to another view.
-- name: updateSavedView :optional
-- in: view_id uuid, name text, query text, is_default bool
-- out: SavedViewRow
UPDATE saved_views AS view
SET name = :name, query = :query, is_default = :is_default
WHERE view_id = :view_id
    AND NOT EXISTS (
        SELECT
        FROM saved_views AS other
        WHERE other.principal = view.principal
            AND other.list = view.list
            AND other.name = :name
            AND other.view_id <> view.view_id
    )
RETURNING view_id, list, name, query, is_default

-- name: deleteSavedView :exec
-- in: principal text, view_id uuid
DELETE FROM saved_views
WHERE principal = :principal
    AND view_id = :view_id
