-- name: findPerson :optional
-- in: issuer text, subject text
-- out: name text
SELECT name
FROM openid_people
WHERE issuer = :issuer
    AND subject = :subject

-- Stores a person. Changes nothing if the name is taken by another person or by a token, or if the person is known.
-- name: insertPerson :exec
-- in: issuer text, subject text, name text
INSERT INTO openid_people (issuer, subject, name)
SELECT :issuer, :subject, :name
WHERE NOT EXISTS (SELECT FROM access_tokens WHERE access_tokens.name = :name)
ON CONFLICT DO NOTHING

-- name: openPersonSession :exec
-- in: hash text, issuer text, subject text, roles text[], tokens text
INSERT INTO openid_sessions (hash, issuer, subject, roles, tokens)
VALUES (:hash, :issuer, :subject, :roles, :tokens)

-- The tokens of a session.
-- name: personTokens :optional
-- in: hash text
-- out: tokens text
SELECT tokens
FROM openid_sessions
WHERE hash = :hash

-- Claims the check of a session that is due; its tokens.
-- name: claimCheck :optional
-- in: hash text, due_seconds int8, claim_seconds int8
-- out: tokens text
UPDATE openid_sessions
SET claimed_until = now() + :claim_seconds::int8 * interval '1 second'
WHERE hash = :hash
    AND checked_at <= now() - :due_seconds::int8 * interval '1 second'
    AND (claimed_until IS NULL OR claimed_until <= now())
RETURNING tokens

-- Records that the provider confirmed a session.
-- name: noteCheck :exec
-- in: hash text, roles text[], tokens text
UPDATE openid_sessions
SET roles = :roles,
    tokens = :tokens,
    checked_at = now(),
    claimed_until = NULL,
    failing_since = NULL
WHERE hash = :hash

-- Records that the provider did not respond; the next attempt may follow after a pause.
-- name: noteCheckFailure :exec
-- in: hash text, pause_seconds int8
UPDATE openid_sessions
SET failing_since = coalesce(failing_since, now()),
    claimed_until = now() + :pause_seconds::int8 * interval '1 second'
WHERE hash = :hash
