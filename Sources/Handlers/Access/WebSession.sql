-- Opens a session of the dashboard, and removes expired ones.
-- name: openSession :exec
-- in: hash text, token_hash text, seconds int8
WITH forgotten AS (
    DELETE FROM web_sessions WHERE expires_at < now()
)
INSERT INTO web_sessions (hash, token_hash, expires_at)
VALUES (:hash, :token_hash, now() + :seconds::int8 * interval '1 second')

-- The token of a valid session, and its principal if it is in the database.
-- name: findSession :optional
-- in: hash text
-- out: token_hash text, name text?, roles text[]?
SELECT token_hash, name, roles
FROM web_sessions
LEFT JOIN access_tokens ON access_tokens.hash = token_hash
    AND instance_id IS NULL
    AND (revoked_at IS NULL OR revoked_at > now())
    AND (access_tokens.expires_at IS NULL OR access_tokens.expires_at > now())
WHERE web_sessions.hash = :hash
    AND web_sessions.expires_at > now()

-- name: closeSession :exec
-- in: hash text
DELETE FROM web_sessions WHERE hash = :hash
