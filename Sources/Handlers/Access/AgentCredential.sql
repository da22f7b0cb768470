-- The credential of an agent, without its secret. Times are the database's.
-- type: CredentialRow
-- out: token_id uuid, instance_id text, expires_at timestamptz, rotate_in_seconds int8

-- Locks an enrolment code; nothing if it is no longer valid. Time has passed while another enrolment held the lock.
-- name: lockEnrolmentCode :optional
-- in: code_id uuid, bot_id text
-- out: is_used_up bool, allows_bot bool
SELECT used >= count AS is_used_up, bot_ids = '{}' OR :bot_id = ANY (bot_ids) AS allows_bot
FROM enrolment_codes
WHERE code_id = :code_id
    AND revoked_at IS NULL
    AND expires_at > clock_timestamp()
FOR NO KEY UPDATE

-- The result of an earlier enrolment with the same secret.
-- name: repeatedEnrolment :optional
-- in: instance_id text, hash text, created_by text
-- out: CredentialRow
SELECT
    token_id, instance_id, expires_at,
    extract(epoch FROM created_at + lifetime_seconds / 3 * interval '1 second' - now())::int8 AS rotate_in_seconds
FROM access_tokens
WHERE hash = :hash
    AND instance_id = :instance_id
    AND created_by = :created_by
    AND revoked_at IS NULL
    AND expires_at > now()

-- The bot that owns an instance.
-- name: ownerOfInstance :optional
-- in: instance_id text
-- out: bot_id text
SELECT bot_id FROM instances WHERE instance_id = :instance_id

-- Ends the expired credentials of an instance, which do not stop it from enrolling again.
-- name: endExpiredCredentials :exec
-- in: instance_id text
UPDATE access_tokens
SET revoked_at = expires_at
WHERE instance_id = :instance_id
    AND revoked_at IS NULL
    AND expires_at <= now()

-- name: hasCredential :one
-- in: instance_id text
-- out: has_credential bool
SELECT EXISTS (
    SELECT
    FROM access_tokens
    WHERE instance_id = :instance_id
        AND (revoked_at IS NULL OR revoked_at > now())
        AND (expires_at IS NULL OR expires_at > now())
) AS has_credential

-- name: countEnrolment :exec
-- in: code_id uuid
UPDATE enrolment_codes SET used = used + 1 WHERE code_id = :code_id

-- Stores a credential. Returns no row if its secret is in use, or another one was enrolled at the same moment.
-- name: insertCredential :optional
-- in: name text, instance_id text, hash text, created_by text, identity uuid?, lifetime_seconds int8
-- out: CredentialRow
INSERT INTO access_tokens (name, roles, instance_id, hash, created_by, expires_at, identity, lifetime_seconds)
VALUES (
    :name, '{}', :instance_id, :hash, :created_by, now() + :lifetime_seconds::int8 * interval '1 second',
    coalesce(:identity, gen_random_uuid()), :lifetime_seconds
)
ON CONFLICT DO NOTHING
RETURNING token_id, instance_id, expires_at, lifetime_seconds / 3 AS rotate_in_seconds

-- Locks the credential of an identity that is not replaced or revoked.
-- name: lockCredential :optional
-- in: identity uuid
-- out: token_id uuid, instance_id text, hash text, created_by text, lifetime_seconds int8?
SELECT token_id, instance_id, hash, created_by, lifetime_seconds
FROM access_tokens
WHERE identity = :identity
    AND instance_id IS NOT NULL
    AND revoked_at IS NULL
ORDER BY created_at DESC
LIMIT 1
FOR NO KEY UPDATE

-- name: credential :one
-- in: token_id uuid
-- out: CredentialRow
SELECT
    token_id, instance_id, expires_at,
    extract(epoch FROM created_at + lifetime_seconds / 3 * interval '1 second' - now())::int8 AS rotate_in_seconds
FROM access_tokens
WHERE token_id = :token_id

-- Removes the predecessors of a credential that ended long ago.
-- name: forgetCredentials :exec
-- in: identity uuid
DELETE FROM access_tokens
WHERE identity = :identity
    AND least(expires_at, revoked_at) < now() - interval '90 days'
