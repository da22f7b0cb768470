-- Stores positions, the newest report of each instance and symbol.
-- name: recordPositions :batch
-- row: instance_id text, symbol text, net_exposure numeric, gross_exposure numeric, updated_at timestamptz
-- out: ordinal int8, fate text(IngestFate)
WITH report AS MATERIALIZED (
    SELECT report.*, instances.instance_id IS NOT NULL AS is_known
    FROM unnest(:instance_id, :symbol, :net_exposure, :gross_exposure, :updated_at)
        WITH ORDINALITY AS report (instance_id, symbol, net_exposure, gross_exposure, updated_at, ordinal)
    LEFT JOIN instances USING (instance_id)
),
-- A new position takes its instance's mode, which cannot change meanwhile; one that is there has it already.
mode AS MATERIALIZED (
    SELECT instance_id, runtime_mode
    FROM instance_live
    WHERE instance_id IN (
        SELECT instance_id
        FROM report
        WHERE NOT EXISTS (
            SELECT
            FROM positions AS known
            WHERE (known.instance_id, known.symbol) = (report.instance_id, report.symbol)
        )
    )
    ORDER BY instance_id
    FOR SHARE
),
-- A report that is not the newest one answers no row here.
stored AS (
    INSERT INTO positions AS position
        (instance_id, symbol, net_exposure, gross_exposure, updated_at, received_at, runtime_mode)
    SELECT DISTINCT ON (instance_id, symbol)
        instance_id, symbol, net_exposure, gross_exposure, updated_at, statement_timestamp(), runtime_mode
    FROM report
    LEFT JOIN mode USING (instance_id)
    WHERE is_known
    ORDER BY instance_id, symbol, updated_at DESC, ordinal DESC
    ON CONFLICT (instance_id, symbol) DO UPDATE SET
        net_exposure = excluded.net_exposure,
        gross_exposure = excluded.gross_exposure,
        updated_at = excluded.updated_at,
        received_at = excluded.received_at
    WHERE excluded.updated_at >= position.updated_at
    RETURNING instance_id, symbol, updated_at
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN stored.updated_at IS NULL OR report.updated_at < stored.updated_at THEN 'stale'
        ELSE 'stored'
    END
FROM report
LEFT JOIN stored USING (instance_id, symbol)
