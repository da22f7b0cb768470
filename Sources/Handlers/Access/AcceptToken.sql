-- Whether secrets of tokens and of enrolment codes are valid now. Guesses share statements here, so that a flood of them leaves connections to other requests.
-- name: acceptTokens :batch
-- row: hash text
-- out: ordinal int8, is_accepted bool
SELECT
    ordinal,
    EXISTS (
        SELECT
        FROM access_tokens
        WHERE access_tokens.hash = row.hash
            AND (revoked_at IS NULL OR revoked_at > now())
            AND (expires_at IS NULL OR expires_at > now())
    ) OR EXISTS (
        SELECT
        FROM enrolment_codes
        WHERE enrolment_codes.hash = row.hash
            AND revoked_at IS NULL
            AND expires_at > now()
    ) AS is_accepted
FROM unnest(:hash) WITH ORDINALITY AS row (hash, ordinal)
