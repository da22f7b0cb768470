-- Stores heartbeats, each instance's newest, and registers what is new. The times are the database's: it is one clock for all servers.
-- A heartbeat that names another bot than its instance's changes nothing.
-- name: recordHeartbeats :batch
-- import: Generated
-- row: instance_id text, bot_id text, runtime_mode text(RuntimeMode), exchange text, symbol text, version text
-- row: metadata jsonb, sent_at timestamptz
-- out: ordinal int8, is_stored bool
WITH beat AS MATERIALIZED (
    SELECT *, least(sent_at, statement_timestamp()) AS seen
    FROM unnest(:instance_id, :bot_id, :runtime_mode, :exchange, :symbol, :version, :metadata, :sent_at)
        WITH ORDINALITY AS row (instance_id, bot_id, runtime_mode, exchange, symbol, version, metadata, sent_at, ordinal)
),
-- Rows are written in the order of their keys everywhere, so that concurrent batches cannot deadlock.
fresh AS MATERIALIZED (
    SELECT DISTINCT ON (instance_id) instance_id, bot_id
    FROM beat
    WHERE NOT EXISTS (SELECT FROM instances WHERE instances.instance_id = beat.instance_id)
    ORDER BY instance_id, ordinal
),
new_bot AS (
    INSERT INTO bots (bot_id, name, strategy_name)
    SELECT DISTINCT bot_id, bot_id, 'unknown'
    FROM fresh
    ORDER BY bot_id
    ON CONFLICT (bot_id) DO NOTHING
),
-- Another server may register the instance at the same moment. The update changes nothing; it makes the row's bot known here.
new_instance AS (
    INSERT INTO instances (instance_id, bot_id)
    SELECT instance_id, bot_id
    FROM fresh
    ORDER BY instance_id
    ON CONFLICT (instance_id) DO UPDATE SET instance_id = excluded.instance_id
    RETURNING instance_id, bot_id
),
owner AS MATERIALIZED (
    SELECT instance_id, instances.bot_id
    FROM instances
    WHERE instance_id IN (SELECT instance_id FROM beat)
    UNION ALL
    SELECT instance_id, bot_id
    FROM new_instance
),
stored AS (
    INSERT INTO instance_live AS live
        (instance_id, runtime_mode, exchange, symbol, version, metadata, last_seen, last_received_at)
    SELECT DISTINCT ON (instance_id)
        instance_id, runtime_mode, exchange, symbol, version, metadata, seen, statement_timestamp()
    FROM beat
    JOIN owner USING (instance_id, bot_id)
    ORDER BY instance_id, seen DESC, ordinal DESC
    ON CONFLICT (instance_id) DO UPDATE SET
        runtime_mode = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.runtime_mode ELSE live.runtime_mode END,
        exchange = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.exchange ELSE live.exchange END,
        symbol = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.symbol ELSE live.symbol END,
        version = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.version ELSE live.version END,
        metadata = CASE WHEN excluded.last_seen >= live.last_seen THEN excluded.metadata ELSE live.metadata END,
        last_seen = greatest(excluded.last_seen, live.last_seen),
        last_received_at = greatest(excluded.last_received_at, live.last_received_at)
    RETURNING instance_id, last_seen
),
-- Who lived after the alert was raised is back. The rows above are held already, so that batches cannot deadlock here.
resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = statement_timestamp(),
        resolved_by = 'auto'
    FROM stored
    WHERE alerts.source = 'heartbeat_monitor'
        AND alerts.target_type = 'instance'
        AND alerts.target_id = stored.instance_id
        AND alerts.status <> 'RESOLVED'
        AND stored.last_seen > alerts.last_at
)
SELECT ordinal, beat.bot_id = owner.bot_id
FROM beat
JOIN owner USING (instance_id)
