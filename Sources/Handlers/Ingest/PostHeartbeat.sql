-- Stores the times of heartbeats whose content is unchanged, which is the common case. Other heartbeats are not refreshed and go through
-- recordHeartbeats. Times are the database's: it is the only clock for all servers.
-- name: refreshHeartbeats :batch
-- row: instance_id text, fingerprint int8, sent_at timestamptz
-- out: ordinal int8, is_refreshed bool
WITH beat AS MATERIALIZED (
    SELECT
        *,
        least(sent_at, statement_timestamp()) AS seen,
        extract(epoch FROM statement_timestamp() - sent_at)::float8 AS lag
    FROM unnest(:instance_id, :fingerprint, :sent_at) WITH ORDINALITY AS row (instance_id, fingerprint, sent_at, ordinal)
),
-- An upsert that never inserts: it locks rows in the order of their keys under any plan, so that concurrent batches cannot deadlock.
refreshed AS (
    INSERT INTO instance_live AS live
        (instance_id, runtime_mode, exchange, symbol, version, metadata, fingerprint, last_seen, last_received_at, sent_at, beat_at,
        clock_lag)
    SELECT DISTINCT ON (instance_id)
        instance_id, '', '', '', '', '{}', fingerprint, seen, statement_timestamp(), seen, sent_at, lag
    FROM beat
    -- A wrong clock must be evaluated by recordHeartbeats. The subquery looks a row up by its key; a join could read the whole table.
    WHERE abs(lag) <= (SELECT policy_value('clock_tolerance_seconds', '10')::float8)
        AND fingerprint = (SELECT known.fingerprint FROM instance_live AS known WHERE known.instance_id = beat.instance_id)
    ORDER BY instance_id, seen DESC
    ON CONFLICT (instance_id) DO UPDATE SET
        last_seen = greatest(live.last_seen, excluded.last_seen),
        last_received_at = greatest(live.last_received_at, excluded.last_received_at),
        sent_at = greatest(live.sent_at, excluded.sent_at),
        beat_at = excluded.beat_at,
        clock_lag = excluded.clock_lag
    WHERE live.fingerprint = excluded.fingerprint
        AND live.skewed_beats = 0
    RETURNING instance_id, fingerprint
)
SELECT ordinal, refreshed.instance_id IS NOT NULL AS is_refreshed
FROM beat
LEFT JOIN refreshed USING (instance_id, fingerprint)

-- Stores the newest heartbeat of each instance, and registers new and retired instances within the limits. A heartbeat from the wrong bot,
-- from a superseded process, from an agent with another identity or of an instance that is being deleted changes nothing.
-- name: recordHeartbeats :batch
-- import: Generated
-- row: instance_id text, bot_id text, runtime_mode text(RuntimeMode), exchange text, symbol text, version text
-- row: metadata jsonb, boot_id text?, state text(AgentState), profile jsonb?, identity uuid?, fingerprint int8, sent_at timestamptz
-- row: hourly int8, most int8, stale_seconds int8
-- out: ordinal int8, outcome text(HeartbeatOutcome)
WITH beat AS MATERIALIZED (
    SELECT
        *,
        least(sent_at, statement_timestamp()) AS seen,
        extract(epoch FROM statement_timestamp() - sent_at)::float8 AS lag
    FROM unnest(
        :instance_id, :bot_id, :runtime_mode, :exchange, :symbol, :version, :metadata, :boot_id, :state, :profile, :identity,
        :fingerprint, :sent_at, :hourly, :most, :stale_seconds
    ) WITH ORDINALITY AS row (
        instance_id, bot_id, runtime_mode, exchange, symbol, version, metadata, boot_id, state, profile, identity, fingerprint, sent_at,
        hourly, most, stale_seconds, ordinal
    )
),
-- Rows are written in the order of their keys everywhere, so that concurrent batches cannot deadlock.
fresh AS MATERIALIZED (
    SELECT DISTINCT ON (instance_id) instance_id, beat.bot_id, ordinal, hourly, most, known.instance_id IS NULL AS is_new
    FROM beat
    LEFT JOIN instances AS known USING (instance_id)
    WHERE known.instance_id IS NULL
        OR (retired_at IS NOT NULL AND deleted_at IS NULL AND known.bot_id = beat.bot_id)
    ORDER BY instance_id, ordinal
),
-- The limits are checked only if there are new instances, so that known ones never wait for a registration.
admission AS MATERIALIZED (
    SELECT admitted.*
    FROM (
        -- Returning instances already count towards the limit.
        SELECT count(*) AS wanted, max(hourly) AS hourly, max(most) + count(*) FILTER (WHERE NOT is_new) AS most FROM fresh
    ) AS request
    CROSS JOIN LATERAL admit_registrations(wanted, hourly, most) AS admitted
    WHERE wanted > 0
),
registered AS MATERIALIZED (
    SELECT instance_id, bot_id, is_new
    FROM fresh
    ORDER BY is_new, ordinal
    LIMIT coalesce((SELECT admitted FROM admission), 0)
),
refused AS MATERIALIZED (
    SELECT instance_id
    FROM fresh
    WHERE instance_id NOT IN (SELECT instance_id FROM registered)
),
new_bot AS (
    INSERT INTO bots (bot_id, name, strategy_name)
    SELECT DISTINCT bot_id, bot_id, 'unknown'
    FROM registered
    WHERE is_new
    ORDER BY bot_id
    ON CONFLICT (bot_id) DO NOTHING
),
-- Another server may register the instance at the same moment. The update changes nothing; it makes the row's bot visible here.
new_instance AS (
    INSERT INTO instances (instance_id, bot_id)
    SELECT instance_id, bot_id
    FROM registered
    WHERE is_new
    ORDER BY instance_id
    ON CONFLICT (instance_id) DO UPDATE SET instance_id = excluded.instance_id
    RETURNING instance_id, bot_id
),
owner AS MATERIALIZED (
    SELECT instance_id, instances.bot_id, deleted_at IS NOT NULL AS is_deleted
    FROM instances
    WHERE instance_id IN (SELECT instance_id FROM beat)
        AND instance_id NOT IN (SELECT instance_id FROM refused)
    UNION ALL
    SELECT instance_id, bot_id, false
    FROM new_instance
),
-- Heartbeats that would take over an instance whose agent had another identity, which is still valid: one without a token never does, one
-- with another token only once that agent has stopped or is silent.
stranger AS MATERIALIZED (
    SELECT beat.ordinal
    FROM beat
    JOIN instances USING (instance_id)
    LEFT JOIN instance_live AS live USING (instance_id)
    WHERE EXISTS (
        SELECT
        FROM access_tokens
        -- A retirement does not end the claim.
        WHERE access_tokens.identity = coalesce(live.identity, (last_live ->> 'identity')::uuid)
            AND access_tokens.identity IS DISTINCT FROM beat.identity
            AND (revoked_at IS NULL OR revoked_at > statement_timestamp())
            AND (expires_at IS NULL OR expires_at > statement_timestamp())
    )
        AND (
            beat.identity IS NULL
            OR (
                live.state <> 'STOPPED'
                AND live.last_received_at > statement_timestamp() - stale_seconds * interval '1 second'
            )
        )
),
new_boot AS (
    INSERT INTO instance_boots (instance_id, boot_id)
    SELECT DISTINCT instance_id, boot_id
    FROM beat
    JOIN owner USING (instance_id, bot_id)
    WHERE boot_id IS NOT NULL
        AND NOT is_deleted
        AND beat.ordinal NOT IN (SELECT ordinal FROM stranger)
        AND NOT EXISTS (
            SELECT FROM instance_boots AS known WHERE (known.instance_id, known.boot_id) = (beat.instance_id, beat.boot_id)
        )
    ORDER BY instance_id, boot_id
    ON CONFLICT (instance_id, boot_id) DO UPDATE SET boot_id = excluded.boot_id
    RETURNING instance_id, boot_id, ordinal
),
-- The process that first reported last owns the instance.
holder AS MATERIALIZED (
    SELECT DISTINCT ON (instance_id) instance_id, boot_id
    FROM (
        SELECT instance_id, newest.boot_id, newest.ordinal
        FROM (SELECT DISTINCT instance_id FROM beat WHERE boot_id IS NOT NULL) AS booted
        CROSS JOIN LATERAL (
            SELECT boot_id, ordinal
            FROM instance_boots
            WHERE instance_boots.instance_id = booted.instance_id
            ORDER BY ordinal DESC
            LIMIT 1
        ) AS newest
        UNION ALL
        SELECT instance_id, boot_id, ordinal
        FROM new_boot
    ) AS boot
    ORDER BY instance_id, ordinal DESC
),
classified AS MATERIALIZED (
    SELECT
        beat.*,
        CASE
            WHEN owner.instance_id IS NULL THEN (SELECT refusal FROM admission)
            WHEN owner.is_deleted THEN 'deleted'
            WHEN beat.bot_id <> owner.bot_id THEN 'foreign'
            WHEN beat.ordinal IN (SELECT ordinal FROM stranger) THEN 'stranger'
            WHEN beat.boot_id <> holder.boot_id THEN 'superseded'
            -- A process that names no boot cannot be newer than one that does, so it owns the instance only once that one is silent.
            WHEN beat.boot_id IS NULL AND EXISTS (
                SELECT
                FROM instance_live AS live
                WHERE live.instance_id = beat.instance_id
                    AND live.boot_id IS NOT NULL
                    AND live.last_received_at > statement_timestamp() - stale_seconds * interval '1 second'
            ) THEN 'superseded'
            ELSE 'stored'
        END AS outcome
    FROM beat
    LEFT JOIN owner USING (instance_id)
    LEFT JOIN holder USING (instance_id)
),
stored AS (
    INSERT INTO instance_live AS live
        (instance_id, runtime_mode, exchange, symbol, version, metadata, state, fingerprint, last_seen, last_received_at, sent_at,
        beat_at, clock_lag, skewed_beats, proven_mode, boot_id, identity)
    SELECT DISTINCT ON (instance_id)
        instance_id, runtime_mode, exchange, symbol, version, metadata, state,
        -- An existing alert must be evaluated again, and a bot that does not respond must have one.
        CASE
            WHEN state <> 'UNRESPONSIVE' AND NOT EXISTS (
                SELECT
                FROM alerts
                WHERE source = 'heartbeat_monitor'
                    AND target_type = 'instance'
                    AND target_id = instance_id
                    AND status <> 'RESOLVED'
            ) THEN fingerprint
        END,
        seen, statement_timestamp(), seen, sent_at, lag, skewed_beats(lag, sent_at, 0, 0, sent_at),
        CASE WHEN identity IS NOT NULL THEN runtime_mode END, boot_id, identity
    FROM classified
    WHERE outcome = 'stored'
    ORDER BY instance_id, seen DESC, ordinal DESC
    ON CONFLICT (instance_id) DO UPDATE SET
        (runtime_mode, exchange, symbol, version, metadata, state, fingerprint, sent_at, proven_mode, boot_id, identity) = (
            SELECT
                CASE WHEN is_newer THEN excluded.runtime_mode ELSE live.runtime_mode END,
                CASE WHEN is_newer THEN excluded.exchange ELSE live.exchange END,
                CASE WHEN is_newer THEN excluded.symbol ELSE live.symbol END,
                CASE WHEN is_newer THEN excluded.version ELSE live.version END,
                CASE WHEN is_newer THEN excluded.metadata ELSE live.metadata END,
                CASE WHEN is_newer THEN excluded.state ELSE live.state END,
                CASE WHEN is_newer THEN excluded.fingerprint END,
                CASE WHEN is_newer THEN excluded.sent_at ELSE live.sent_at END,
                CASE WHEN is_newer THEN coalesce(excluded.proven_mode, live.proven_mode) ELSE live.proven_mode END,
                CASE WHEN is_newer THEN excluded.boot_id ELSE live.boot_id END,
                CASE WHEN is_newer THEN excluded.identity ELSE live.identity END
            FROM (
                SELECT excluded.sent_at >= live.sent_at
                    OR skewed_beats(excluded.clock_lag, excluded.beat_at, live.skewed_beats, live.clock_lag, live.beat_at)
                        >= policy_value('skewed_heartbeats', '3')::int4
            ) AS newer (is_newer)
        ),
        last_seen = greatest(
            live.last_seen,
            CASE
                WHEN skewed_beats(excluded.clock_lag, excluded.beat_at, live.skewed_beats, live.clock_lag, live.beat_at)
                    >= policy_value('skewed_heartbeats', '3')::int4
                    THEN excluded.last_received_at
                ELSE excluded.last_seen
            END
        ),
        last_received_at = greatest(excluded.last_received_at, live.last_received_at),
        beat_at = excluded.beat_at,
        clock_lag = excluded.clock_lag,
        skewed_beats = skewed_beats(
            excluded.clock_lag, excluded.beat_at, live.skewed_beats, live.clock_lag, live.beat_at
        )
    RETURNING instance_id, last_seen, clock_lag, skewed_beats, sent_at, state, metadata
),
-- The profiles of the heartbeats that are the newest of their instance now. An instance without a profile has no row.
profiled AS MATERIALIZED (
    SELECT DISTINCT ON (instance_id) instance_id, runtime_mode, profile, beat.seen AS sent_at
    FROM stored
    JOIN classified AS beat USING (instance_id)
    WHERE outcome = 'stored'
        AND beat.seen >= stored.sent_at
        AND (profile IS NOT NULL OR EXISTS (SELECT FROM instance_profiles AS known WHERE known.instance_id = stored.instance_id))
    ORDER BY instance_id, beat.seen DESC, ordinal DESC
),
new_profile AS (
    INSERT INTO instance_profiles AS known
        (instance_id, software, strategy_name, strategy_version, strategy_hash, ui_url, symbols, sent_at, state_cause)
    SELECT
        instance_id, profile ->> 'software', profile ->> 'strategy_name', profile ->> 'strategy_version', profile ->> 'strategy_hash',
        profile ->> 'ui_url', ARRAY (SELECT jsonb_array_elements_text(profile -> 'symbols')), sent_at, profile ->> 'state_cause'
    FROM profiled
    ORDER BY instance_id
    ON CONFLICT (instance_id) DO UPDATE SET
        software = excluded.software,
        strategy_name = excluded.strategy_name,
        strategy_version = excluded.strategy_version,
        strategy_hash = excluded.strategy_hash,
        ui_url = excluded.ui_url,
        symbols = excluded.symbols,
        sent_at = excluded.sent_at,
        state_cause = excluded.state_cause
),
account AS MATERIALIZED (
    SELECT DISTINCT ON (instance_id, venue, account_id)
        instance_id, venue, account_id, coalesce(mode, runtime_mode) AS runtime_mode
    FROM profiled
    CROSS JOIN LATERAL jsonb_to_recordset(profile -> 'accounts') AS account (venue text, account_id text, mode text)
    ORDER BY instance_id, venue, account_id
),
old_account AS (
    DELETE FROM instance_accounts AS known
    USING profiled
    WHERE known.instance_id = profiled.instance_id
        AND NOT EXISTS (
            SELECT
            FROM account
            WHERE (account.instance_id, account.venue, account.account_id) = (known.instance_id, known.venue, known.account_id)
        )
),
new_account AS (
    INSERT INTO instance_accounts AS known (instance_id, venue, account_id, runtime_mode)
    SELECT instance_id, venue, account_id, runtime_mode
    FROM account
    ORDER BY instance_id, venue, account_id
    ON CONFLICT (instance_id, venue, account_id) DO UPDATE SET runtime_mode = excluded.runtime_mode
    WHERE known.runtime_mode <> excluded.runtime_mode
),
skewed AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata)
    SELECT
        'clock_skew', 'WARNING', 'instance', instance_id,
        format(
            'The clock of instance %s is %s seconds %s',
            instance_id, round(abs(clock_lag)::numeric), CASE WHEN clock_lag > 0 THEN 'behind' ELSE 'ahead' END
        ),
        jsonb_build_object('clock_lag_seconds', round(clock_lag::numeric, 3))
    FROM stored
    WHERE skewed_beats = policy_value('skewed_heartbeats', '3')::int4
    ORDER BY instance_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
),
unresponsive AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata)
    SELECT
        'bot_monitor', 'CRITICAL', 'instance', instance_id, 'The bot of instance ' || instance_id || ' does not respond to its agent',
        jsonb_build_object('bot_id', bot_id, 'reason', metadata -> 'bot_failure')
    FROM stored
    JOIN owner USING (instance_id)
    WHERE state = 'UNRESPONSIVE'
    ORDER BY instance_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
),
-- Resolve the alerts of instances seen since, of bots that respond again, and of clocks that are correct again.
recovered AS (
    SELECT alert_id
    FROM alerts
    JOIN stored ON instance_id = target_id
    WHERE source IN ('heartbeat_monitor', 'bot_monitor', 'clock_skew')
        AND target_type = 'instance'
        AND status <> 'RESOLVED'
        AND CASE source
            WHEN 'bot_monitor' THEN stored.state <> 'UNRESPONSIVE'
            WHEN 'clock_skew' THEN stored.skewed_beats = 0
            ELSE stored.last_seen > alerts.last_at
        END
    ORDER BY alert_id
    FOR NO KEY UPDATE OF alerts
),
resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = statement_timestamp(),
        resolved_by = 'auto'
    FROM recovered
    WHERE alerts.alert_id = recovered.alert_id
        AND status <> 'RESOLVED'
)
SELECT ordinal, outcome
FROM classified
