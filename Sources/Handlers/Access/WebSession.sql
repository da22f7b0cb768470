-- Opens a session of the dashboard, and removes those that have ended.
-- name: openSession :exec
-- in: hash text, token_hash text, seconds int8, idle_seconds int8?, principal text, address text?, browser text?
-- in: is_authenticated bool, authenticated_at timestamptz?
WITH forgotten AS (
    DELETE FROM web_sessions
    WHERE expires_at < now()
        OR used_at < now() - :idle_seconds::int8 * interval '1 second'
)
INSERT INTO web_sessions (hash, token_hash, expires_at, principal, address, browser, authenticated_at)
VALUES (
    :hash, :token_hash, now() + :seconds::int8 * interval '1 second', :principal, :address, :browser,
    CASE WHEN :is_authenticated OR :authenticated_at::timestamptz > now() THEN now() ELSE :authenticated_at END
)

-- A valid session: its token, and its principal if that is in the database; or the person of an OpenID provider, with the seconds since the
-- provider confirmed the roles.
-- name: findSession :optional
-- in: hash text, idle_seconds int8?, recent_seconds int8
-- out: token_hash text, name text?, roles text[]?, is_use_due bool, is_recent bool
-- out: issuer text?, subject text?, person text?, person_roles text[]?, check_seconds float8?, is_failing bool
SELECT
    token_hash, access_tokens.name, access_tokens.roles, used_at < now() - interval '30 seconds' AS is_use_due,
    coalesce(authenticated_at > now() - :recent_seconds::int8 * interval '1 second', false) AS is_recent, issuer, subject,
    openid_people.name AS person, openid_sessions.roles AS person_roles,
    extract(epoch FROM now() - checked_at)::float8 AS check_seconds, failing_since IS NOT NULL AS is_failing
FROM web_sessions
LEFT JOIN access_tokens ON access_tokens.hash = token_hash
    AND instance_id IS NULL
    AND (revoked_at IS NULL OR revoked_at > now())
    AND (access_tokens.expires_at IS NULL OR access_tokens.expires_at > now())
LEFT JOIN (openid_sessions JOIN openid_people USING (issuer, subject)) ON openid_sessions.hash = web_sessions.hash
WHERE web_sessions.hash = :hash
    AND web_sessions.expires_at > now()
    AND (:idle_seconds IS NULL OR used_at > now() - :idle_seconds * interval '1 second')

-- name: useSession :exec
-- in: hash text
UPDATE web_sessions
SET used_at = now()
WHERE hash = :hash

-- Records that the user of a session has authenticated again.
-- name: renewSession :exec
-- in: hash text
UPDATE web_sessions
SET authenticated_at = now()
WHERE hash = :hash

-- name: closeSession :exec
-- in: hash text
DELETE FROM web_sessions WHERE hash = :hash
