-- Stores a comparison. A mismatch raises an alert or counts once more; an agreement resolves it. An unknown instance answers no row.
-- name: submitReconcile :optional
-- import: Generated
-- in: instance_id text, exchange_equity numeric, internal_equity numeric, difference numeric, status text(ReconcileStatus)
-- in: ts timestamptz, actor text
-- out: reconcile_id uuid
WITH stored AS (
    INSERT INTO reconcile_results (instance_id, exchange_equity, internal_equity, difference, status, ts)
    SELECT instance_id, :exchange_equity, :internal_equity, :difference, :status, :ts
    FROM instances
    WHERE instance_id = :instance_id
    RETURNING reconcile_id, instance_id, exchange_equity, internal_equity, difference, status, ts
),
raised AS (
    INSERT INTO alerts AS alert (source, severity, target_type, target_id, message, metadata)
    SELECT
        'reconcile', 'WARNING', 'instance', instance_id,
        format(
            'Reconciliation mismatch for %s: exchange=%s, internal=%s, diff=%s',
            instance_id, exchange_equity, internal_equity, difference
        ),
        jsonb_build_object('difference', difference, 'timestamp', ts)
    FROM stored
    WHERE status = 'MISMATCH'
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO UPDATE SET
        message = excluded.message,
        metadata = excluded.metadata,
        occurrences = alert.occurrences + 1,
        last_at = excluded.last_at
),
resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    FROM stored
    WHERE stored.status = 'OK'
        AND alerts.source = 'reconcile'
        AND alerts.target_type = 'instance'
        AND alerts.target_id = stored.instance_id
        AND alerts.status <> 'RESOLVED'
),
audited AS (
    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
    SELECT
        :actor, 'RECONCILE_SUBMIT', 'reconcile', instance_id, 'SUCCESS',
        jsonb_build_object('status', status, 'difference', difference, 'notified', false, 'reconcile_id', reconcile_id)
    FROM stored
)
SELECT reconcile_id
FROM stored
