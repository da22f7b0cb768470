-- Whose secret this is the hash of, if it is accepted now.
-- name: findToken :optional
-- in: hash text
-- out: name text, roles text[], instance_id text?
SELECT name, roles, instance_id
FROM access_tokens
WHERE hash = :hash
    AND (revoked_at IS NULL OR revoked_at > now())
    AND (expires_at IS NULL OR expires_at > now())

-- Stores a token; no row when its name has a live one.
-- name: insertToken :optional
-- in: name text, roles text[], instance_id text?, hash text, created_by text, expires_at timestamptz?
-- out: token_id uuid, name text, roles text[], instance_id text?, created_by text, created_at timestamptz
-- out: expires_at timestamptz?, revoked_at timestamptz?
INSERT INTO access_tokens (name, roles, instance_id, hash, created_by, expires_at)
VALUES (:name, :roles, :instance_id, :hash, :created_by, :expires_at)
ON CONFLICT DO NOTHING
RETURNING token_id, name, roles, instance_id, created_by, created_at, expires_at, revoked_at

-- name: listTokens :many
-- in: instance_id text?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: token_id uuid, name text, roles text[], instance_id text?, created_by text, created_at timestamptz
-- out: expires_at timestamptz?, revoked_at timestamptz?
SELECT token_id, name, roles, instance_id, created_by, created_at, expires_at, revoked_at
FROM access_tokens
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (created_at, token_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY created_at DESC, token_id DESC
LIMIT :limit
OFFSET :offset

-- name: countTokens :one
-- in: instance_id text?
-- out: count int8
SELECT count(*)
FROM access_tokens
WHERE :instance_id IS NULL OR instance_id = :instance_id

-- Takes back the rest of a token's time; whether there is such a token.
-- name: revokeToken :optional
-- in: token_id uuid
-- out: name text
UPDATE access_tokens
SET revoked_at = least(revoked_at, now())
WHERE token_id = :token_id
RETURNING name

-- Ends a token that was neither revoked nor exchanged, so many seconds from now.
-- name: endToken :optional
-- in: token_id uuid, grace_seconds int8
-- out: token_id uuid, name text, roles text[], instance_id text?, created_by text, created_at timestamptz
-- out: expires_at timestamptz?, revoked_at timestamptz?
UPDATE access_tokens
SET revoked_at = now() + :grace_seconds::int8 * interval '1 second'
WHERE token_id = :token_id
    AND revoked_at IS NULL
RETURNING token_id, name, roles, instance_id, created_by, created_at, expires_at, revoked_at

-- name: tokenExists :one
-- in: token_id uuid
-- out: exists bool
SELECT EXISTS (SELECT FROM access_tokens WHERE token_id = :token_id)

-- Opens a session of the dashboard; those that are over are forgotten with it.
-- name: openSession :exec
-- in: hash text, token_hash text, seconds int8
WITH forgotten AS (
    DELETE FROM web_sessions WHERE expires_at < now()
)
INSERT INTO web_sessions (hash, token_hash, expires_at)
VALUES (:hash, :token_hash, now() + :seconds::int8 * interval '1 second')

-- The token of a session that is not over, and whose it is if the database knows.
-- name: findSession :optional
-- in: hash text
-- out: token_hash text, name text?, roles text[]?
SELECT token_hash, name, roles
FROM web_sessions
LEFT JOIN access_tokens ON access_tokens.hash = token_hash
    AND instance_id IS NULL
    AND (revoked_at IS NULL OR revoked_at > now())
    AND (access_tokens.expires_at IS NULL OR access_tokens.expires_at > now())
WHERE web_sessions.hash = :hash
    AND web_sessions.expires_at > now()

-- name: closeSession :exec
-- in: hash text
DELETE FROM web_sessions WHERE hash = :hash

-- Counts a wrong token; after a quarter of an hour without one the count begins anew.
-- name: noteLoginFailure :one
-- in: address text
-- out: failures int4
WITH forgotten AS (
    DELETE FROM login_failures WHERE last_at < now() - interval '15 minutes' AND address <> :address
)
INSERT INTO login_failures AS known (address, failures)
VALUES (:address, 1)
ON CONFLICT (address) DO UPDATE SET
    failures = CASE WHEN known.last_at < now() - interval '15 minutes' THEN 1 ELSE known.failures + 1 END,
    last_at = now()
RETURNING failures

-- In how many seconds an address with so many failures may try again.
-- name: loginLock :optional
-- in: address text, limit int4
-- out: seconds int8
SELECT ceil(extract(epoch FROM last_at + interval '15 minutes' - now()))::int8
FROM login_failures
WHERE address = :address
    AND failures >= :limit
    AND last_at > now() - interval '15 minutes'

-- name: forgetLoginFailures :exec
-- in: address text
DELETE FROM login_failures WHERE address = :address

-- Takes notice of a live alert; the first notice stands.
-- name: acknowledgeAlert :optional
-- import: Generated
-- in: alert_id uuid, actor text
-- out: alert_id uuid, source text, severity text(Severity), status text(AlertStatus), target_type text, target_id text
-- out: message text, metadata jsonb, occurrences int8, first_at timestamptz, last_at timestamptz, acked_at timestamptz?
-- out: acked_by text?, resolved_at timestamptz?, resolved_by text?, last_notified_at timestamptz?, silenced_until timestamptz?
UPDATE alerts
SET status = 'ACKED',
    acked_at = coalesce(acked_at, now()),
    acked_by = coalesce(acked_by, :actor)
WHERE alert_id = :alert_id
    AND status <> 'RESOLVED'
RETURNING
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts)

-- Tells the audit log of these alerts, and whether somebody was told of them. It waits for the first try to tell; what a server that
-- ended left behind is told of by whoever looks next.
-- name: auditAlerts :exec
-- in: alert_ids text[]
WITH alert AS (
    UPDATE alerts
    SET is_audited = true
    WHERE raised_by IS NOT NULL
        AND NOT is_audited
        AND (alert_id = ANY (:alert_ids::text[]::uuid[]) OR first_at < now() - interval '30 seconds')
    RETURNING source, severity, target_type, target_id, raised_by, last_notified_at
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    raised_by, CASE source WHEN 'heartbeat_monitor' THEN 'HEARTBEAT_LOSS_ALERT' ELSE 'MODULE_RUN_STUCK_ALERT' END,
    target_type, target_id, 'SUCCESS',
    jsonb_build_object('notified', last_notified_at IS NOT NULL)
    || CASE source WHEN 'heartbeat_monitor' THEN jsonb_build_object('severity', severity) ELSE '{}' END
FROM alert
ORDER BY target_id

-- The same for comparisons.
-- name: auditReconciles :exec
-- in: reconcile_id uuid?
WITH result AS (
    UPDATE reconcile_results
    SET is_audited = true
    WHERE submitted_by IS NOT NULL
        AND NOT is_audited
        AND (reconcile_id = :reconcile_id OR received_at < now() - interval '30 seconds')
    RETURNING reconcile_id, instance_id, status, difference, submitted_by, received_at
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    submitted_by, 'RECONCILE_SUBMIT', 'reconcile', instance_id, 'SUCCESS',
    jsonb_build_object(
        'status', status,
        'difference', difference,
        'notified', status = 'MISMATCH' AND EXISTS (
            SELECT
            FROM alerts
            WHERE source = 'reconcile'
                AND target_id = instance_id
                AND last_notified_at >= received_at
        ),
        'reconcile_id', reconcile_id
    )
FROM result
ORDER BY received_at

-- Raises an alert for each instance that is silent for too long and has none.
-- name: checkHeartbeats :one
-- in: stale_seconds int8, actor text
-- out: checked_at timestamptz, stale int8, created text[]
WITH lost AS MATERIALIZED (
    SELECT instance_id, bot_id, last_seen
    FROM instance_live
    JOIN instances USING (instance_id)
    WHERE last_seen < now() - :stale_seconds::int8 * interval '1 second'
        AND state <> 'STOPPED'
),
-- Those without an alert, looked at once more with their rows held, in the order in which heartbeats hold them: one may have come since
-- this statement began, and one that is being stored right now is waited for.
silent AS (
    SELECT live.instance_id, lost.bot_id, live.last_seen
    FROM instance_live AS live
    JOIN lost USING (instance_id)
    WHERE live.last_seen < now() - :stale_seconds::int8 * interval '1 second'
        AND live.state <> 'STOPPED'
        AND NOT EXISTS (
            SELECT
            FROM alerts
            WHERE source = 'heartbeat_monitor'
                AND target_type = 'instance'
                AND target_id = live.instance_id
                AND status <> 'RESOLVED'
        )
    ORDER BY live.instance_id
    FOR NO KEY UPDATE OF live
),
created AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, raised_by)
    SELECT
        'heartbeat_monitor', 'CRITICAL', 'instance', instance_id, 'Heartbeat lost for instance ' || instance_id,
        jsonb_build_object('last_seen', last_seen, 'bot_id', bot_id), :actor
    FROM silent
    ORDER BY instance_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
    RETURNING alert_id
)
SELECT now(), (SELECT count(*) FROM lost), ARRAY (SELECT alert_id::text FROM created)

-- An alert whose instance has lived since it was raised is over; mostly the instance's own heartbeat says so. Rows that a heartbeat holds
-- are its business.
-- name: resolveLosses :exec
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = 'auto'
WHERE alert_id IN (
    SELECT alert_id
    FROM alerts
    JOIN instance_live ON instance_id = target_id
    WHERE source = 'heartbeat_monitor'
        AND target_type = 'instance'
        AND status <> 'RESOLVED'
        AND last_seen > last_at
    FOR NO KEY UPDATE OF alerts SKIP LOCKED
)

-- An instance that has lived for a quarter of an hour since it was lost last does not flap any more.
-- name: resolveFlapping :exec
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = 'auto'
WHERE source = 'flapping'
    AND status <> 'RESOLVED'
    AND last_at < now() - interval '15 minutes'
    AND NOT EXISTS (
        SELECT
        FROM alerts AS loss
        WHERE loss.source = 'heartbeat_monitor'
            AND loss.target_id = alerts.target_id
            AND (loss.status <> 'RESOLVED' OR loss.resolved_at > now() - interval '15 minutes')
    )

-- Raises an alert for each run that does not end and has none.
-- name: checkStuckRuns :one
-- in: threshold_seconds int8, actor text
-- out: checked_at timestamptz, stuck int8, created text[]
WITH stuck AS MATERIALIZED (
    SELECT run_id, module_id, status, started_at
    FROM module_runs
    JOIN modules USING (module_id)
    WHERE status IN ('QUEUED', 'RUNNING')
        AND CASE
            -- A worker that keeps its lease is at work, for as long as the module allows.
            WHEN lease_expires_at IS NOT NULL
                THEN lease_expires_at < now() OR claimed_at < now() - run_timeout_seconds * interval '1 second'
            WHEN status = 'QUEUED'
                THEN started_at < now() - coalesce(queue_timeout_seconds, :threshold_seconds) * interval '1 second'
            ELSE started_at < now() - coalesce(run_timeout_seconds, :threshold_seconds) * interval '1 second'
        END
),
created AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, raised_by)
    SELECT
        'module_runs', 'WARNING', 'module_run', run_id::text,
        'Module run ' || run_id || ' appears stuck in status ' || status,
        jsonb_build_object('module_id', module_id, 'started_at', started_at, 'status', status), :actor
    FROM stuck
    ORDER BY run_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
    RETURNING alert_id
)
SELECT now(), (SELECT count(*) FROM stuck), ARRAY (SELECT alert_id::text FROM created)

-- name: getAlert :optional
-- import: Generated
-- in: alert_id uuid
-- out: alert_id uuid, source text, severity text(Severity), status text(AlertStatus), target_type text, target_id text
-- out: message text, metadata jsonb, occurrences int8, first_at timestamptz, last_at timestamptz, acked_at timestamptz?
-- out: acked_by text?, resolved_at timestamptz?, resolved_by text?, last_notified_at timestamptz?, silenced_until timestamptz?
SELECT
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts)
FROM alerts
WHERE alert_id = :alert_id

-- name: listAlerts :many
-- import: Generated
-- in: status text(AlertStatus)?, severity text(Severity)?, target_id text?
-- in: after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: alert_id uuid, source text, severity text(Severity), status text(AlertStatus), target_type text, target_id text
-- out: message text, metadata jsonb, occurrences int8, first_at timestamptz, last_at timestamptz, acked_at timestamptz?
-- out: acked_by text?, resolved_at timestamptz?, resolved_by text?, last_notified_at timestamptz?, silenced_until timestamptz?
SELECT
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts)
FROM alerts
WHERE (:status IS NULL OR status = :status)
    AND (:severity IS NULL OR severity = :severity)
    AND (:target_id IS NULL OR target_id = :target_id)
    AND (first_at, alert_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY first_at DESC, alert_id DESC
LIMIT :limit
OFFSET :offset

-- name: countAlerts :one
-- import: Generated
-- in: status text(AlertStatus)?, severity text(Severity)?, target_id text?
-- out: count int8
SELECT count(*)
FROM alerts
WHERE (:status IS NULL OR status = :status)
    AND (:severity IS NULL OR severity = :severity)
    AND (:target_id IS NULL OR target_id = :target_id)

-- name: resolveAlert :optional
-- import: Generated
-- in: alert_id uuid, actor text
-- out: alert_id uuid, source text, severity text(Severity), status text(AlertStatus), target_type text, target_id text
-- out: message text, metadata jsonb, occurrences int8, first_at timestamptz, last_at timestamptz, acked_at timestamptz?
-- out: acked_by text?, resolved_at timestamptz?, resolved_by text?, last_notified_at timestamptz?, silenced_until timestamptz?
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = :actor
WHERE alert_id = :alert_id
    AND status <> 'RESOLVED'
RETURNING
    alert_id, source, severity, status, target_type, target_id, message, metadata, occurrences, first_at, last_at,
    acked_at, acked_by, resolved_at, resolved_by, last_notified_at, silence_of(alerts)

-- Whether this transaction is the one among all servers that looks now. The number stands for the checks and for nothing else.
-- name: lead :one
-- out: is_leader bool
SELECT pg_try_advisory_xact_lock(7102)

-- Keeps an alert and the next ones of its source and target from being told to anybody for so many seconds; whether there is one.
-- name: silenceAlert :exec
-- in: alert_id uuid, seconds int8, reason text?, actor text
INSERT INTO alert_silences (source, target_type, target_id, silenced_until, silenced_by, reason)
SELECT source, target_type, target_id, now() + :seconds::int8 * interval '1 second', :actor, :reason
FROM alerts
WHERE alert_id = :alert_id
ON CONFLICT (source, target_type, target_id) DO UPDATE SET
    silenced_until = excluded.silenced_until,
    silenced_by = excluded.silenced_by,
    reason = excluded.reason

-- The parts of the net PnL: what each instance earned with each symbol in each currency. An empty currency is the books' own.
-- name: netPnlParts :many
-- import: Generated
-- in: instance_id text?, symbol text?, mode text(RuntimeMode)?, limit int8, offset int8
-- out: total int8, instance_id text, symbol text, runtime_mode text(RuntimeMode), currency text, realized numeric
-- out: realized_at timestamptz?, unrealized numeric, unrealized_at timestamptz?, fees numeric, fee_entries int8
-- out: funding numeric, funding_entries int8, net numeric
WITH earned AS (
    SELECT series.instance_id, series.symbol, series.currency, series.metric_type AS kind, newest.value, newest.ts, 1 AS entries
    FROM metric_series AS series
    JOIN metric_latest AS newest USING (series_id)
    WHERE series.metric_type IN ('realized_pnl', 'unrealized_pnl')
    UNION ALL
    SELECT instance_id, symbol, currency, cost_type, amount, last_at, entries
    FROM cost_sums
),
part AS (
    SELECT
        instance_id,
        earned.symbol,
        live.runtime_mode,
        currency,
        coalesce(sum(value) FILTER (WHERE kind = 'realized_pnl'), 0) AS realized,
        max(ts) FILTER (WHERE kind = 'realized_pnl') AS realized_at,
        coalesce(sum(value) FILTER (WHERE kind = 'unrealized_pnl'), 0) AS unrealized,
        max(ts) FILTER (WHERE kind = 'unrealized_pnl') AS unrealized_at,
        coalesce(sum(value) FILTER (WHERE kind = 'FEE'), 0) AS fees,
        coalesce(sum(entries) FILTER (WHERE kind = 'FEE'), 0) AS fee_entries,
        coalesce(sum(value) FILTER (WHERE kind = 'FUNDING'), 0) AS funding,
        coalesce(sum(entries) FILTER (WHERE kind = 'FUNDING'), 0) AS funding_entries
    FROM earned
    JOIN instance_live AS live USING (instance_id)
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR earned.symbol = :symbol)
        AND (:mode IS NULL OR live.runtime_mode = :mode)
    GROUP BY instance_id, earned.symbol, live.runtime_mode, currency
)
SELECT
    count(*) OVER (), instance_id, symbol, runtime_mode, currency, realized, realized_at, unrealized, unrealized_at, fees,
    fee_entries::int8, funding, funding_entries::int8, realized + unrealized - fees + funding
FROM part
ORDER BY instance_id, symbol, currency
LIMIT :limit
OFFSET :offset

-- How the equity went, and how far each point is below the highest so far. With a step, the last point of each; steps are counted from
-- 1970, so that they are the same for every caller.
-- name: equityCurve :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?, from timestamptz?, to timestamptz?, step_seconds int8?, limit int8
-- out: currency text, ts timestamptz, equity numeric, fall float8
SELECT DISTINCT ON (2)
    currency,
    CASE WHEN :step_seconds IS NULL THEN ts ELSE date_bin(:step_seconds * interval '1 second', ts, 'epoch'::timestamptz) END,
    equity,
    CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8
FROM equity_points(:symbol, :mode, :currency)
WHERE ts IS NOT NULL
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
ORDER BY 2, ts DESC
LIMIT :limit

-- How far the equity has fallen from its peaks.
-- name: equityDrawdown :one
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?, currency text?
-- out: generated_at timestamptz, currency text, samples int8, peak numeric, latest numeric, max_fall numeric
-- out: max_fraction float8, current_fraction float8
WITH fall AS (
    SELECT
        currency, ts, samples, equity, peak, peak - equity AS depth,
        CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END AS fraction
    FROM equity_points(:symbol, :mode, :currency)
)
SELECT
    now(),
    min(currency),
    coalesce(sum(samples), 0)::int8,
    coalesce(max(peak), 0),
    coalesce((array_agg(equity ORDER BY ts DESC))[1], 0),
    coalesce(max(depth), 0),
    max(fraction)::float8,
    (array_agg(fraction ORDER BY ts DESC))[1]::float8
FROM fall

-- Means from running sums, percentiles from counted values, which have three digits; the samples of the last moments are added.
-- name: executionQuality :one
-- in: symbol text?
-- out: generated_at timestamptz, samples int8, avg_slippage float8, avg_latency float8, avg_fill float8
-- out: p50_slippage float8, p95_slippage float8, p99_slippage float8
-- out: p50_latency float8, p95_latency float8, p99_latency float8
WITH recent AS MATERIALIZED (
    SELECT slippage_bps, latency_ms, fill_ratio
    FROM execution_samples
    WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'executions')
        AND xid < '18446744073709551615'
        AND (:symbol IS NULL OR symbol = :symbol)
),
total AS (
    SELECT sum(samples) AS samples, sum(slippage) AS slippage, sum(latency) AS latency, sum(fill) AS fill
    FROM (
        SELECT samples, slippage, latency, fill FROM execution_totals WHERE :symbol IS NULL OR symbol = :symbol
        UNION ALL
        SELECT 1, slippage_bps, latency_ms, fill_ratio FROM recent
    ) AS part
),
counted AS (
    SELECT measure, value, samples::float8 AS samples FROM execution_values WHERE symbol = coalesce(:symbol, '')
    UNION ALL
    SELECT measure, three_digits(value), 1
    FROM recent
    CROSS JOIN LATERAL (VALUES (1::int2, slippage_bps), (2::int2, latency_ms)) AS measured (measure, value)
),
-- The nearest rank: the first value below which, or at which, lies the share that is asked for.
ranked AS (
    SELECT
        measure,
        value,
        sum(samples) OVER (PARTITION BY measure ORDER BY value) / sum(samples) OVER (PARTITION BY measure) AS share
    FROM counted
)
SELECT
    now(),
    coalesce(min(samples), 0)::int8,
    coalesce(min(total.slippage / samples), 0)::float8,
    coalesce(min(total.latency / samples), 0)::float8,
    coalesce(min(total.fill / samples), 0)::float8,
    coalesce(min(value) FILTER (WHERE measure = 1 AND share >= 0.5), 0),
    coalesce(min(value) FILTER (WHERE measure = 1 AND share >= 0.95), 0),
    coalesce(min(value) FILTER (WHERE measure = 1 AND share >= 0.99), 0),
    coalesce(min(value) FILTER (WHERE measure = 2 AND share >= 0.5), 0),
    coalesce(min(value) FILTER (WHERE measure = 2 AND share >= 0.95), 0),
    coalesce(min(value) FILTER (WHERE measure = 2 AND share >= 0.99), 0)
FROM total
LEFT JOIN ranked ON true

-- What is held in all, by symbol and by mode, all of one moment. A row has a symbol, a mode, or neither. Only what silent instances hold is
-- looked for position by position.
-- name: exposure :many
-- import: Generated
-- in: mode text(RuntimeMode)?, stale_seconds int8
-- out: generated_at timestamptz, symbol text?, runtime_mode text(RuntimeMode)?, net numeric, gross numeric, positions int8
-- out: symbols int8, stale_net numeric, stale_gross numeric, stale_positions int8
WITH held AS (
    SELECT symbol, runtime_mode, net, gross, positions, 0 AS stale_net, 0 AS stale_gross, 0 AS stale_positions
    FROM exposure_totals
    WHERE :mode IS NULL OR runtime_mode = :mode
    UNION ALL
    SELECT position.symbol, position.runtime_mode, 0, 0, 0, position.net_exposure, position.gross_exposure, 1
    FROM instance_live AS live
    JOIN positions AS position USING (instance_id)
    WHERE live.last_seen < now() - :stale_seconds * interval '1 second'
        AND (:mode IS NULL OR position.runtime_mode = :mode)
),
part AS (
    SELECT
        symbol, runtime_mode, sum(net) AS net, sum(gross) AS gross, sum(positions) AS positions, sum(stale_net) AS stale_net,
        sum(stale_gross) AS stale_gross, sum(stale_positions) AS stale_positions
    FROM held
    GROUP BY symbol, runtime_mode
    HAVING sum(positions) > 0
)
SELECT
    now(),
    symbol,
    runtime_mode,
    trim_scale(coalesce(sum(net), 0)),
    trim_scale(coalesce(sum(gross), 0)),
    coalesce(sum(positions), 0)::int8,
    count(DISTINCT symbol),
    trim_scale(coalesce(sum(stale_net), 0)),
    trim_scale(coalesce(sum(stale_gross), 0)),
    coalesce(sum(stale_positions), 0)::int8
FROM part
GROUP BY GROUPING SETS ((symbol), (runtime_mode), ())
ORDER BY symbol, runtime_mode

-- The newest equity of each instance and symbol, summed: in the books' own currency, or in the only one there is.
-- name: latestEquity :one
-- import: Generated
-- in: mode text(RuntimeMode)?
-- out: equity numeric
WITH series AS MATERIALIZED (
    SELECT latest.value, currency
    FROM metric_series AS series
    JOIN metric_latest AS latest USING (series_id)
    WHERE series.metric_type = 'equity'
        AND (
            :mode IS NULL
            OR (SELECT runtime_mode FROM instance_live AS live WHERE live.instance_id = series.instance_id) = :mode
        )
)
SELECT coalesce(sum(value), 0)
FROM series
WHERE currency = (SELECT main_currency(array_agg(currency)) FROM series)

-- name: latestIndices :many
-- in: index_name text?
-- out: index_name text, value numeric, ts timestamptz
SELECT DISTINCT ON (series.symbol) series.symbol, newest.value, newest.ts
FROM metric_series AS series
JOIN metric_latest AS newest USING (series_id)
WHERE series.metric_type = 'index'
    AND (:index_name IS NULL OR series.symbol = :index_name)
ORDER BY series.symbol, newest.ts DESC, series.series_id

-- name: latestResource :optional
-- in: instance_id text?
-- out: instance_id text, cpu_pct numeric, memory_pct numeric
SELECT cpu.instance_id, cpu_sample.value, memory_sample.value
FROM metric_series AS cpu
JOIN metric_latest AS cpu_sample ON cpu_sample.series_id = cpu.series_id
JOIN metric_series AS memory
    ON (memory.instance_id, memory.metric_type, memory.symbol) = (cpu.instance_id, 'resource_memory_pct', 'system')
JOIN metric_latest AS memory_sample ON memory_sample.series_id = memory.series_id
WHERE (cpu.metric_type, cpu.symbol) = ('resource_cpu_pct', 'system')
    AND (:instance_id IS NULL OR cpu.instance_id = :instance_id)
ORDER BY cpu_sample.ts DESC, cpu.instance_id
LIMIT 1

-- What was earned by currency, and by mode of each, all of one moment. The row without a mode is its currency's total; an empty currency
-- is the books' own. Nothing earned is no row.
-- name: netPnl :many
-- import: Generated
-- in: symbol text?, mode text(RuntimeMode)?
-- out: currency text, runtime_mode text(RuntimeMode)?, realized numeric, unrealized numeric, fees numeric, funding numeric
-- out: net numeric
WITH earned AS (
    -- The newest value of each instance and symbol.
    SELECT series.instance_id, series.metric_type AS kind, series.currency, newest.value
    FROM metric_series AS series
    JOIN metric_latest AS newest USING (series_id)
    WHERE series.metric_type IN ('realized_pnl', 'unrealized_pnl')
        AND (:symbol IS NULL OR series.symbol = :symbol)
    UNION ALL
    SELECT instance_id, cost_type, currency, amount
    FROM cost_sums
    WHERE :symbol IS NULL OR symbol = :symbol
),
part AS (
    SELECT
        currency,
        live.runtime_mode,
        coalesce(sum(value) FILTER (WHERE kind = 'realized_pnl'), 0) AS realized,
        coalesce(sum(value) FILTER (WHERE kind = 'unrealized_pnl'), 0) AS unrealized,
        coalesce(sum(value) FILTER (WHERE kind = 'FEE'), 0) AS fees,
        coalesce(sum(value) FILTER (WHERE kind = 'FUNDING'), 0) AS funding
    FROM earned
    JOIN instance_live AS live USING (instance_id)
    WHERE :mode IS NULL OR live.runtime_mode = :mode
    GROUP BY GROUPING SETS ((currency, live.runtime_mode), (currency))
)
SELECT currency, runtime_mode, realized, unrealized, fees, funding, realized + unrealized - fees + funding
FROM part
ORDER BY currency, runtime_mode

-- Hours and five minutes that lie in the window whole are read as they are rolled up, samples only where it begins and where they are not
-- rolled up yet.
-- name: resourceWindow :one
-- in: instance_id text?, window_hours int8
-- out: generated_at timestamptz, avg_cpu float8, max_cpu float8, avg_memory float8, max_memory float8
-- out: cpu_samples int8, memory_samples int8
WITH start AS MATERIALIZED (
    SELECT
        ts,
        date_bin('5 minutes', ts, '2000-01-01T00:00:00Z') + interval '5 minutes' AS fine,
        date_bin('1 hour', ts, '2000-01-01T00:00:00Z') + interval '1 hour' AS coarse
    FROM (SELECT now() - :window_hours * interval '1 hour') AS start (ts)
),
series AS MATERIALIZED (
    SELECT
        series_id,
        metric_type,
        ts AS newest,
        coalesce(date_bin('5 minutes', unrolled_from, '2000-01-01T00:00:00Z'), 'infinity') AS rolled_to
    FROM metric_series
    JOIN metric_latest USING (series_id)
    WHERE metric_type IN ('resource_cpu_pct', 'resource_memory_pct')
        AND symbol = 'system'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
),
part AS (
    SELECT metric_type, samples, sum, max
    FROM series
    JOIN metric_1h USING (series_id)
    WHERE ts >= (SELECT coarse FROM start)
        AND ts <= rolled_to - interval '1 hour'
    UNION ALL
    SELECT metric_type, samples, sum, max
    FROM series
    JOIN metric_5m USING (series_id)
    WHERE ts >= (SELECT fine FROM start)
        AND ts < (SELECT coarse FROM start)
        AND ts < rolled_to
    -- A part of its own for each end: together they would read every five minutes in between.
    UNION ALL
    SELECT metric_type, samples, sum, max
    FROM series
    JOIN metric_5m USING (series_id)
    WHERE ts >= (SELECT coarse FROM start)
        AND ts >= date_bin('1 hour', rolled_to, '2000-01-01T00:00:00Z')
        AND ts < rolled_to
    UNION ALL
    SELECT metric_type, 1, value, value
    FROM series
    JOIN metric_samples USING (series_id)
    WHERE ts > (SELECT ts FROM start)
        AND ts < (SELECT fine FROM start)
        AND ts < rolled_to
    UNION ALL
    SELECT metric_type, 1, value, value
    FROM series
    JOIN metric_samples USING (series_id)
    WHERE ts > (SELECT ts FROM start)
        AND ts >= rolled_to
        -- The same for all series, so that only the partitions in question are looked into.
        AND ts BETWEEN (SELECT min(rolled_to) FROM series) AND (SELECT max(newest) FROM series)
),
use AS (
    SELECT metric_type, sum(samples)::int8 AS samples, (sum(sum) / sum(samples))::float8 AS mean, max(max)::float8 AS highest
    FROM part
    GROUP BY metric_type
)
SELECT
    now(),
    coalesce(max(mean) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0),
    coalesce(max(highest) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0),
    coalesce(max(mean) FILTER (WHERE metric_type = 'resource_memory_pct'), 0),
    coalesce(max(highest) FILTER (WHERE metric_type = 'resource_memory_pct'), 0),
    coalesce(max(samples) FILTER (WHERE metric_type = 'resource_cpu_pct'), 0),
    coalesce(max(samples) FILTER (WHERE metric_type = 'resource_memory_pct'), 0)
FROM use

-- name: runActiveAge :one
-- in: module_id uuid?
-- out: generated_at timestamptz, active int8, oldest_seconds float8, avg_seconds float8
SELECT
    now(),
    count(*),
    coalesce(max(extract(epoch FROM now() - started_at)), 0)::float8,
    coalesce(avg(extract(epoch FROM now() - started_at)), 0)::float8
FROM module_runs
WHERE status IN ('QUEUED', 'RUNNING')
    AND (:module_id IS NULL OR module_id = :module_id)

-- name: runFailureRate :one
-- in: module_id uuid?, window_size int8
-- out: generated_at timestamptz, completed int8, failed int8
SELECT now(), count(*), count(*) FILTER (WHERE status = 'FAILED')
FROM (
    SELECT status
    FROM module_runs
    WHERE ended_at IS NOT NULL
        AND (:module_id IS NULL OR module_id = :module_id)
    ORDER BY ended_at DESC, run_id DESC
    LIMIT :window_size
) AS newest

-- name: runPerformance :one
-- in: module_id uuid?
-- out: generated_at timestamptz, total int8, completed int8, succeeded int8, avg_seconds float8, p95_seconds float8
WITH run AS (
    SELECT
        status,
        ended_at IS NOT NULL AS is_completed,
        -- Clocks of workers may run behind.
        greatest(extract(epoch FROM ended_at - started_at), 0)::float8 AS seconds
    FROM module_runs
    WHERE :module_id IS NULL OR module_id = :module_id
)
SELECT
    now(),
    count(*),
    count(*) FILTER (WHERE is_completed),
    count(*) FILTER (WHERE status = 'SUCCEEDED'),
    coalesce(avg(seconds) FILTER (WHERE is_completed), 0),
    -- percentile_disc is the nearest rank (PostgreSQL manual, 9.21, "Ordered-Set Aggregate Functions").
    coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE is_completed), 0)
FROM run

-- name: runThroughput :one
-- in: module_id uuid?, window_hours int8
-- out: generated_at timestamptz, total int8
SELECT now(), count(*)
FROM module_runs
WHERE started_at > now() - :window_hours * interval '1 hour'
    AND (:module_id IS NULL OR module_id = :module_id)

-- Whether an instance is known.
-- name: isInstance :one
-- in: instance_id text
-- out: is_known bool
SELECT EXISTS (SELECT FROM instances WHERE instance_id = :instance_id)

-- name: seriesPoints :many
-- in: instance_id text, metric_type text, symbol text, currency text?, from timestamptz?, to timestamptz?, limit int8
-- out: ts timestamptz, value numeric
SELECT ts, value
FROM metric_history
JOIN metric_series AS series USING (series_id)
WHERE (series.instance_id, series.metric_type, series.symbol) = (:instance_id, :metric_type, :symbol)
    AND series.currency = coalesce(
        :currency,
        (
            SELECT main_currency(array_agg(known.currency))
            FROM metric_series AS known
            WHERE (known.instance_id, known.metric_type, known.symbol) = (:instance_id, :metric_type, :symbol)
        )
    )
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
ORDER BY ts
LIMIT :limit

-- The last value of each step; steps are counted from 1970, so that they are the same for every caller.
-- name: seriesSteps :many
-- in: instance_id text, metric_type text, symbol text, currency text?, from timestamptz?, to timestamptz?, step_seconds int8, limit int8
-- out: ts timestamptz, value numeric
SELECT DISTINCT ON (1)
    date_bin(:step_seconds * interval '1 second', ts, 'epoch'::timestamptz),
    value
FROM metric_history
JOIN metric_series AS series USING (series_id)
WHERE (series.instance_id, series.metric_type, series.symbol) = (:instance_id, :metric_type, :symbol)
    AND series.currency = coalesce(
        :currency,
        (
            SELECT main_currency(array_agg(known.currency))
            FROM metric_series AS known
            WHERE (known.instance_id, known.metric_type, known.symbol) = (:instance_id, :metric_type, :symbol)
        )
    )
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
ORDER BY 1, ts DESC
LIMIT :limit

-- name: listCosts :many
-- import: Generated
-- in: instance_id text?, symbol text?, cost_type text(CostType)?, from timestamptz?, to timestamptz?
-- in: after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, instance_id text, entry_id text?, symbol text, cost_type text(CostType), amount numeric, currency text?
-- out: fx_rate numeric?, booked_amount numeric, ts timestamptz, received_at timestamptz
SELECT
    ordinal, instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, booked_amount(cost), ts, received_at
FROM cost_entries AS cost
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:cost_type IS NULL OR cost_type = :cost_type)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
    AND (ts, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY ts DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countCosts :one
-- in: instance_id text?, symbol text?, cost_type text(CostType)?, from timestamptz?, to timestamptz?
-- out: count int8
SELECT count(*)
FROM cost_entries
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:cost_type IS NULL OR cost_type = :cost_type)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)

-- name: listExecutionSamples :many
-- in: instance_id text?, symbol text?, from timestamptz?, to timestamptz?
-- in: after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, instance_id text, symbol text, slippage_bps numeric, latency_ms numeric, fill_ratio numeric
-- out: ts timestamptz, received_at timestamptz
SELECT ordinal, instance_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at
FROM execution_samples
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
    AND (ts, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY ts DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countExecutionSamples :one
-- in: instance_id text?, symbol text?, from timestamptz?, to timestamptz?
-- out: count int8
SELECT count(*)
FROM execution_samples
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)

-- name: listPositions :many
-- import: Generated
-- in: stale_before timestamptz, instance_id text?, symbol text?, mode text(RuntimeMode)?, is_stale bool?, limit int8, offset int8
-- out: instance_id text, bot_id text, runtime_mode text(RuntimeMode), exchange text, symbol text, net_exposure numeric
-- out: gross_exposure numeric, updated_at timestamptz, is_stale bool
SELECT
    instance_id, bot_id, live.runtime_mode, exchange, positions.symbol, net_exposure, gross_exposure, updated_at,
    updated_at < :stale_before
FROM positions
JOIN instance_live AS live USING (instance_id)
JOIN instances USING (instance_id)
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR positions.symbol = :symbol)
    AND (:mode IS NULL OR live.runtime_mode = :mode)
    AND (:is_stale IS NULL OR (updated_at < :stale_before) = :is_stale)
ORDER BY positions.symbol, instance_id
LIMIT :limit
OFFSET :offset

-- name: countPositions :one
-- import: Generated
-- in: stale_before timestamptz, instance_id text?, symbol text?, mode text(RuntimeMode)?, is_stale bool?
-- out: count int8
SELECT count(*)
FROM positions
JOIN instance_live AS live USING (instance_id)
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR positions.symbol = :symbol)
    AND (:mode IS NULL OR live.runtime_mode = :mode)
    AND (:is_stale IS NULL OR (updated_at < :stale_before) = :is_stale)

-- By how many seconds a standby is behind (PostgreSQL manual, 9.27.4, "Recovery Information Functions"). One that has replayed all that it
-- has received is not behind, however long nothing was written.
-- name: replayLag :one
-- out: seconds float8
SELECT CASE
    WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8, 0)
END

-- name: listAuditLogs :many
-- import: Generated
-- in: actor text?, action text?, target_type text?, target_id text?, result text(AuditResult)?, run_id uuid?
-- in: reconcile_id uuid?, from timestamptz?, to timestamptz?, after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, audit_id uuid, actor text, action text, target_type text, target_id text, result text(AuditResult)
-- out: details jsonb, ts timestamptz, run_id uuid?, reconcile_id uuid?
SELECT
    ordinal, audit_id, actor, action, target_type, target_id, result, details, ts,
    CASE WHEN target_type = 'module_run' THEN target_id ELSE details ->> 'run_id' END::uuid,
    (details ->> 'reconcile_id')::uuid
FROM audit_log
WHERE (:actor IS NULL OR actor = :actor)
    AND (:action IS NULL OR action = :action)
    AND (:target_type IS NULL OR target_type = :target_type)
    AND (:target_id IS NULL OR target_id = :target_id)
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
-- in: actor text?, action text?, target_type text?, target_id text?, result text(AuditResult)?, run_id uuid?
-- in: reconcile_id uuid?, from timestamptz?, to timestamptz?
-- out: count int8
SELECT count(*)
FROM audit_log
WHERE (:actor IS NULL OR actor = :actor)
    AND (:action IS NULL OR action = :action)
    AND (:target_type IS NULL OR target_type = :target_type)
    AND (:target_id IS NULL OR target_id = :target_id)
    AND (:result IS NULL OR result = :result)
    AND (:run_id IS NULL OR target_type = 'module_run' AND target_id = :run_id::text OR details ->> 'run_id' = :run_id::text)
    AND (:reconcile_id IS NULL OR details ->> 'reconcile_id' = :reconcile_id::text)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)

-- name: recordAction :exec
-- import: Generated
-- in: actor text, action text(AuditAction), target_type text(AuditTarget), target_id text, result text(AuditResult)
-- in: details jsonb
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
VALUES (:actor, :action, :target_type, :target_id, :result, :details)

-- name: sealAudit :one
-- out: sealed int8
SELECT seal_audit()

-- Looks at the next seals of the chain.
-- name: verifyAudit :one
-- in: after int8
-- out: last_position int8, checked int8, head text, broken_at int8?, reason text?
SELECT last_position, checked, encode(head, 'hex'), broken_at, reason
FROM verify_audit(:after)

-- How many entries wait for their seal; the first that has neither a seal nor a place in the queue for one, or has a place in it and is
-- not there.
-- name: findUnsealed :one
-- out: waiting int8, stray int8?
SELECT
    (SELECT count(*) FROM audit_unsealed),
    least(
        (
            SELECT min(ordinal)
            FROM audit_log
            WHERE NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.ordinal = audit_log.ordinal)
                AND NOT EXISTS (SELECT FROM audit_unsealed WHERE audit_unsealed.ordinal = audit_log.ordinal)
        ),
        (
            SELECT min(ordinal)
            FROM audit_unsealed
            WHERE NOT EXISTS (SELECT FROM audit_log WHERE audit_log.ordinal = audit_unsealed.ordinal)
        )
    )

-- name: fleetGroups :many
-- import: Generated
-- in: lost_before timestamptz, late_before timestamptz
-- out: exchange text, runtime_mode text(RuntimeMode), status text(InstanceStatus), instances int8, late int8
SELECT exchange, runtime_mode, instance_status(state, last_seen, :lost_before) AS status, count(*), count(*) FILTER (WHERE last_seen < :late_before)
FROM instance_live
GROUP BY exchange, runtime_mode, status
ORDER BY exchange, runtime_mode, status

-- name: fleetCells :many
-- import: Generated
-- in: lost_before timestamptz, late_before timestamptz, limit int8
-- out: exchange text, instance_id text, bot_id text, status text(InstanceStatus), is_late bool
SELECT exchange, instance_id, bot_id, instance_status(state, last_seen, :lost_before) AS status, last_seen < :late_before AS is_late
FROM instance_live
JOIN instances USING (instance_id)
WHERE (SELECT sum(instances) FROM fleet_counts) <= :limit::int8
ORDER BY exchange, instance_rank(instance_status(state, last_seen, :lost_before), last_seen < :late_before), bot_id, instance_id
LIMIT :limit

-- name: fleetNeeds :one
-- out: critical int8, warning int8, info int8, acknowledged int8, stuck_runs int8, awaiting_approval int8, waiting int8, expired int8
SELECT
    alert.*,
    (SELECT count(*) FROM commands WHERE status = 'AWAITING_APPROVAL'),
    (SELECT count(*) FROM commands WHERE status IN ('PENDING', 'ACCEPTED')),
    (SELECT count(*) FROM commands WHERE status = 'EXPIRED' AND created_at > now() - interval '24 hours')
FROM (
    SELECT
        count(*) FILTER (WHERE status = 'OPEN' AND severity = 'CRITICAL'),
        count(*) FILTER (WHERE status = 'OPEN' AND severity = 'WARNING'),
        count(*) FILTER (WHERE status = 'OPEN' AND severity NOT IN ('CRITICAL', 'WARNING')),
        count(*) FILTER (WHERE status = 'ACKED'),
        count(*) FILTER (WHERE source = 'module_runs')
    FROM alerts
    WHERE status <> 'RESOLVED'
) AS alert

-- The equity that was noted, and how far each point is below the highest of those that are listed. With a step, the last point of each; steps
-- are counted from 1970, so that they are the same for every caller.
-- name: fleetEquity :many
-- import: Generated
-- in: mode text(RuntimeMode)?, currency text?, from timestamptz?, to timestamptz?, step_seconds int8, limit int8
-- out: currency text, ts timestamptz, equity numeric, fall float8
WITH noted AS MATERIALIZED (
    SELECT currency, ts, sum(equity) AS equity
    FROM fleet_equity
    WHERE (:mode IS NULL OR runtime_mode = :mode)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
    GROUP BY currency, ts
),
meant AS MATERIALIZED (
    SELECT *, max(equity) OVER (ORDER BY ts) AS peak
    FROM noted
    WHERE currency = coalesce(:currency, (SELECT main_currency(array_agg(DISTINCT known.currency)) FROM noted AS known))
)
SELECT DISTINCT ON (2)
    currency,
    date_bin(:step_seconds::int8 * interval '1 second', ts, 'epoch'::timestamptz),
    equity,
    CASE WHEN peak > 0 THEN (peak - equity) / peak ELSE 0 END::float8
FROM meant
ORDER BY 2, ts DESC
LIMIT :limit

-- Nothing for an instance that is not known.
-- name: presence :optional
-- in: instance_id text, count int4
-- out: slots text, until timestamptz
SELECT presence(instance_id, :count), greatest(noted, '2000-01-03') + interval '30 seconds'
FROM instances
CROSS JOIN presence_horizon
WHERE instance_id = :instance_id

-- name: listBots :many
-- import: Generated
-- in: lost_before timestamptz, after_bot text?, after_instance text?, limit int8, offset int8
-- out: bot_id text, name text, strategy_name text, instance_id text?, runtime_mode text(RuntimeMode)?, exchange text?
-- out: symbol text?, version text?, status text(InstanceStatus)?, last_seen timestamptz?, last_received_at timestamptz?
-- The page is chosen by its keys, then its instances are looked at. No page of the contract has more than 200 items: with the limit alone,
-- which is unknown when a plan is made, the planner expects a tenth of the fleet and makes a plan for each page.
SELECT
    page.bot_id, name, strategy_name, instance_id, runtime_mode, exchange, symbol, version,
    instance_status(state, last_seen, :lost_before), last_seen, last_received_at
FROM (
    SELECT bots.bot_id, name, strategy_name, instance_id
    FROM bots
    LEFT JOIN instances ON instances.bot_id = bots.bot_id
    WHERE bots.bot_id >= coalesce(:after_bot, '')
        AND (bots.bot_id, coalesce(instance_id, '')) > (coalesce(:after_bot, ''), coalesce(:after_instance, ''))
    ORDER BY bots.bot_id, instance_id
    LIMIT 201
    OFFSET :offset
) AS page
LEFT JOIN instance_live USING (instance_id)
ORDER BY page.bot_id, instance_id
LIMIT :limit

-- Rows are counted as they are listed: a bot without an instance is one.
-- name: countBots :one
-- out: rows int8, bots int8
SELECT
    coalesce(sum(instances), 0)::int8 + (SELECT count(*) FROM bots WHERE NOT has_instance),
    coalesce(sum(bots), 0)::int8
FROM fleet_counts

-- name: listInstances :many
-- import: Generated
-- in: lost_before timestamptz, late_before timestamptz, q text?, instance_id text?, bot_id text?, runtime_mode text(RuntimeMode)?
-- in: status text(InstanceStatus)?, exchange text?, symbol text?, sort text, limit int8, offset int8
-- in: is_brief bool
-- out: instance_id text, bot_id text, strategy_name text, runtime_mode text(RuntimeMode), exchange text, symbol text, version text
-- out: status text(InstanceStatus), is_late bool, last_seen timestamptz, last_received_at timestamptz, first_seen timestamptz
-- out: clock_lag float8?, boot_id text?, metadata jsonb, net_exposure numeric?, gross_exposure numeric?, exposure_as_of timestamptz?
-- out: open_alerts int8, worst_severity text(Severity)?, waiting_commands int8, presence text?, equity_day text[]?
-- out: net_pnl_day numeric?
WITH instance AS (
    SELECT
        live.*, instances.bot_id, strategy_name, instances.created_at,
        instance_status(state, last_seen, :lost_before) AS status,
        last_seen < :late_before AS is_late
    FROM instance_live AS live
    JOIN instances USING (instance_id)
    JOIN bots ON bots.bot_id = instances.bot_id
),
page AS (
    SELECT
        *,
        CASE :sort
            WHEN 'worst' THEN instance_rank(status, is_late)
            WHEN 'silent' THEN extract(epoch FROM last_seen)
            WHEN 'recent' THEN -extract(epoch FROM last_seen)
        END AS place
    FROM instance
    WHERE (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id, exchange, symbol, version, strategy_name)), lower(:q)) > 0)
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:bot_id IS NULL OR bot_id = :bot_id)
        AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
        AND (:status IS NULL OR status = :status)
        AND (:exchange IS NULL OR exchange = :exchange)
        AND (:symbol IS NULL OR symbol = :symbol)
    ORDER BY place, bot_id, instance_id
    LIMIT :limit
    OFFSET :offset
)
SELECT
    page.instance_id, bot_id, strategy_name, runtime_mode, exchange, symbol, version, status, is_late, last_seen, last_received_at,
    page.created_at, clock_lag, boot.boot_id, metadata, held.net, held.gross, held.as_of, alert.open, alert.worst, command.waiting,
    CASE WHEN NOT :is_brief THEN presence(page.instance_id, 120) END, equity.points, pnl.change
FROM page
LEFT JOIN LATERAL (
    SELECT boot_id FROM instance_boots WHERE instance_boots.instance_id = page.instance_id ORDER BY ordinal DESC LIMIT 1
) AS boot ON true
CROSS JOIN LATERAL (
    SELECT sum(net_exposure) AS net, sum(gross_exposure) AS gross, min(updated_at) AS as_of
    FROM positions
    WHERE positions.instance_id = page.instance_id
) AS held
CROSS JOIN LATERAL (
    SELECT
        count(*) AS open,
        (array_agg(severity ORDER BY array_position(ARRAY['CRITICAL', 'WARNING'], severity)))[1] AS worst
    FROM alerts
    WHERE target_type = 'instance'
        AND target_id = page.instance_id
        AND alerts.status <> 'RESOLVED'
) AS alert
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting
    FROM commands
    WHERE commands.instance_id = page.instance_id
        AND commands.status IN ('AWAITING_APPROVAL', 'PENDING', 'ACCEPTED')
) AS command
LEFT JOIN LATERAL (
    WITH series AS (
        SELECT series_id, currency, newest.ts, newest.value
        FROM metric_series
        JOIN metric_latest AS newest USING (series_id)
        WHERE metric_series.instance_id = page.instance_id
            AND metric_type = 'equity'
    ),
    point AS (
        SELECT hour.ts, sum(last) AS equity, count(*) AS series
        FROM series
        JOIN metric_1h AS hour USING (series_id)
        WHERE hour.ts >= date_trunc('hour', now(), 'UTC') - interval '24 hours'
            AND hour.ts < date_trunc('hour', now(), 'UTC')
        GROUP BY hour.ts
        UNION ALL
        SELECT date_trunc('hour', now(), 'UTC'), sum(value), count(*)
        FROM series
        WHERE ts >= date_trunc('hour', now(), 'UTC') - interval '24 hours'
    )
    SELECT array_agg(CASE WHEN point.series = (SELECT count(*) FROM series) THEN equity::text ELSE '' END ORDER BY start) AS points
    FROM generate_series(
        date_trunc('hour', now(), 'UTC') - interval '24 hours', date_trunc('hour', now(), 'UTC'), interval '1 hour'
    ) AS start
    LEFT JOIN point ON point.ts = start
    WHERE (SELECT count(DISTINCT currency) FROM series) = 1
) AS equity ON NOT :is_brief
LEFT JOIN LATERAL (
    SELECT CASE WHEN count(DISTINCT currency) = 1 THEN sum(amount) END AS change
    FROM (
        SELECT
            currency,
            newest.value - coalesce(
                (
                    SELECT value
                    FROM metric_history AS history
                    WHERE history.series_id = series.series_id
                        AND history.ts <= now() - interval '24 hours'
                    ORDER BY history.ts DESC
                    LIMIT 1
                ),
                0
            ) AS amount
        FROM metric_series AS series
        JOIN metric_latest AS newest USING (series_id)
        WHERE series.instance_id = page.instance_id
            AND metric_type IN ('realized_pnl', 'unrealized_pnl')
        UNION ALL
        SELECT booked_currency(cost), CASE cost_type WHEN 'FEE' THEN -booked_amount(cost) ELSE booked_amount(cost) END
        FROM cost_entries AS cost
        WHERE cost.instance_id = page.instance_id
            AND ts > now() - interval '24 hours'
    ) AS part
) AS pnl ON NOT :is_brief
ORDER BY place, bot_id, instance_id

-- name: countInstances :one
-- import: Generated
-- in: lost_before timestamptz, q text?, instance_id text?, bot_id text?, runtime_mode text(RuntimeMode)?
-- in: status text(InstanceStatus)?, exchange text?, symbol text?
-- out: count int8
SELECT count(*)
FROM instance_live
JOIN instances USING (instance_id)
JOIN bots USING (bot_id)
WHERE (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id, exchange, symbol, version, strategy_name)), lower(:q)) > 0)
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:bot_id IS NULL OR bot_id = :bot_id)
    AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
    AND (:status IS NULL OR instance_status(state, last_seen, :lost_before) = :status)
    AND (:exchange IS NULL OR exchange = :exchange)
    AND (:symbol IS NULL OR symbol = :symbol)

-- Gives an instance to another bot, which comes to be if it is new. The bot that it had before; no row for an unknown instance.
-- name: moveInstance :optional
-- in: instance_id text, bot_id text
-- out: bot_id text
WITH bot AS (
    INSERT INTO bots (bot_id, name, strategy_name)
    SELECT :bot_id, :bot_id, 'unknown'
    WHERE EXISTS (SELECT FROM instances WHERE instance_id = :instance_id)
    ON CONFLICT (bot_id) DO NOTHING
),
former AS (
    SELECT instance_id, bot_id
    FROM instances
    WHERE instance_id = :instance_id
    FOR UPDATE
)
UPDATE instances
SET bot_id = :bot_id
FROM former
WHERE instances.instance_id = former.instance_id
RETURNING former.bot_id

-- The command that an acknowledgement speaks of, held until the transaction ends.
-- name: lockCommand :optional
-- import: Generated
-- in: command_id uuid
-- out: instance_id text, status text(CommandStatus)
SELECT instance_id, status
FROM commands
WHERE command_id = :command_id
FOR UPDATE

-- name: setCommandStatus :exec
-- in: command_id uuid, status text(CommandStatus), actor text
UPDATE commands
SET status = :status,
    changed_by = :actor
WHERE command_id = :command_id

-- name: insertAcknowledgement :one
-- in: command_id uuid, instance_id text, status text(AcknowledgementStatus), reason text?, ts timestamptz
-- in: command_status text(CommandStatus), evidence jsonb?
-- out: ack_id uuid, received_at timestamptz
INSERT INTO command_acknowledgements (command_id, instance_id, status, reason, ts, command_status, evidence)
VALUES (:command_id, :instance_id, :status, :reason, :ts, :command_status, :evidence)
RETURNING ack_id, received_at

-- Decides on a command that waits for a second person.
-- name: decideCommand :optional
-- import: Generated
-- in: command_id uuid, status text(CommandStatus), actor text
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8
UPDATE commands
SET status = :status,
    changed_by = :actor
WHERE command_id = :command_id
    AND status = 'AWAITING_APPROVAL'
    AND expires_at > statement_timestamp()
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count

-- name: cancelCommand :optional
-- import: Generated
-- in: command_id uuid, actor text
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8
UPDATE commands
SET status = 'CANCELED',
    changed_by = :actor
WHERE command_id = :command_id
    AND status IN ('PENDING', 'AWAITING_APPROVAL')
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count

-- Stores a command unless its id is taken. An instance that is not known answers no row, either.
-- name: insertCommand :optional
-- import: Generated
-- in: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- in: payload jsonb, reason text?, supersedes uuid?, created_by text, needs_approval bool
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8
INSERT INTO commands
    (command_id, instance_id, command_type, issued_at, expires_at, payload, reason, supersedes, created_by, status)
SELECT
    :command_id, instance_id, :command_type, :issued_at, :expires_at, :payload, :reason, :supersedes, :created_by,
    CASE
        WHEN :needs_approval AND is_grave_command(:command_type, :payload, runtime_mode) THEN 'AWAITING_APPROVAL'
        ELSE 'PENDING'
    END
FROM instance_live
WHERE instance_id = :instance_id
ON CONFLICT (command_id) DO NOTHING
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count

-- Ends a command of the instance that nobody has answered, because another takes its place; whether there was one.
-- name: supersedeCommand :exec
-- in: command_id uuid, instance_id text, actor text
UPDATE commands
SET status = 'SUPERSEDED',
    changed_by = :actor
WHERE command_id = :command_id
    AND instance_id = :instance_id
    AND status IN ('PENDING', 'AWAITING_APPROVAL')

-- Whom a fleet query means.
-- name: findInstances :many
-- import: Generated
-- in: lost_before timestamptz, instance_ids text[]?, bot_id text?, runtime_mode text(RuntimeMode)?, exchange text?, symbol text?
-- in: status text(InstanceStatus)?, q text?
-- out: instance_id text, runtime_mode text(RuntimeMode)
SELECT instance_id, runtime_mode
FROM instance_live
JOIN instances USING (instance_id)
JOIN bots USING (bot_id)
WHERE (:instance_ids IS NULL OR instance_id = ANY (:instance_ids))
    AND (:bot_id IS NULL OR bot_id = :bot_id)
    AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
    AND (:exchange IS NULL OR exchange = :exchange)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:status IS NULL OR instance_status(state, last_seen, :lost_before) = :status)
    AND (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id, exchange, symbol, version, strategy_name)), lower(:q)) > 0)
ORDER BY instance_id

-- What instances trade and hold together.
-- name: instancesTogether :one
-- in: instance_ids text[]
-- out: symbols text[], net_exposure numeric?, gross_exposure numeric?
SELECT
    (SELECT coalesce(array_agg(DISTINCT symbol ORDER BY symbol), '{}') FROM instance_live WHERE instance_id = ANY (:instance_ids)),
    sum(net_exposure),
    sum(gross_exposure)
FROM positions
WHERE instance_id = ANY (:instance_ids)

-- Stores a command for each of these instances; the audit log has each.
-- name: insertCommands :many
-- in: instance_ids text[], command_type text(CommandType), ttl_seconds int8, payload jsonb, reason text?, actor text
-- in: needs_approval bool, bulk_id uuid
-- out: instance_id text, runtime_mode text(RuntimeMode), command_id uuid, status text(CommandStatus)
WITH target AS MATERIALIZED (
    SELECT instance_id, runtime_mode, gen_random_uuid() AS command_id
    FROM instance_live
    WHERE instance_id = ANY (:instance_ids)
),
stored AS (
    INSERT INTO commands (command_id, instance_id, command_type, issued_at, expires_at, payload, reason, created_by, status, bulk_id)
    SELECT
        command_id, instance_id, :command_type, now(), now() + :ttl_seconds::int8 * interval '1 second', :payload, :reason,
        :actor,
        CASE
            WHEN :needs_approval AND is_grave_command(:command_type, :payload, runtime_mode) THEN 'AWAITING_APPROVAL'
            ELSE 'PENDING'
        END,
        :bulk_id
    FROM target
    ORDER BY instance_id
    RETURNING command_id, status
),
audited AS (
    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
    SELECT
        :actor, 'COMMAND_CREATE', 'command', command_id::text, 'SUCCESS',
        jsonb_build_object('type', :command_type, 'bulk', true)
    FROM stored
)
SELECT instance_id, runtime_mode, command_id, status
FROM target
JOIN stored USING (command_id)
ORDER BY instance_id

-- Ends commands that no instance answered in time, by the database's clock; the audit log has each.
-- name: expireCommands :exec
-- in: actor text
WITH expired AS (
    UPDATE commands
    SET status = 'EXPIRED',
        changed_by = :actor
    WHERE status IN ('PENDING', 'AWAITING_APPROVAL')
        AND expires_at <= now()
    RETURNING command_id
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT :actor, 'COMMAND_EXPIRE', 'command', command_id::text, 'SUCCESS', '{}'::jsonb
FROM expired
ORDER BY command_id

-- How far the commands of one bulk have come.
-- name: bulkCoverage :optional
-- import: Generated
-- in: bulk_id uuid, lost_before timestamptz
-- out: command_type text(CommandType), created_by text, created_at timestamptz, expires_at timestamptz, reason text?, total int8
-- out: awaiting_approval int8, delivered int8, confirmed int8, failed int8, ended int8, unreachable int8
SELECT
    command_type, created_by, min(created_at), max(expires_at), reason, count(*),
    count(*) FILTER (WHERE status = 'AWAITING_APPROVAL'),
    count(*) FILTER (WHERE first_delivered_at IS NOT NULL),
    count(*) FILTER (WHERE status = 'COMPLETED'),
    count(*) FILTER (WHERE status IN ('FAILED', 'REJECTED_EXPIRED', 'REJECTED_DUPLICATE')),
    count(*) FILTER (WHERE status IN ('EXPIRED', 'CANCELED', 'DENIED', 'SUPERSEDED')),
    count(*) FILTER (WHERE status <> 'COMPLETED' AND last_seen < :lost_before)
FROM commands
JOIN instance_live USING (instance_id)
WHERE bulk_id = :bulk_id
GROUP BY command_type, created_by, reason

-- name: getCommand :optional
-- import: Generated
-- in: command_id uuid
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8
SELECT
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count
FROM commands
WHERE command_id = :command_id

-- name: listAcknowledgements :many
-- in: command_id uuid
-- out: ack_id uuid, instance_id text, status text(AcknowledgementStatus), reason text?, ts timestamptz
-- out: command_status text(CommandStatus), received_at timestamptz, evidence jsonb?
SELECT ack_id, instance_id, status, reason, ts, command_status, received_at, evidence
FROM command_acknowledgements
WHERE command_id = :command_id
ORDER BY ordinal

-- name: listCommandEvents :many
-- in: command_id uuid
-- out: event text, actor text, at timestamptz
SELECT event, actor, at
FROM command_events
WHERE command_id = :command_id
ORDER BY ordinal

-- Takes a name for a request; no row when it is taken. Whoever takes it first makes the others wait for the end of his transaction.
-- name: takeKey :exec
-- in: actor text, operation text, key text, request text
INSERT INTO idempotency_keys (actor, operation, key, request)
VALUES (:actor, :operation, :key, :request)
ON CONFLICT DO NOTHING

-- name: findKey :one
-- in: actor text, operation text, key text
-- out: request text, answer jsonb
SELECT request, answer
FROM idempotency_keys
WHERE (actor, operation, key) = (:actor, :operation, :key)

-- name: keepAnswer :exec
-- in: actor text, operation text, key text, answer jsonb
UPDATE idempotency_keys
SET answer = :answer
WHERE (actor, operation, key) = (:actor, :operation, :key)

-- Names are kept for two days.
-- name: forgetKeys :exec
DELETE FROM idempotency_keys
WHERE created_at < now() - interval '2 days'

-- name: listCommands :many
-- import: Generated
-- in: instance_id text?, status text(CommandStatus)?, command_type text(CommandType)?, created_by text?, bulk_id uuid?
-- in: after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8
SELECT
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count
FROM commands
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:status IS NULL OR status = :status)
    AND (:command_type IS NULL OR command_type = :command_type)
    AND (:created_by IS NULL OR created_by = :created_by)
    AND (:bulk_id IS NULL OR bulk_id = :bulk_id)
    AND (created_at, command_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY created_at DESC, command_id DESC
LIMIT :limit
OFFSET :offset

-- name: countCommands :one
-- in: instance_id text?, status text(CommandStatus)?, command_type text(CommandType)?, created_by text?, bulk_id uuid?
-- out: count int8
SELECT count(*)
FROM commands
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:status IS NULL OR status = :status)
    AND (:command_type IS NULL OR command_type = :command_type)
    AND (:created_by IS NULL OR created_by = :created_by)
    AND (:bulk_id IS NULL OR bulk_id = :bulk_id)

-- What an instance has to carry out, each time counted as delivered. Time is the database's, so that all servers agree on what has
-- expired. Where there is nothing, nothing is written.
-- name: deliverCommands :many
-- import: Generated
-- in: instance_id text
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8
WITH delivered AS (
    UPDATE commands
    SET first_delivered_at = coalesce(first_delivered_at, statement_timestamp()),
        delivery_count = delivery_count + 1
    WHERE instance_id = :instance_id
        AND status = 'PENDING'
        AND expires_at > statement_timestamp()
    RETURNING *
)
SELECT
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count
FROM delivered
ORDER BY issued_at, command_id

-- Which of these instances have something to carry out.
-- name: instancesWithCommands :many
-- in: instance_ids text[]
-- out: instance_id text
SELECT DISTINCT instance_id
FROM commands
WHERE instance_id = ANY (:instance_ids)
    AND status = 'PENDING'
    AND expires_at > statement_timestamp()

-- The place from which on everything is still to come.
-- name: eventHead :one
-- out: xid text, event_id int8
SELECT pg_snapshot_xmin(pg_current_snapshot())::text, 0::int8

-- The events behind a place, as far as no older transaction can add another between them.
-- name: eventsAfter :many
-- in: xid text, event_id int8, limit int8
-- out: xid text, event_id int8, at timestamptz, kind text, key text, data jsonb
SELECT xid::text, event_id, at, kind, key, data
FROM event_log
WHERE (xid, event_id) > (:xid::text::xid8, :event_id)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY event_log.xid, event_id
LIMIT :limit

-- Whether events behind a place are not kept any more.
-- name: isBeforeHorizon :one
-- in: xid text, event_id int8
-- out: is_before bool
SELECT (xid, event_id) > (:xid::text::xid8, :event_id)
FROM event_horizon

-- Forgets events after an hour, and remembers where they ended.
-- name: forgetEvents :exec
WITH forgotten AS (
    DELETE FROM event_log
    WHERE at < now() - interval '1 hour'
    RETURNING xid, event_id
),
last AS (
    SELECT xid, event_id
    FROM forgotten
    ORDER BY xid DESC, event_id DESC
    LIMIT 1
)
UPDATE event_horizon
SET xid = last.xid,
    event_id = last.event_id
FROM last
WHERE (last.xid, last.event_id) > (event_horizon.xid, event_horizon.event_id)

-- Books costs. An entry with an id is booked once; the same id with other content is refused.
-- name: recordCosts :batch
-- import: Generated
-- row: instance_id text, entry_id text?, symbol text, cost_type text(CostType), amount numeric, currency text?
-- row: fx_rate numeric?, ts timestamptz
-- out: ordinal int8, fate text(IngestFate)
WITH entry AS MATERIALIZED (
    SELECT
        entry.*,
        instances.instance_id IS NOT NULL AS is_known,
        -- Of several with one id in a batch the first is booked.
        entry_id IS NULL OR row_number() OVER (PARTITION BY instance_id, entry_id ORDER BY ordinal) = 1 AS is_first
    FROM unnest(:instance_id, :entry_id, :symbol, :cost_type, :amount, :currency, :fx_rate, :ts)
        WITH ORDINALITY AS entry (instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, ordinal)
    LEFT JOIN instances USING (instance_id)
),
-- Another server may book the entry at the same moment. The update changes nothing; it makes what is booked known here. Rows that
-- were there before have a transaction's mark (PostgreSQL manual, 5.5, "System Columns", xmax).
booked AS (
    INSERT INTO cost_entries AS cost
        (instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, received_at, xid)
    SELECT
        instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, statement_timestamp(),
        greatest(pg_current_xact_id(), (SELECT xid FROM sum_horizons WHERE name = 'costs'))
    FROM entry
    WHERE is_known
        AND is_first
    ORDER BY instance_id, entry_id, ordinal
    ON CONFLICT (instance_id, entry_id) DO UPDATE SET entry_id = cost.entry_id
    RETURNING instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, xmax = 0 AS is_new
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN entry.entry_id IS NULL THEN 'stored'
        WHEN (booked.symbol, booked.cost_type, booked.amount, booked.currency, booked.fx_rate, booked.ts)
            IS DISTINCT FROM (entry.symbol, entry.cost_type, entry.amount, entry.currency, entry.fx_rate, entry.ts)
            THEN 'conflict'
        WHEN booked.is_new AND is_first THEN 'stored'
        ELSE 'duplicate'
    END
FROM entry
LEFT JOIN booked USING (instance_id, entry_id)

-- Stores samples. One with an id is stored once among those of its time; the same id with other content is refused.
-- name: recordExecutionSamples :batch
-- row: instance_id text, sample_id text?, symbol text, slippage_bps numeric, latency_ms numeric, fill_ratio numeric, ts timestamptz
-- out: ordinal int8, fate text(IngestFate)
WITH sample AS MATERIALIZED (
    SELECT
        sample.*,
        instances.instance_id IS NOT NULL AS is_known,
        -- Of several with one id in a batch the first is stored.
        sample_id IS NULL OR row_number() OVER (PARTITION BY instance_id, sample_id, ts ORDER BY ordinal) = 1 AS is_first
    FROM unnest(:instance_id, :sample_id, :symbol, :slippage_bps, :latency_ms, :fill_ratio, :ts)
        WITH ORDINALITY AS sample (instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, ordinal)
    LEFT JOIN instances USING (instance_id)
),
mark AS MATERIALIZED (
    SELECT greatest(pg_current_xact_id(), (SELECT xid FROM sum_horizons WHERE name = 'executions')) AS xid
),
-- Another server may store the sample at the same moment. The update changes nothing; it makes what is stored known here.
stored AS (
    INSERT INTO execution_samples AS kept
        (instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at, xid)
    SELECT instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, statement_timestamp(), mark.xid
    FROM sample
    CROSS JOIN mark
    WHERE is_known
        AND is_first
    ORDER BY instance_id, sample_id, ts, ordinal
    ON CONFLICT (instance_id, sample_id, ts) DO UPDATE SET sample_id = kept.sample_id
    RETURNING instance_id, sample_id, symbol, slippage_bps, latency_ms, fill_ratio, ts,
        xid = (SELECT xid FROM mark) AS is_new
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN sample.sample_id IS NULL THEN 'stored'
        WHEN (stored.symbol, stored.slippage_bps, stored.latency_ms, stored.fill_ratio)
            IS DISTINCT FROM (sample.symbol, sample.slippage_bps, sample.latency_ms, sample.fill_ratio)
            THEN 'conflict'
        WHEN stored.is_new AND is_first THEN 'stored'
        ELSE 'duplicate'
    END
FROM sample
LEFT JOIN stored USING (instance_id, sample_id, ts)

-- Stores the times of heartbeats that say what the one before them said, which most do. The others are not refreshed: they go through
-- recordHeartbeats. The times are the database's: it is one clock for all servers.
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
-- An upsert that never inserts: it holds rows in the order of their keys, whatever the plan, so that concurrent batches cannot deadlock.
refreshed AS (
    INSERT INTO instance_live AS live
        (instance_id, runtime_mode, exchange, symbol, version, metadata, fingerprint, last_seen, last_received_at, sent_at, beat_at,
        clock_lag)
    SELECT DISTINCT ON (instance_id)
        instance_id, '', '', '', '', '{}', fingerprint, seen, statement_timestamp(), seen, sent_at, lag
    FROM beat
    -- A clock that is off has to be judged. A value of a row is looked up by its key; a join would be free to read the whole table.
    WHERE abs(lag) <= 10
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
SELECT ordinal, refreshed.instance_id IS NOT NULL
FROM beat
LEFT JOIN refreshed USING (instance_id, fingerprint)

-- Stores heartbeats, each instance's newest, and registers what is new. A heartbeat that names
-- another bot than its instance's, or comes of a process that holds the instance no more, changes nothing.
-- name: recordHeartbeats :batch
-- import: Generated
-- row: instance_id text, bot_id text, runtime_mode text(RuntimeMode), exchange text, symbol text, version text
-- row: metadata jsonb, boot_id text?, state text(AgentState), fingerprint int8, sent_at timestamptz
-- out: ordinal int8, fate text(HeartbeatFate)
WITH beat AS MATERIALIZED (
    SELECT
        *,
        least(sent_at, statement_timestamp()) AS seen,
        extract(epoch FROM statement_timestamp() - sent_at)::float8 AS lag
    FROM unnest(
        :instance_id, :bot_id, :runtime_mode, :exchange, :symbol, :version, :metadata, :boot_id, :state, :fingerprint, :sent_at
    ) WITH ORDINALITY AS row (
        instance_id, bot_id, runtime_mode, exchange, symbol, version, metadata, boot_id, state, fingerprint, sent_at, ordinal
    )
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
new_boot AS (
    INSERT INTO instance_boots (instance_id, boot_id)
    SELECT DISTINCT instance_id, boot_id
    FROM beat
    JOIN owner USING (instance_id, bot_id)
    WHERE boot_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM instance_boots AS known WHERE (known.instance_id, known.boot_id) = (beat.instance_id, beat.boot_id)
        )
    ORDER BY instance_id, boot_id
    ON CONFLICT (instance_id, boot_id) DO UPDATE SET boot_id = excluded.boot_id
    RETURNING instance_id, boot_id, ordinal
),
-- The process that reported first for the first time holds nothing any more; the last one does.
holder AS MATERIALIZED (
    SELECT DISTINCT ON (instance_id) instance_id, boot_id
    FROM (
        SELECT instance_id, boot_id, ordinal
        FROM instance_boots
        WHERE instance_id IN (SELECT instance_id FROM beat WHERE boot_id IS NOT NULL)
        UNION ALL
        SELECT instance_id, boot_id, ordinal
        FROM new_boot
    ) AS boot
    ORDER BY instance_id, ordinal DESC
),
judged AS MATERIALIZED (
    SELECT
        beat.*,
        CASE
            WHEN beat.bot_id <> owner.bot_id THEN 'foreign'
            WHEN beat.boot_id <> holder.boot_id THEN 'superseded'
            ELSE 'stored'
        END AS fate
    FROM beat
    JOIN owner USING (instance_id)
    LEFT JOIN holder USING (instance_id)
),
stored AS (
    INSERT INTO instance_live AS live
        (instance_id, runtime_mode, exchange, symbol, version, metadata, state, fingerprint, last_seen, last_received_at, sent_at,
        beat_at, clock_lag, skewed_beats)
    SELECT DISTINCT ON (instance_id)
        instance_id, runtime_mode, exchange, symbol, version, metadata, state,
        -- An alert that is there has to be looked at again.
        CASE
            WHEN NOT EXISTS (
                SELECT
                FROM alerts
                WHERE source = 'heartbeat_monitor'
                    AND target_type = 'instance'
                    AND target_id = instance_id
                    AND status <> 'RESOLVED'
            ) THEN fingerprint
        END,
        seen, statement_timestamp(), seen, sent_at, lag, skewed_beats(lag, sent_at, 0, 0, sent_at)
    FROM judged
    WHERE fate = 'stored'
    ORDER BY instance_id, seen DESC, ordinal DESC
    ON CONFLICT (instance_id) DO UPDATE SET
        (runtime_mode, exchange, symbol, version, metadata, state, fingerprint, sent_at) = (
            SELECT
                CASE WHEN is_newer THEN excluded.runtime_mode ELSE live.runtime_mode END,
                CASE WHEN is_newer THEN excluded.exchange ELSE live.exchange END,
                CASE WHEN is_newer THEN excluded.symbol ELSE live.symbol END,
                CASE WHEN is_newer THEN excluded.version ELSE live.version END,
                CASE WHEN is_newer THEN excluded.metadata ELSE live.metadata END,
                CASE WHEN is_newer THEN excluded.state ELSE live.state END,
                CASE WHEN is_newer THEN excluded.fingerprint END,
                CASE WHEN is_newer THEN excluded.sent_at ELSE live.sent_at END
            FROM (
                SELECT excluded.sent_at >= live.sent_at
                    OR skewed_beats(excluded.clock_lag, excluded.beat_at, live.skewed_beats, live.clock_lag, live.beat_at) >= 3
            ) AS newer (is_newer)
        ),
        last_seen = greatest(
            live.last_seen,
            CASE
                WHEN skewed_beats(excluded.clock_lag, excluded.beat_at, live.skewed_beats, live.clock_lag, live.beat_at) >= 3
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
    RETURNING instance_id, last_seen, clock_lag, skewed_beats
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
    WHERE skewed_beats = 3
    ORDER BY instance_id
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
),
-- Who lived after the alert was raised is back, and a clock that is right needs no warning. The rows above are held already, so that
-- batches cannot deadlock here.
resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = statement_timestamp(),
        resolved_by = 'auto'
    FROM stored
    WHERE alerts.source IN ('heartbeat_monitor', 'clock_skew')
        AND alerts.target_type = 'instance'
        AND alerts.target_id = stored.instance_id
        AND alerts.status <> 'RESOLVED'
        AND CASE alerts.source
            WHEN 'clock_skew' THEN stored.skewed_beats = 0
            ELSE stored.last_seen > alerts.last_at
        END
)
SELECT ordinal, fate
FROM judged

-- Finds series by what they are of, and adds those that are new; 0 where the instance is not known.
-- name: resolveSeries :batch
-- row: instance_id text, metric_type text, symbol text, currency text
-- out: ordinal int8, series_id int8
WITH wanted AS MATERIALIZED (
    SELECT *
    FROM unnest(:instance_id, :metric_type, :symbol, :currency)
        WITH ORDINALITY AS wanted (instance_id, metric_type, symbol, currency, ordinal)
),
-- Another server may add the series at the same moment. The update changes nothing; it makes the row's number known here.
new_series AS (
    INSERT INTO metric_series (instance_id, metric_type, symbol, currency)
    SELECT DISTINCT instance_id, metric_type, symbol, currency
    FROM wanted
    JOIN instances USING (instance_id)
    WHERE NOT EXISTS (
        SELECT
        FROM metric_series AS known
        WHERE (known.instance_id, known.metric_type, known.symbol, known.currency)
            = (wanted.instance_id, wanted.metric_type, wanted.symbol, wanted.currency)
    )
    ORDER BY instance_id, metric_type, symbol, currency
    ON CONFLICT (instance_id, metric_type, symbol, currency) DO UPDATE SET symbol = excluded.symbol
    RETURNING series_id, instance_id, metric_type, symbol, currency
)
SELECT ordinal, coalesce(known.series_id, new_series.series_id, 0)
FROM wanted
LEFT JOIN metric_series AS known USING (instance_id, metric_type, symbol, currency)
LEFT JOIN new_series USING (instance_id, metric_type, symbol, currency)

-- Stores samples; the same series and time again replaces the value.
-- name: recordSamples :batch
-- row: series_id int8, ts timestamptz, value numeric
WITH sample AS MATERIALIZED (
    SELECT DISTINCT ON (series_id, ts) series_id, ts, value
    FROM unnest(:series_id, :ts, :value) WITH ORDINALITY AS sample (series_id, ts, value, ordinal)
    ORDER BY series_id, ts, ordinal DESC
),
-- The series are held first, in the order of their keys: batches of other servers wait here, and cannot deadlock.
known AS MATERIALIZED (
    SELECT series_id, ts
    FROM metric_latest
    WHERE series_id IN (SELECT series_id FROM sample)
    ORDER BY series_id
    FOR NO KEY UPDATE
),
judged AS MATERIALIZED (
    SELECT sample.series_id, sample.ts, value, sample.ts > known.ts AS is_newer
    FROM sample
    LEFT JOIN known USING (series_id)
),
latest AS (
    INSERT INTO metric_latest AS latest (series_id, ts, value, unrolled_from)
    SELECT DISTINCT ON (series_id) series_id, ts, value, min(ts) OVER (PARTITION BY series_id)
    FROM judged
    ORDER BY series_id, ts DESC
    ON CONFLICT (series_id) DO UPDATE SET
        ts = greatest(latest.ts, excluded.ts),
        value = CASE WHEN excluded.ts >= latest.ts THEN excluded.value ELSE latest.value END,
        unrolled_from = least(latest.unrolled_from, excluded.unrolled_from)
),
-- What is newer than the newest is not there yet, which spares a look.
newer AS (
    INSERT INTO metric_samples (series_id, ts, value) SELECT series_id, ts, value FROM judged WHERE is_newer
)
INSERT INTO metric_samples (series_id, ts, value)
SELECT series_id, ts, value
FROM judged
WHERE is_newer IS NOT TRUE
ORDER BY series_id, ts
ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value

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

-- Takes what came since the last time into the running sums.
-- name: sumUp :one
-- out: done bool
SELECT true
FROM sum_costs(), sum_executions(), gather_exposure(), note_presence(), note_equity()

-- Rolls up the samples of some series; how many series that were.
-- name: rollMetrics :one
-- out: series int8
SELECT roll_metrics()

-- Makes partitions ahead and drops what is kept no longer.
-- name: arrangePartitions :one
-- in: sample_days int8, fine_days int8, coarse_days int8, execution_days int8
-- out: done bool
SELECT true
FROM
    arrange_metrics(:sample_days::int8 * interval '1 day', :fine_days::int8 * interval '1 day', :coarse_days::int8 * interval '1 day'),
    arrange_partitions('execution_samples', '1 day', 7, :execution_days::int8 * interval '1 day'),
    arrange_partitions('heartbeat_presence', '30 days', 2, '400 days') AS arranged

-- Tables that have no partition for tomorrow are an alert until they have: the day after, everything would pile up in one.
-- name: checkPartitions :exec
WITH part AS (
    SELECT
        parent,
        EXISTS (
            SELECT
            FROM pg_inherits
            JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = parent::regclass
                AND relname = parent || to_char(date_trunc('day', now(), 'UTC') AT TIME ZONE 'UTC' + interval '1 day', '_YYYYMMDDHH24')
        ) AS is_there
    FROM unnest(ARRAY ['metric_samples', 'execution_samples']) AS parent
),
raised AS (
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata)
    SELECT 'partitions', 'CRITICAL', 'table', parent, 'Table ' || parent || ' has no partition for tomorrow', '{}'
    FROM part
    WHERE NOT is_there
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
)
UPDATE alerts
SET status = 'RESOLVED',
    resolved_at = now(),
    resolved_by = 'auto'
FROM part
WHERE source = 'partitions'
    AND target_id = parent
    AND is_there
    AND status <> 'RESOLVED'

-- Takes the run that has waited longest. Whoever asks at the same moment takes the next one.
-- name: claimModuleRun :optional
-- import: Generated
-- in: worker_id text, module_id uuid?, lease_seconds int8
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?
-- out: config jsonb
UPDATE module_runs AS run
SET status = 'RUNNING',
    claimed_by = :worker_id,
    claimed_at = now(),
    lease_expires_at = now() + :lease_seconds::int8 * interval '1 second'
FROM modules
WHERE modules.module_id = run.module_id
    AND run_id = (
        SELECT run_id
        FROM module_runs
        JOIN modules USING (module_id)
        WHERE status = 'QUEUED'
            AND enabled
            AND deleted_at IS NULL
            AND (:module_id IS NULL OR module_id = :module_id)
        ORDER BY started_at, run_id
        LIMIT 1
        FOR UPDATE OF module_runs SKIP LOCKED
    )
RETURNING
    run_id, run.module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message, config

-- name: getModuleRun :optional
-- import: Generated
-- in: run_id uuid
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?
SELECT
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
FROM module_runs
WHERE run_id = :run_id

-- name: moduleRunStatistics :one
-- in: module_id uuid?
-- out: generated_at timestamptz, total int8, queued int8, running int8, succeeded int8, failed int8, canceled int8
SELECT
    now(),
    count(*),
    count(*) FILTER (WHERE status = 'QUEUED'),
    count(*) FILTER (WHERE status = 'RUNNING'),
    count(*) FILTER (WHERE status = 'SUCCEEDED'),
    count(*) FILTER (WHERE status = 'FAILED'),
    count(*) FILTER (WHERE status = 'CANCELED')
FROM module_runs
WHERE :module_id IS NULL OR module_id = :module_id

-- name: listModuleRuns :many
-- import: Generated
-- in: module_id uuid?, status text(RunStatus)?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?
SELECT
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
FROM module_runs
WHERE (:module_id IS NULL OR module_id = :module_id)
    AND (:status IS NULL OR status = :status)
    AND (started_at, run_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY started_at DESC, run_id DESC
LIMIT :limit
OFFSET :offset

-- name: countModuleRuns :one
-- in: module_id uuid?, status text(RunStatus)?
-- out: count int8
SELECT count(*)
FROM module_runs
WHERE (:module_id IS NULL OR module_id = :module_id)
    AND (:status IS NULL OR status = :status)

-- Prolongs a worker's lease. Whoever speaks is not stuck, unless the module allows no more time.
-- name: beatModuleRun :optional
-- import: Generated
-- in: run_id uuid, worker_id text, progress float8?, message text?, lease_seconds int8
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?
WITH resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    WHERE source = 'module_runs'
        AND target_type = 'module_run'
        AND target_id = :run_id::text
        AND status <> 'RESOLVED'
        AND EXISTS (
            SELECT
            FROM module_runs
            JOIN modules USING (module_id)
            WHERE run_id = :run_id
                AND module_runs.status = 'RUNNING'
                AND claimed_by = :worker_id
                AND (run_timeout_seconds IS NULL OR claimed_at > now() - run_timeout_seconds * interval '1 second')
        )
)
UPDATE module_runs
SET progress = coalesce(:progress, progress),
    progress_message = coalesce(:message, progress_message),
    lease_expires_at = now() + :lease_seconds::int8 * interval '1 second'
WHERE run_id = :run_id
    AND status = 'RUNNING'
    AND claimed_by = :worker_id
RETURNING
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message

-- The module that a run is of, held as it is until the transaction ends.
-- name: moduleForRun :optional
-- in: module_id uuid
-- out: enabled bool
SELECT enabled
FROM modules
WHERE module_id = :module_id
    AND deleted_at IS NULL
FOR SHARE

-- name: insertModuleRun :one
-- import: Generated
-- in: module_id uuid, trigger_type text(TriggerType), summary text?
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?
INSERT INTO module_runs (module_id, trigger_type, status, summary)
VALUES (:module_id, :trigger_type, 'QUEUED', :summary)
RETURNING
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message

-- The run that a change is about, held until the transaction ends.
-- name: lockModuleRun :optional
-- import: Generated
-- in: run_id uuid
-- out: status text(RunStatus)
SELECT status
FROM module_runs
WHERE run_id = :run_id
FOR UPDATE

-- A final status without an end gets the present time for one. What is absent stays. An end resolves the alert that there was none.
-- name: setRunStatus :one
-- import: Generated
-- in: run_id uuid, status text(RunStatus), ended_at timestamptz?, summary text?
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?
WITH resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    WHERE source = 'module_runs'
        AND target_type = 'module_run'
        AND target_id = :run_id::text
        AND status <> 'RESOLVED'
        AND :status NOT IN ('QUEUED', 'RUNNING')
)
UPDATE module_runs
SET status = :status,
    ended_at = CASE WHEN :status IN ('QUEUED', 'RUNNING') THEN NULL ELSE coalesce(:ended_at, now()) END,
    summary = coalesce(:summary, summary)
WHERE run_id = :run_id
RETURNING
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message

-- name: deleteModule :exec
-- in: module_id uuid
UPDATE modules
SET deleted_at = now()
WHERE module_id = :module_id
    AND deleted_at IS NULL

-- name: getModule :optional
-- import: Generated
-- in: module_id uuid
-- out: module_id uuid, name text, description text?, enabled bool, execution_mode text(ExecutionMode), schedule_cron text?
-- out: config jsonb, created_at timestamptz, updated_at timestamptz, client_created_at timestamptz
-- out: missed_run_policy text(MissedRunPolicy), queue_timeout_seconds int8?, run_timeout_seconds int8?
-- out: next_run_at timestamptz?, client_updated_at timestamptz
SELECT
    module_id, name, description, enabled, execution_mode, schedule_cron, config, created_at, updated_at,
    client_created_at, missed_run_policy, queue_timeout_seconds, run_timeout_seconds, next_run_at, client_updated_at
FROM modules
WHERE module_id = :module_id
    AND deleted_at IS NULL

-- name: listModules :many
-- import: Generated
-- in: enabled bool?, after_name text?, after_id uuid?, limit int8, offset int8
-- out: module_id uuid, name text, description text?, enabled bool, execution_mode text(ExecutionMode), schedule_cron text?
-- out: config jsonb, created_at timestamptz, updated_at timestamptz, client_created_at timestamptz
-- out: missed_run_policy text(MissedRunPolicy), queue_timeout_seconds int8?, run_timeout_seconds int8?
-- out: next_run_at timestamptz?, client_updated_at timestamptz
SELECT
    module_id, name, description, enabled, execution_mode, schedule_cron, config, created_at, updated_at,
    client_created_at, missed_run_policy, queue_timeout_seconds, run_timeout_seconds, next_run_at, client_updated_at
FROM modules
WHERE deleted_at IS NULL
    AND (:enabled IS NULL OR enabled = :enabled)
    AND (name, module_id) > (coalesce(:after_name, ''), coalesce(:after_id, '00000000-0000-0000-0000-000000000000'))
ORDER BY name, module_id
LIMIT :limit
OFFSET :offset

-- name: countModules :one
-- in: enabled bool?
-- out: count int8
SELECT count(*)
FROM modules
WHERE deleted_at IS NULL
    AND (:enabled IS NULL OR enabled = :enabled)

-- The modules whose time has come.
-- name: dueModules :many
-- import: Generated
-- out: module_id uuid, schedule_cron text, missed_run_policy text(MissedRunPolicy), is_late bool
SELECT module_id, schedule_cron, missed_run_policy, next_run_at < now() - interval '1 minute'
FROM modules
WHERE deleted_at IS NULL
    AND enabled
    AND schedule_cron IS NOT NULL
    AND next_run_at <= now()
ORDER BY module_id
FOR UPDATE SKIP LOCKED

-- Queues a run of a module unless one of its schedule waits already; the audit log has it.
-- name: startScheduledRun :exec
-- in: module_id uuid, actor text
WITH run AS (
    INSERT INTO module_runs (module_id, trigger_type, status)
    SELECT :module_id, 'SCHEDULE', 'QUEUED'
    WHERE NOT EXISTS (
        SELECT FROM module_runs WHERE module_id = :module_id AND trigger_type = 'SCHEDULE' AND status = 'QUEUED'
    )
    RETURNING run_id
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    :actor, 'MODULE_RUN_TRIGGER', 'module', :module_id::text, 'SUCCESS',
    jsonb_build_object('run_id', run_id, 'trigger_type', 'SCHEDULE')
FROM run

-- name: setNextRun :exec
-- in: module_id uuid, next_run_at timestamptz?
UPDATE modules
SET next_run_at = :next_run_at
WHERE module_id = :module_id

-- Registers a module or changes one. A deleted module that is registered again starts anew.
-- name: upsertModule :one
-- import: Generated
-- in: module_id uuid, name text, description text?, enabled bool, execution_mode text(ExecutionMode), schedule_cron text?
-- in: config jsonb, missed_run_policy text(MissedRunPolicy), queue_timeout_seconds int8?, run_timeout_seconds int8?
-- in: next_run_at timestamptz?, client_created_at timestamptz, client_updated_at timestamptz
-- out: module_id uuid, name text, description text?, enabled bool, execution_mode text(ExecutionMode), schedule_cron text?
-- out: config jsonb, created_at timestamptz, updated_at timestamptz, client_created_at timestamptz
-- out: missed_run_policy text(MissedRunPolicy), queue_timeout_seconds int8?, run_timeout_seconds int8?
-- out: next_run_at timestamptz?, client_updated_at timestamptz, is_new bool
INSERT INTO modules AS module
    (module_id, name, description, enabled, execution_mode, schedule_cron, config, missed_run_policy,
    queue_timeout_seconds, run_timeout_seconds, next_run_at, created_at, updated_at, client_created_at, client_updated_at)
VALUES
    (:module_id, :name, :description, :enabled, :execution_mode, :schedule_cron, :config, :missed_run_policy,
    :queue_timeout_seconds, :run_timeout_seconds, :next_run_at, now(), now(), :client_created_at, :client_updated_at)
ON CONFLICT (module_id) DO UPDATE SET
    name = excluded.name,
    description = excluded.description,
    enabled = excluded.enabled,
    execution_mode = excluded.execution_mode,
    schedule_cron = excluded.schedule_cron,
    config = excluded.config,
    missed_run_policy = excluded.missed_run_policy,
    queue_timeout_seconds = excluded.queue_timeout_seconds,
    run_timeout_seconds = excluded.run_timeout_seconds,
    next_run_at = excluded.next_run_at,
    created_at = CASE WHEN module.deleted_at IS NULL THEN module.created_at ELSE excluded.created_at END,
    updated_at = excluded.updated_at,
    client_created_at = excluded.client_created_at,
    client_updated_at = excluded.client_updated_at,
    deleted_at = NULL
RETURNING
    module_id, name, description, enabled, execution_mode, schedule_cron, config, created_at, updated_at,
    client_created_at, missed_run_policy, queue_timeout_seconds, run_timeout_seconds, next_run_at, client_updated_at, created_at = updated_at

-- Sends each new notification on its way to the targets of its severity.
-- name: routeNotifications :exec
-- in: targets text[], severities text[]
WITH fresh AS (
    SELECT notification_id, severity
    FROM notifications
    WHERE NOT is_routed
    ORDER BY created_at
    LIMIT 5000
    FOR UPDATE SKIP LOCKED
),
routed AS (
    UPDATE notifications
    SET is_routed = true
    FROM fresh
    WHERE notifications.notification_id = fresh.notification_id
)
INSERT INTO notification_deliveries (notification_id, target)
SELECT fresh.notification_id, route.target
FROM fresh
JOIN unnest(:targets, :severities) AS route (target, severity) USING (severity)

-- name: knowTarget :exec
-- in: target text
INSERT INTO notification_targets (target)
VALUES (:target)
ON CONFLICT (target) DO NOTHING

-- Whether a target may be sent something now: five messages at once, then one every 2.4 seconds, which is what Discord's webhooks are
-- said to bear. Only one server at a time asks for a target.
-- name: openTarget :optional
-- in: target text
-- out: is_open bool
SELECT blocked_until <= now() AND restored_at <= now() + 4 * interval '2.4 seconds'
FROM notification_targets
WHERE target = :target
FOR UPDATE SKIP LOCKED

-- Takes what is due for a target in hand, for a minute: all of one severity and title, the most urgent and the oldest first.
-- name: claimDeliveries :many
-- import: Generated
-- in: target text
-- out: delivery_id uuid, severity text(Severity), title text, message text, created_at timestamptz
WITH due AS MATERIALIZED (
    SELECT delivery_id, severity, title, message, notifications.created_at
    FROM notification_deliveries
    JOIN notifications USING (notification_id)
    WHERE target = :target
        AND status = 'PENDING'
        AND next_attempt_at <= now()
        AND (claimed_until IS NULL OR claimed_until < now())
),
kind AS (
    SELECT severity, title
    FROM due
    ORDER BY array_position(ARRAY['CRITICAL', 'WARNING', 'AUDIT', 'INFO'], severity), created_at
    LIMIT 1
),
chosen AS (
    SELECT delivery_id, severity, title, message, created_at
    FROM due
    JOIN kind USING (severity, title)
    ORDER BY created_at, message
    LIMIT 5000
),
claimed AS (
    UPDATE notification_deliveries
    SET claimed_until = now() + interval '1 minute',
        attempts = attempts + 1
    FROM chosen
    WHERE notification_deliveries.delivery_id = chosen.delivery_id
)
SELECT delivery_id, severity, title, message, created_at
FROM chosen
ORDER BY created_at, message

-- name: useTarget :exec
-- in: target text
UPDATE notification_targets
SET restored_at = greatest(restored_at, now()) + interval '2.4 seconds'
WHERE target = :target

-- What arrived is done for good, and its alert knows when.
-- name: markSent :exec
-- in: delivery_ids text[]
WITH sent AS (
    UPDATE notification_deliveries
    SET status = 'SENT',
        sent_at = now(),
        claimed_until = NULL,
        last_error = NULL
    WHERE delivery_id = ANY (:delivery_ids::text[]::uuid[])
    RETURNING notification_id
)
UPDATE alerts
SET last_notified_at = now()
FROM notifications
WHERE notifications.alert_id = alerts.alert_id
    AND notification_id IN (SELECT notification_id FROM sent)

-- What did not arrive is tried again after 2, 4, 8, … seconds, five minutes at most, each time up to a half later; after twelve tries it
-- is dead until somebody asks for it.
-- name: markFailed :exec
-- in: delivery_ids text[], error text
UPDATE notification_deliveries
SET status = CASE WHEN attempts >= 12 THEN 'DEAD' ELSE 'PENDING' END,
    next_attempt_at = now() + least(2 ^ attempts, 300) * (1 + random() / 2) * interval '1 second',
    claimed_until = NULL,
    last_error = :error
WHERE delivery_id = ANY (:delivery_ids::text[]::uuid[])

-- What a target did not want now waits as long as it said; that was no try.
-- name: markLimited :exec
-- in: delivery_ids text[], target text, seconds float8
WITH blocked AS (
    UPDATE notification_targets
    SET blocked_until = greatest(blocked_until, now() + :seconds * interval '1 second')
    WHERE target = :target
)
UPDATE notification_deliveries
SET attempts = attempts - 1,
    next_attempt_at = now() + :seconds * interval '1 second',
    claimed_until = NULL,
    last_error = 'status 429'
WHERE delivery_id = ANY (:delivery_ids::text[]::uuid[])

-- Whether something for these targets is still to be tried for the first time, or is being tried right now. What a target does not want yet
-- is not waited for.
-- name: isFirstTryPending :one
-- in: targets text[]
-- out: is_pending bool
SELECT
    cardinality(:targets) > 0 AND EXISTS (SELECT FROM notifications WHERE NOT is_routed)
    OR EXISTS (
        SELECT
        FROM notification_deliveries
        LEFT JOIN notification_targets USING (target)
        WHERE target = ANY (:targets)
            AND status = 'PENDING'
            AND CASE attempts
                WHEN 0 THEN coalesce(blocked_until <= now() AND restored_at <= now() + 4 * interval '2.4 seconds', true)
                WHEN 1 THEN claimed_until > now()
                ELSE false
            END
    )

-- name: listNotifications :many
-- import: Generated
-- in: status text(DeliveryStatus)?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: delivery_id uuid, notification_id uuid, severity text(Severity), title text, message text, alert_id uuid?, target text
-- out: status text(DeliveryStatus), attempts int8, created_at timestamptz, next_attempt_at timestamptz?, sent_at timestamptz?
-- out: last_error text?
SELECT
    delivery_id, notification_id, severity, title, message, alert_id, target, status, attempts, delivery.created_at,
    CASE WHEN status = 'PENDING' THEN next_attempt_at END, sent_at, last_error
FROM notification_deliveries AS delivery
JOIN notifications USING (notification_id)
WHERE (:status IS NULL OR status = :status)
    AND (delivery.created_at, delivery_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY delivery.created_at DESC, delivery_id DESC
LIMIT :limit
OFFSET :offset

-- name: countNotifications :one
-- in: status text(DeliveryStatus)?
-- out: count int8
SELECT count(*)
FROM notification_deliveries
WHERE :status IS NULL OR status = :status

-- name: deliveriesOf :many
-- in: notification_id uuid
-- out: delivery_id uuid, notification_id uuid, severity text(Severity), title text, message text, alert_id uuid?, target text
-- out: status text(DeliveryStatus), attempts int8, created_at timestamptz, next_attempt_at timestamptz?, sent_at timestamptz?
-- out: last_error text?
SELECT
    delivery_id, notification_id, severity, title, message, alert_id, target, status, attempts, delivery.created_at,
    CASE WHEN status = 'PENDING' THEN next_attempt_at END, sent_at, last_error
FROM notification_deliveries AS delivery
JOIN notifications USING (notification_id)
WHERE notification_id = :notification_id
ORDER BY target

-- Has people told of something that is no alert.
-- name: insertNotification :one
-- import: Generated
-- in: severity text(Severity), title text, message text
-- out: notification_id uuid
INSERT INTO notifications (severity, title, message)
VALUES (:severity, :title, :message)
RETURNING notification_id

-- Gives a dead delivery its tries back.
-- name: replayDelivery :optional
-- import: Generated
-- in: delivery_id uuid
-- out: delivery_id uuid, notification_id uuid, severity text(Severity), title text, message text, alert_id uuid?, target text
-- out: status text(DeliveryStatus), attempts int8, created_at timestamptz, next_attempt_at timestamptz?, sent_at timestamptz?
-- out: last_error text?
UPDATE notification_deliveries AS delivery
SET status = 'PENDING',
    attempts = 0,
    next_attempt_at = now()
FROM notifications
WHERE notifications.notification_id = delivery.notification_id
    AND delivery_id = :delivery_id
    AND status = 'DEAD'
RETURNING
    delivery_id, delivery.notification_id, severity, title, message, alert_id, target, status, attempts,
    delivery.created_at, next_attempt_at, sent_at, last_error

-- name: deliveryExists :one
-- in: delivery_id uuid
-- out: exists bool
SELECT EXISTS (SELECT FROM notification_deliveries WHERE delivery_id = :delivery_id)

-- name: listReconcileResults :many
-- import: Generated
-- in: instance_id text?, status text(ReconcileStatus)?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: reconcile_id uuid, instance_id text, exchange_equity numeric, internal_equity numeric, difference numeric
-- out: status text(ReconcileStatus), ts timestamptz, reported_status text(ReconcileStatus), is_difference_wrong bool
SELECT reconcile_id, instance_id, exchange_equity, internal_equity, difference, status, ts, reported_status, is_difference_wrong
FROM reconcile_results
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:status IS NULL OR status = :status)
    AND (ts, reconcile_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY ts DESC, reconcile_id DESC
LIMIT :limit
OFFSET :offset

-- name: countReconcileResults :one
-- import: Generated
-- in: instance_id text?, status text(ReconcileStatus)?
-- out: count int8
SELECT count(*)
FROM reconcile_results
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:status IS NULL OR status = :status)

-- What a comparison is worth. Its difference may be signed either way, and off by one unit of its last digit; a mismatch stands unless
-- there is no difference, an agreement within the tolerance: so much, and so many hundredths of a percent of the exchange's equity.
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
    END,
    abs(abs(:difference) - abs(:exchange_equity - :internal_equity)) > 10::numeric ^ -scale(:difference)

-- Stores a comparison. A mismatch raises an alert or counts once more; an agreement resolves it. An unknown instance answers no row.
-- name: submitReconcile :optional
-- in: instance_id text, exchange_equity numeric, internal_equity numeric, difference numeric, status text(ReconcileStatus)
-- in: reported_status text(ReconcileStatus), is_difference_wrong bool, ts timestamptz, actor text
-- out: reconcile_id uuid
WITH stored AS (
    INSERT INTO reconcile_results
        (instance_id, exchange_equity, internal_equity, difference, status, reported_status, is_difference_wrong, ts, submitted_by)
    SELECT
        instance_id, :exchange_equity, :internal_equity, :difference, :status, :reported_status, :is_difference_wrong, :ts,
        :actor
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

-- name: ping :one
-- out: one int4
SELECT 1

-- What the database knows of how things stand.
-- name: stateFigures :many
-- out: name text, label text, value int8
SELECT 'alerts', severity, count(*) FROM alerts WHERE status <> 'RESOLVED' GROUP BY severity
UNION ALL
SELECT 'notifications', status, count(*) FROM notification_deliveries WHERE status <> 'SENT' GROUP BY status
UNION ALL
SELECT 'commands', status, count(*) FROM commands WHERE status IN ('PENDING', 'AWAITING_APPROVAL') GROUP BY status
UNION ALL
SELECT 'module_runs', status, count(*) FROM module_runs WHERE status IN ('QUEUED', 'RUNNING') GROUP BY status
UNION ALL
SELECT 'instances', runtime_mode, count(*) FROM instance_live GROUP BY runtime_mode
ORDER BY 1, 2

