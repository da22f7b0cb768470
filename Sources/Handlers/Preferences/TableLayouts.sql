-- name: findTableLayout :optional
-- import: Generated
-- in: principal text, table_name text(TableName)
-- out: layout jsonb
SELECT layout
FROM table_layouts
WHERE principal = :principal
    AND table_name = :table_name

-- name: storeTableLayout :exec
-- import: Generated
-- in: principal text, table_name text(TableName), layout jsonb
INSERT INTO table_layouts (principal, table_name, layout)
VALUES (:principal, :table_name, :layout)
ON CONFLICT (principal, table_name) DO UPDATE SET layout = excluded.layout, updated_at = now()

-- name: removeTableLayout :exec
-- import: Generated
-- in: principal text, table_name text(TableName)
DELETE FROM table_layouts
WHERE principal = :principal
    AND table_name = :table_name
