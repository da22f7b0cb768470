-- Ends a session, which must be the principal's unless it is null; its hash and its user.
-- name: revokeSession :optional
-- in: session_id uuid, principal text?
-- out: hash text, owner text?
DELETE FROM web_sessions
WHERE session_id = :session_id
    AND (:principal IS NULL OR principal = :principal)
RETURNING hash, principal AS owner
