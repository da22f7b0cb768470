-- Books costs. An entry with an id is booked once; the same id with different content is rejected.
-- name: recordCosts :batch
-- import: Generated
-- row: instance_id text, entry_id text?, symbol text, cost_type text(CostType), amount numeric, currency text?
-- row: fx_rate numeric?, ts timestamptz, ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH reported AS (
    SELECT
        entry.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        ts > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead
    FROM unnest(:instance_id, :entry_id, :symbol, :cost_type, :amount, :currency, :fx_rate, :ts, :ahead_seconds)
        WITH ORDINALITY AS entry (instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, ahead_seconds, ordinal)
    LEFT JOIN instances USING (instance_id)
),
entry AS MATERIALIZED (
    SELECT
        *,
        -- If a batch has several entries with one id, the first is booked.
        entry_id IS NULL OR row_number() OVER (PARTITION BY instance_id, entry_id, is_ahead ORDER BY ordinal) = 1 AS is_first
    FROM reported
),
-- Another server may book the entry at the same moment. The update changes nothing; it makes the booked entry visible here. Rows that
-- existed before have a transaction's mark (PostgreSQL manual, 5.5, "System Columns", xmax).
booked AS (
    INSERT INTO cost_entries AS cost
        (instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, received_at, xid)
    SELECT
        instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, statement_timestamp(),
        greatest(pg_current_xact_id(), (SELECT xid FROM sum_horizons WHERE name = 'costs'))
    FROM entry
    WHERE is_known
        AND NOT is_ahead
        AND is_first
    ORDER BY instance_id, entry_id, ordinal
    ON CONFLICT (instance_id, entry_id) DO UPDATE SET entry_id = cost.entry_id
    RETURNING instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, xmax = 0 AS is_new
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN is_ahead THEN 'ahead'
        WHEN entry.entry_id IS NULL THEN 'stored'
        WHEN (booked.symbol, booked.cost_type, booked.amount, booked.currency, booked.fx_rate, booked.ts)
            IS DISTINCT FROM (entry.symbol, entry.cost_type, entry.amount, entry.currency, entry.fx_rate, entry.ts)
            THEN 'conflict'
        WHEN booked.is_new AND is_first THEN 'stored'
        ELSE 'duplicate'
    END AS outcome
FROM entry
LEFT JOIN booked USING (instance_id, entry_id)
