-- Stores positions, the newest report of each instance and symbol.
-- name: recordPositions :batch
-- row: instance_id text, symbol text, net_exposure numeric, gross_exposure numeric, currency text, updated_at timestamptz, most int8
-- row: ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH report AS MATERIALIZED (
    SELECT
        report.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        updated_at > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead
    FROM unnest(:instance_id, :symbol, :net_exposure, :gross_exposure, :currency, :updated_at, :most, :ahead_seconds)
        WITH ORDINALITY AS report (instance_id, symbol, net_exposure, gross_exposure, currency, updated_at, most, ahead_seconds, ordinal)
    LEFT JOIN instances USING (instance_id)
),
fresh AS MATERIALIZED (
    SELECT instance_id, symbol, min(ordinal) AS ordinal, max(most) AS most
    FROM report
    WHERE is_known
        AND NOT is_ahead
        AND NOT EXISTS (
            SELECT
            FROM positions AS known
            WHERE (known.instance_id, known.symbol) = (report.instance_id, report.symbol)
        )
    GROUP BY instance_id, symbol
),
-- Servers that add positions to the same instance take turns, so that together they do not exceed the limit.
held AS MATERIALIZED (
    SELECT instance_id
    FROM instances
    WHERE instance_id IN (SELECT instance_id FROM fresh)
    ORDER BY instance_id
    FOR NO KEY UPDATE
),
crowded AS MATERIALIZED (
    SELECT instance_id, symbol
    FROM (SELECT *, row_number() OVER (PARTITION BY instance_id ORDER BY ordinal) AS place FROM fresh) AS numbered
    JOIN (
        SELECT
            instance_id,
            position_room(
                instance_id,
                (SELECT count(*) FROM fresh WHERE fresh.instance_id = held.instance_id),
                (SELECT max(most) FROM fresh)
            ) AS room
        FROM held
    ) AS free USING (instance_id)
    WHERE place > room
),
-- A new position gets its instance's mode, which is locked, and null for a retired instance. Existing positions have it already.
mode AS MATERIALIZED (
    SELECT instance_id, held_mode(instance_id) AS runtime_mode
    FROM held
),
-- A report that is not the newest one returns no row here.
stored AS (
    INSERT INTO positions AS position
        (instance_id, symbol, net_exposure, gross_exposure, currency, updated_at, received_at, runtime_mode)
    SELECT DISTINCT ON (instance_id, symbol)
        instance_id, symbol, net_exposure, gross_exposure, currency, updated_at, statement_timestamp(), runtime_mode
    FROM report
    LEFT JOIN mode USING (instance_id)
    WHERE is_known
        AND NOT is_ahead
        AND NOT EXISTS (SELECT FROM crowded WHERE (crowded.instance_id, crowded.symbol) = (report.instance_id, report.symbol))
    ORDER BY instance_id, symbol, updated_at DESC, ordinal DESC
    ON CONFLICT (instance_id, symbol) DO UPDATE SET
        net_exposure = excluded.net_exposure,
        gross_exposure = excluded.gross_exposure,
        currency = excluded.currency,
        updated_at = excluded.updated_at,
        received_at = excluded.received_at
    WHERE excluded.updated_at >= position.updated_at
    RETURNING instance_id, symbol, updated_at
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN is_ahead THEN 'ahead'
        WHEN crowded.instance_id IS NOT NULL THEN 'crowded'
        WHEN stored.updated_at IS NULL OR report.updated_at < stored.updated_at THEN 'stale'
        ELSE 'stored'
    END AS outcome
FROM report
LEFT JOIN stored USING (instance_id, symbol)
LEFT JOIN crowded USING (instance_id, symbol)
