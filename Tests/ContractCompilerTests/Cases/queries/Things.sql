-- Shows a thing; ':name' in a string or a comment is not a parameter.
-- name: getThing :optional
-- in: thing_id uuid, colour text(Colour)?
-- out: name text, made_at timestamptz?
-- import: Generated
SELECT name, made_at -- :colour
FROM things
WHERE thing_id = :thing_id AND note <> ':name' AND (:colour::text IS NULL OR colour = :colour);

-- name: countThings :one
-- out: count int8
SELECT count(*) FROM things

-- name: touchThing :exec
-- in: thing_id uuid
UPDATE things SET made_at = now() WHERE thing_id = :thing_id

-- name: storeThings :batch
-- row: name text, price numeric?
-- out: ordinal int8, is_stored bool
SELECT ordinal, true FROM unnest(:name, :price) WITH ORDINALITY AS row (name, price, ordinal)
