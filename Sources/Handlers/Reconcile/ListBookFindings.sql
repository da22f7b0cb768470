-- type: BookFindingRow
-- import: Generated
-- out: finding_id uuid, instance_id text, object text(BookObject), id text, difference text(BookDifference), symbol text?
-- out: booked jsonb?, reported jsonb?, first_at timestamptz, last_at timestamptz, resolved_at timestamptz?

-- name: listBookFindings :many
-- import: Generated
-- in: instance_id text?, open bool?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: BookFindingRow
SELECT finding_id, instance_id, object, id, difference, symbol, booked, reported, first_at, last_at, resolved_at
FROM book_findings
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:open IS NULL OR (resolved_at IS NULL) = :open)
    AND (first_at, finding_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY first_at DESC, finding_id DESC
LIMIT :limit
OFFSET :offset

-- name: countBookFindings :one
-- in: instance_id text?, open bool?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM book_findings
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:open IS NULL OR (resolved_at IS NULL) = :open)
    LIMIT :most
) AS counted
