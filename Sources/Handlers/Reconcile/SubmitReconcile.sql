-- The status of a comparison. Its difference may have either sign and be off by one unit of its last digit. A reported mismatch is kept
-- unless the difference is 0. A reported agreement is kept if the difference is within the tolerance: an amount, or basis points of the
-- exchange's equity.
-- name: judgeReconcile :one
-- import: Generated
-- in: exchange_equity numeric, internal_equity numeric, difference numeric, status text(ReconcileStatus)
-- in: tolerance numeric, tolerance_bps numeric
-- out: status text(ReconcileStatus), is_difference_wrong bool
SELECT
    CASE
        WHEN abs(:exchange_equity - :internal_equity) > CASE :status
            WHEN 'MISMATCH' THEN 0
            ELSE greatest(:tolerance, abs(:exchange_equity) * :tolerance_bps / 10000)
        END THEN 'MISMATCH'
        ELSE 'OK'
    END AS status,
    abs(abs(:difference) - abs(:exchange_equity - :internal_equity)) > 10::numeric ^ -scale(:difference) AS is_difference_wrong

-- Stores a comparison. A mismatch raises an alert or adds an occurrence; an agreement resolves it. Returns no row for an unknown instance.
-- An agreement that was also reported as one is not audited.
-- name: submitReconcile :optional
-- in: instance_id text, exchange_equity numeric, internal_equity numeric, difference numeric, status text(ReconcileStatus)
-- in: reported_status text(ReconcileStatus), is_difference_wrong bool, ts timestamptz, actor text
-- out: reconcile_id uuid
WITH stored AS (
    INSERT INTO reconcile_results
        (
            instance_id, exchange_equity, internal_equity, difference, status, reported_status, is_difference_wrong, ts, submitted_by,
            is_audited
        )
    SELECT
        instance_id, :exchange_equity, :internal_equity, :difference, :status, :reported_status, :is_difference_wrong, :ts,
        :actor, :status = 'OK' AND :reported_status = 'OK'
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
)
SELECT reconcile_id
FROM stored
