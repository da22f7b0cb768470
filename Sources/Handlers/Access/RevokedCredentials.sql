-- The ones of these hashes whose token or session is not valid any more. The token of a session is valid if it is configured, too. A session of
-- a person is valid for some time after its roles were confirmed, longer if the provider does not respond.
-- name: revokedCredentials :many
-- in: tokens text[], sessions text[], idle_seconds int8?, check_seconds int8, grace_seconds int8
-- out: hash text
WITH valid AS (
    SELECT hash
    FROM access_tokens
    WHERE (revoked_at IS NULL OR revoked_at > now())
        AND (expires_at IS NULL OR expires_at > now())
)
SELECT held.hash
FROM unnest(:tokens::text[]) AS held (hash)
WHERE NOT EXISTS (SELECT FROM valid WHERE valid.hash = held.hash)
UNION ALL
SELECT held.hash
FROM unnest(:sessions::text[]) AS held (hash)
WHERE NOT EXISTS (
    SELECT
    FROM web_sessions
    WHERE web_sessions.hash = held.hash
        AND expires_at > now()
        AND (:idle_seconds IS NULL OR used_at > now() - :idle_seconds::int8 * interval '1 second')
        AND NOT EXISTS (
            SELECT
            FROM openid_sessions
            WHERE openid_sessions.hash = held.hash
                AND checked_at
                    < now() - CASE WHEN failing_since IS NULL THEN :check_seconds::int8 ELSE :grace_seconds::int8 END * interval '1 second'
        )
        AND (
            EXISTS (SELECT FROM valid WHERE valid.hash = token_hash)
            OR NOT EXISTS (SELECT FROM access_tokens WHERE access_tokens.hash = token_hash)
        )
)
