-- Stores balances, the newest report of each account.
-- name: recordBalances :batch
-- row: instance_id text, venue text?, account_id text, content jsonb, ts timestamptz, most int8, ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH report AS MATERIALIZED (
    SELECT
        report.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        ts > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead,
        coalesce(report.venue, live.exchange, last_live ->> 'exchange', 'unknown') AS used_venue
    FROM unnest(:instance_id, :venue, :account_id, :content, :ts, :most, :ahead_seconds)
        WITH ORDINALITY AS report (instance_id, venue, account_id, content, ts, most, ahead_seconds, ordinal)
    LEFT JOIN instances USING (instance_id)
    LEFT JOIN instance_live AS live USING (instance_id)
),
-- An instance's accounts in the order in which they were reported first. Concurrent batches may exceed the limit by their own accounts.
fresh AS MATERIALIZED (
    SELECT instance_id, used_venue, account_id, row_number() OVER (PARTITION BY instance_id ORDER BY min(ordinal)) AS place
    FROM report
    WHERE NOT EXISTS (
        SELECT
        FROM account_balances AS known
        WHERE (known.instance_id, known.venue, known.account_id) = (report.instance_id, report.used_venue, report.account_id)
    )
    GROUP BY instance_id, used_venue, account_id
),
crowded AS MATERIALIZED (
    SELECT instance_id, used_venue, account_id
    FROM fresh
    WHERE place + (SELECT count(*) FROM account_balances AS known WHERE known.instance_id = fresh.instance_id)
        > (SELECT max(most) FROM report)
),
-- A report that is not the newest one returns no row here.
stored AS (
    INSERT INTO account_balances AS known (instance_id, venue, account_id, balances, ts, received_at)
    SELECT DISTINCT ON (instance_id, used_venue, account_id)
        instance_id, used_venue, account_id, content -> 'balances', ts, statement_timestamp()
    FROM report
    WHERE is_known
        AND NOT is_ahead
        AND NOT EXISTS (
            SELECT
            FROM crowded
            WHERE (crowded.instance_id, crowded.used_venue, crowded.account_id)
                = (report.instance_id, report.used_venue, report.account_id)
        )
    ORDER BY instance_id, used_venue, account_id, ts DESC, ordinal DESC
    ON CONFLICT (instance_id, venue, account_id) DO UPDATE SET
        balances = excluded.balances,
        ts = excluded.ts,
        received_at = excluded.received_at
    WHERE excluded.ts >= known.ts
    RETURNING instance_id, venue AS used_venue, account_id, ts
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN is_ahead THEN 'ahead'
        WHEN crowded.instance_id IS NOT NULL THEN 'crowded'
        WHEN stored.ts IS NULL OR report.ts < stored.ts THEN 'stale'
        ELSE 'stored'
    END AS outcome
FROM report
LEFT JOIN stored USING (instance_id, used_venue, account_id)
LEFT JOIN crowded USING (instance_id, used_venue, account_id)
