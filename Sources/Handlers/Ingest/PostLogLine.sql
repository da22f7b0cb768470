-- Stores log lines. Each instance has `kept` slots; a further line replaces the oldest. A repeated line is stored once while it is kept.
-- name: recordLogLines :batch
-- import: Generated
-- row: instance_id text, line_id text, level text(LogLevel), logger text?, message text, ts timestamptz, kept int8, ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH reported AS MATERIALIZED (
    SELECT
        line.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        ts > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead,
        EXISTS (
            SELECT FROM log_lines AS known WHERE (known.instance_id, known.line_id) = (line.instance_id, line.line_id)
        ) AS is_stored
    FROM unnest(:instance_id, :line_id, :level, :logger, :message, :ts, :kept, :ahead_seconds)
        WITH ORDINALITY AS line (instance_id, line_id, level, logger, message, ts, kept, ahead_seconds, ordinal)
    LEFT JOIN instances USING (instance_id)
),
fresh AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY instance_id ORDER BY ts, ordinal) AS place
    FROM (
        SELECT DISTINCT ON (instance_id, line_id) *
        FROM reported
        WHERE is_known
            AND NOT is_ahead
            AND NOT is_stored
        ORDER BY instance_id, line_id, ordinal
    ) AS line
),
-- Locks the instance's slots until the commit.
counted AS (
    INSERT INTO log_counts AS known (instance_id, lines)
    SELECT instance_id, count(*)
    FROM fresh
    GROUP BY instance_id
    ORDER BY instance_id
    ON CONFLICT (instance_id) DO UPDATE SET lines = known.lines + excluded.lines
    RETURNING instance_id, lines
),
stored AS (
    INSERT INTO log_lines AS known (instance_id, slot, line_id, level, logger, message, ts, received_at)
    SELECT instance_id, number % kept, line_id, level, logger, message, ts, statement_timestamp()
    FROM (
        SELECT
            *,
            lines - count(*) OVER (PARTITION BY instance_id) + place AS number,
            count(*) OVER (PARTITION BY instance_id) - place AS newer
        FROM fresh
        JOIN counted USING (instance_id)
    ) AS numbered
    -- More lines than slots: the oldest would be replaced at once.
    WHERE newer < kept
    ORDER BY instance_id, number % kept
    ON CONFLICT (instance_id, slot) DO UPDATE SET
        line_id = excluded.line_id,
        level = excluded.level,
        logger = excluded.logger,
        message = excluded.message,
        ts = excluded.ts,
        received_at = excluded.received_at
)
SELECT
    reported.ordinal,
    CASE
        WHEN NOT reported.is_known THEN 'unknown'
        WHEN reported.is_ahead THEN 'ahead'
        WHEN fresh.ordinal IS NULL THEN 'duplicate'
        ELSE 'stored'
    END AS outcome
FROM reported
LEFT JOIN fresh ON fresh.ordinal = reported.ordinal
