-- name: listRetiredInstances :many
-- import: Generated
-- in: instance_id text?, q text?, after_time timestamptz?, after_id text?, limit int8, offset int8
-- out: instance_id text, bot_id text, retired_at timestamptz, retired_by text, reason text?, is_being_deleted bool
-- out: runtime_mode text(RuntimeMode), exchange text, symbol text, version text, last_seen timestamptz, first_seen timestamptz
SELECT
    instance_id, bot_id, retired_at, retired_by, retired_reason AS reason, deleted_at IS NOT NULL AS is_being_deleted,
    last_live ->> 'runtime_mode' AS runtime_mode, last_live ->> 'exchange' AS exchange, last_live ->> 'symbol' AS symbol,
    last_live ->> 'version' AS version, (last_live ->> 'last_seen')::timestamptz AS last_seen, created_at AS first_seen
FROM instances
WHERE retired_at IS NOT NULL
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id)), lower(:q)) > 0)
    AND (retired_at, instance_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, ''))
ORDER BY retired_at DESC, instance_id DESC
LIMIT :limit
OFFSET :offset

-- name: countRetiredInstances :one
-- in: instance_id text?, q text?
-- out: count int8
SELECT count(*)
FROM instances
WHERE retired_at IS NOT NULL
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id)), lower(:q)) > 0)
