-- An enrolment code without its secret.
-- type: EnrolmentCodeRow
-- out: code_id uuid, bot_ids text[], count int8, used int8, created_by text, created_at timestamptz, expires_at timestamptz
-- out: revoked_at timestamptz?

-- name: insertEnrolmentCode :one
-- in: hash text, bot_ids text[], count int8, lifetime_seconds int8, created_by text
-- out: EnrolmentCodeRow
INSERT INTO enrolment_codes (hash, bot_ids, count, created_by, expires_at)
VALUES (:hash, :bot_ids, :count, :created_by, now() + :lifetime_seconds::int8 * interval '1 second')
RETURNING code_id, bot_ids, count, used, created_by, created_at, expires_at, revoked_at

-- Removes codes that ended long ago. The audit log keeps their creation and their use.
-- name: forgetEnrolmentCodes :exec
DELETE FROM enrolment_codes
WHERE least(expires_at, revoked_at) < now() - interval '90 days'

-- name: listEnrolmentCodes :many
-- in: after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: EnrolmentCodeRow
SELECT code_id, bot_ids, count, used, created_by, created_at, expires_at, revoked_at
FROM enrolment_codes
WHERE (created_at, code_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY created_at DESC, code_id DESC
LIMIT :limit
OFFSET :offset

-- name: countEnrolmentCodes :one
-- out: count int8
SELECT count(*) FROM enrolment_codes

-- name: revokeEnrolmentCode :exec
-- in: code_id uuid
UPDATE enrolment_codes
SET revoked_at = least(revoked_at, now())
WHERE code_id = :code_id

-- The code with this hash, if it is valid now.
-- name: findEnrolmentCode :optional
-- in: hash text
-- out: code_id uuid
SELECT code_id
FROM enrolment_codes
WHERE hash = :hash
    AND revoked_at IS NULL
    AND expires_at > now()
