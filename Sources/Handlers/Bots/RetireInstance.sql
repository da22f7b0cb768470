-- Locks an instance until the transaction ends. Returns whether it is reporting, and the number of its positions.
-- name: lockInstance :optional
-- in: instance_id text
-- out: bot_id text, retired_at timestamptz?, deleted_at timestamptz?
SELECT bot_id, retired_at, deleted_at
FROM instances
WHERE instance_id = :instance_id
FOR NO KEY UPDATE

-- The reasons that prevent a retirement: the instance is reporting, or it holds positions. Its heartbeats wait until the transaction ends.
-- name: instanceAtWork :optional
-- in: instance_id text, stale_seconds int8
-- out: is_reporting bool, last_received_at timestamptz, positions int8
SELECT
    state <> 'STOPPED' AND last_received_at > now() - :stale_seconds::int8 * interval '1 second' AS is_reporting,
    last_received_at,
    (
        SELECT count(*)
        FROM positions
        WHERE positions.instance_id = live.instance_id
            AND (net_exposure, gross_exposure) <> (0, 0)
    ) AS positions
FROM instance_live AS live
WHERE instance_id = :instance_id
FOR UPDATE OF live

-- name: retireInstance :exec
-- in: instance_id text, actor text, reason text?
UPDATE instances
SET retired_at = now(),
    retired_by = :actor,
    retired_reason = :reason,
    last_live = to_jsonb(live)
FROM instance_live AS live
WHERE live.instance_id = instances.instance_id
    AND instances.instance_id = :instance_id
    AND retired_at IS NULL

-- Retires some of the instances that have been silent for the given number of days; returns their number.
-- name: retireSilentInstances :one
-- in: days int8
-- out: retired int8
SELECT count(*) AS retired
FROM retire_silent(:days::int8 * interval '1 day')
