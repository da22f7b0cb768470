-- Ids are texts here: an entry without a valid id must not make the others unreadable.
-- name: listAuditLogs :many
-- import: Generated
-- in: actor text?, action text?, target_type text?, target_id text?, instance_id text?, result text(AuditResult)?, run_id uuid?
-- in: reconcile_id uuid?, from timestamptz?, to timestamptz?, after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, audit_id uuid, actor text, action text, target_type text, target_id text, result text(AuditResult)
-- out: details jsonb, ts timestamptz, run_id text?, reconcile_id text?
SELECT
    ordinal, audit_id, actor, action, target_type, target_id, result, details, ts,
    CASE WHEN target_type = 'module_run' THEN target_id ELSE details ->> 'run_id' END AS run_id,
    details ->> 'reconcile_id' AS reconcile_id
FROM audit_log
WHERE (:actor IS NULL OR actor = :actor)
    AND (:action IS NULL OR action = :action)
    AND (:target_type IS NULL OR target_type = :target_type)
    AND (:target_id IS NULL OR target_id = :target_id)
    AND (
        :instance_id IS NULL
        OR target_type IN ('instance', 'reconcile', 'command', 'alert') AND target_id = ANY (ARRAY(SELECT audited_ids(:instance_id)))
    )
    AND (:result IS NULL OR result = :result)
    AND (:run_id IS NULL OR target_type = 'module_run' AND target_id = :run_id::text OR details ->> 'run_id' = :run_id::text)
    AND (:reconcile_id IS NULL OR details ->> 'reconcile_id' = :reconcile_id::text)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
    AND (ts, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY ts DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countAuditLogs :one
-- in: actor text?, action text?, target_type text?, target_id text?, instance_id text?, result text(AuditResult)?, run_id uuid?
-- in: reconcile_id uuid?, from timestamptz?, to timestamptz?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM audit_log
    WHERE (:actor IS NULL OR actor = :actor)
        AND (:action IS NULL OR action = :action)
        AND (:target_type IS NULL OR target_type = :target_type)
        AND (:target_id IS NULL OR target_id = :target_id)
        AND (
            :instance_id IS NULL
            OR target_type IN ('instance', 'reconcile', 'command', 'alert') AND target_id = ANY (ARRAY(SELECT audited_ids(:instance_id)))
        )
        AND (:result IS NULL OR result = :result)
        AND (:run_id IS NULL OR target_type = 'module_run' AND target_id = :run_id::text OR details ->> 'run_id' = :run_id::text)
        AND (:reconcile_id IS NULL OR details ->> 'reconcile_id' = :reconcile_id::text)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
    LIMIT :most
) AS counted
