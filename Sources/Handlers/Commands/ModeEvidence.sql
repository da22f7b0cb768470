-- The evidence of the modes of instances that are not retired.
-- name: modeEvidence :many
-- import: Generated
-- in: instance_ids text[], live_seconds int8
-- out: instance_id text, runtime_mode text(RuntimeMode), proven_mode text(RuntimeMode)?, was_live bool
SELECT
    instance_id, runtime_mode, proven_mode,
    coalesce(live_until > statement_timestamp() - :live_seconds::int8 * interval '1 second', false)
        OR EXISTS (
            SELECT
            FROM instance_accounts AS account
            WHERE account.instance_id = instance_live.instance_id
                AND account.runtime_mode = 'LIVE'
        ) AS was_live
FROM instance_live
WHERE instance_id = ANY (:instance_ids)
ORDER BY instance_id
