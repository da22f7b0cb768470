-- Valid sessions: those of a principal, or all.
-- name: listSessions :many
-- in: principal text?, idle_seconds int8?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: session_id uuid, principal text?, is_openid bool, browser text?, address text?, created_at timestamptz
-- out: authenticated_at timestamptz?, used_at timestamptz, expires_at timestamptz, hash text
SELECT
    session_id, principal, EXISTS (SELECT FROM openid_sessions WHERE openid_sessions.hash = web_sessions.hash) AS is_openid,
    browser, address, created_at, authenticated_at, used_at, expires_at, hash
FROM web_sessions
WHERE expires_at > now()
    AND (:idle_seconds IS NULL OR used_at > now() - :idle_seconds::int8 * interval '1 second')
    AND (:principal IS NULL OR principal = :principal)
    AND (created_at, session_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY created_at DESC, session_id DESC
LIMIT :limit
OFFSET :offset

-- name: countSessions :one
-- in: principal text?, idle_seconds int8?
-- out: count int8
SELECT count(*)
FROM web_sessions
WHERE expires_at > now()
    AND (:idle_seconds IS NULL OR used_at > now() - :idle_seconds::int8 * interval '1 second')
    AND (:principal IS NULL OR principal = :principal)
